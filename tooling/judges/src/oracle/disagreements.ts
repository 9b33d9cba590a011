import { createDecoded, decode, format } from '@vmm/x86-decoder'
import { crossCheck, crossCheckEnds, travel } from './cross-check.ts'
import { hostileSceneOf } from './hostile-scene.ts'
import { type Image, region } from './image.ts'
import { type SceneOptions, sceneOf } from './scene.ts'
import type { Subject } from './subjects.ts'

/** Longest run of a case. */
const most = 8

/** A case on which two subjects do not agree, cut to as few instructions as show it. */
export interface Disagreement {
  readonly options: SceneOptions
  readonly budget: number
  /** What was run, as far as one subject knows, and what differs. */
  readonly says: readonly string[]
}

/** Compares two that have run an image. */
type Check = typeof crossCheck

const imageOf = (options: SceneOptions): Image =>
  options.bytes === 'hostile' ? hostileSceneOf(options) : sceneOf(options)

/** How many instructions the case of a seed runs. */
const budgetOf = (seed: number): number => 1 + (seed % most)

/** Runs a case on both. Undefined: they agree. */
function disagreement(a: Subject, b: Subject, options: SceneOptions, check: Check): Disagreement | undefined {
  const scene = imageOf(options)
  const whole = budgetOf(options.seed)
  if (check(a, b, scene, whole).length === 0) return undefined
  for (let budget = 1; ; budget += 1) {
    const says = check(a, b, scene, budget)
    if (says.length === 0 && budget < whole) continue
    return { options, budget, says: [scene.title, `ran: ${listing(a, options, budget)}`, ...says.slice(0, 12)] }
  }
}

/** Disagreements over seeds, at most a few. `first` seeds the first case; `count` cases are run, and compared at their `ends` alone or on the way. */
export function disagreements(
  a: Subject,
  b: Subject,
  cases: Omit<SceneOptions, 'seed'> & { readonly first: number; readonly count: number },
  compared: 'on the way' | 'at their ends' = 'on the way',
): Disagreement[] {
  const { first, count, ...rest } = cases
  const found: Disagreement[] = []
  for (let seed = first; seed < first + count && found.length < 3; seed += 1) {
    const one = disagreement(a, b, { ...rest, seed }, compared === 'on the way' ? crossCheck : crossCheckEnds)
    if (one !== undefined) found.push(one)
  }
  return found
}

/** The instructions at RIP, one by one, as a subject runs them. */
function listing(subject: Subject, options: SceneOptions, budget: number): string {
  subject.load(imageOf(options))
  const decoded = createDecoded()
  const lines: string[] = []
  for (let count = 1; count <= budget; count += 1) {
    const rip = subject.get('RIP')
    const linear = Number(BigInt.asUintN(32, rip + (options.mode === 'long' ? 0n : subject.get('CS.base'))))
    const bytes = subject.memory(region.memory).subarray(linear, linear + 15)
    const failure = decode(bytes, 0, bytes.length, codeSizeOf(subject, options), decoded)
    const hex = Buffer.from(bytes.subarray(0, failure === undefined ? decoded.length : 15)).toString('hex')
    lines.push(`${rip.toString(16)} ${hex} ${failure ?? format(decoded, rip)}`)
    travel(subject, count)
  }
  return lines.join(' | ')
}

function codeSizeOf(subject: Subject, { mode }: SceneOptions): 16 | 32 | 64 {
  const access = Number(subject.get('CS.access'))
  if (mode === 'real' || mode === 'virtual-8086') return 16
  if ((access & 0x2000) !== 0) return 64
  return (access & 0x4000) !== 0 ? 32 : 16
}
