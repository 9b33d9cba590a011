import { compiledVcpu, engineVcpu } from '../vcpu/engine-vcpu.ts'
import { oracleVcpu } from '../vcpu/oracle-vcpu.ts'
import { type Disagreement, judge } from './judge.ts'
import { noNative } from './native.ts'
import { Subject, subjectBytes } from './subject.ts'

const shown = 20

/** Who can be judged. */
const subjects = { engine: engineVcpu, compiled: compiledVcpu, oracle: oracleVcpu } as const
export type SubjectName = keyof typeof subjects
export const subjectNames = Object.keys(subjects) as SubjectName[]

/** Makes a subject by its name. */
export const subjectNamed = (name: SubjectName): Subject => new Subject(subjects[name](subjectBytes))

/** What to judge. */
export interface JudgeOptions {
  readonly subject: SubjectName
  readonly cases: number
  readonly seed: number
  readonly only?: string
}

/** Judges someone with instructions by chance, and says how it went. Gives the exit status. */
export function judgeChance(options: JudgeOptions): number {
  const reason = noNative()
  if (reason !== undefined) {
    console.log(`skipped: ${reason}`)
    return 0
  }
  const { cases, counts, disagreements, lost } = judge(subjectNamed(options.subject), options)
  for (const disagreement of disagreements.slice(0, shown)) console.log(sayDisagreement(disagreement))
  if (disagreements.length > shown) console.log(`and ${disagreements.length - shown} more`)
  console.log(`${cases} cases of ${counts.size} instructions: ${disagreements.length} differ, ${lost} lost`)
  return disagreements.length === 0 && lost === 0 ? 0 : 1
}

/** One disagreement, with what it takes to run it again. */
export function sayDisagreement({ text, code, lines, snippet }: Disagreement): string {
  const bits = snippet.codeSize === 32 ? ', 32-bit code' : ''
  const gprs = Array.from(snippet.gprs, (value, index) => `r${index}=${value.toString(16)}`).join(' ')
  const fx = new DataView(snippet.fx.buffer, snippet.fx.byteOffset)
  const [fcw, fsw] = [fx.getUint16(0, true), fx.getUint16(2, true)].map((word) => word.toString(16))
  const words = `rflags=${snippet.rflags.toString(16)} fcw=${fcw} fsw=${fsw} ftw=${fx.getUint8(4).toString(16)} mxcsr=${fx.getUint32(24, true).toString(16)}`
  return [`${text} (${code}${bits})`, ...lines.map((line) => `  ${line}`), `  from ${gprs} ${words}`].join('\n')
}
