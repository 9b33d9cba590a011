import { noNative } from '../cpu/native.ts'
import { type JudgeOptions, subjectNamed } from '../cpu/report.ts'
import { type Disagreement, judgeSequences, listing } from './judge.ts'

const shown = 20

/** Judges someone's x87 and says how it went. Gives the exit status. */
export function judgeX87(options: JudgeOptions): number {
  const reason = noNative()
  if (reason !== undefined) {
    console.log(`skipped: ${reason}`)
    return 0
  }
  const { counts, disagreements, lost } = judgeSequences(subjectNamed(options.subject), options)
  for (const disagreement of disagreements.slice(0, shown)) console.log(sayX87Disagreement(disagreement))
  if (disagreements.length > shown) console.log(`and ${disagreements.length - shown} more`)
  console.log(
    `${options.cases} sequences, ${counts.size} first instructions: ${disagreements.length} differ, ${lost} lost`,
  )
  return disagreements.length === 0 && lost === 0 ? 0 : 1
}

/** One disagreement, with what it takes to run it again. */
export function sayX87Disagreement({ sequence: { snippet }, lines }: Disagreement): string {
  const view = new DataView(snippet.fx.buffer, snippet.fx.byteOffset)
  const [fcw, fsw] = [view.getUint16(0, true), view.getUint16(2, true)].map((word) => word.toString(16))
  const stack = Array.from({ length: 8 }, (_, index) => {
    const at = 32 + index * 16
    const [sign, significand] = [view.getUint16(at + 8, true), view.getBigUint64(at, true)]
    return `${sign.toString(16)}:${significand.toString(16)}`
  }).join(' ')
  const operands = Buffer.from(snippet.data.subarray(0, 64)).toString('hex')
  return [
    `${listing(snippet)} (${Buffer.from(snippet.code).toString('hex')})`,
    ...lines.map((line) => `  ${line}`),
    `  from fcw=${fcw} fsw=${fsw} ftw=${view.getUint8(4).toString(16)} st ${stack}`,
    `  memory ${operands}`,
  ].join('\n')
}
