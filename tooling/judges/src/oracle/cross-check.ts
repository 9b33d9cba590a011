import { type StateField, stateFields } from '@vmm/x86-registers'
import { eventKind } from '@vmm/x86-semantics'
import { type Image, regions } from './image.ts'
import type { Stop, Subject } from './subjects.ts'

/** What a subject did with an image: its stops on the way, a line each. What it is then is asked of the subject. */
export interface Journey {
  readonly stops: readonly string[]
  /** Exceptions that were delivered or could not be. */
  readonly faults: number
}

const mostFaults = 4
const stuck = 'no progress'
const hex = (value: bigint | number): string => value.toString(16)
const sayFault = ({ vector, errorCode }: { vector: number; errorCode: number | undefined }): string =>
  `exception ${vector}${errorCode === undefined ? '' : ` (${hex(errorCode)})`}`

/** Runs `budget` instructions; so many exceptions are delivered, halts are passed over. */
export function travel(subject: Subject, budget: number, most = mostFaults): Journey {
  const stops: string[] = []
  let faults = 0
  for (let rounds = 0; rounds < budget * 4 + 8; rounds += 1) {
    const left = budget - subject.retired()
    if (left <= 0) return { stops, faults }
    const stop = subject.run(left)
    const hits = subject.takeDebugHits()
    if (hits !== 0 && stop.kind !== 'fault') stops.push(`breakpoints ${hits} after ${subject.retired()}`)
    const line = say(stop, subject)
    if (line !== undefined) stops.push(line)
    if (stop.kind !== 'fault') continue
    faults += 1
    if (faults > most) return { stops, faults }
    const second = subject.deliver(stop.vector, eventKind.exception, stop.errorCode, subject.get('RIP'))
    subject.takeDebugHits()
    if (second !== undefined) {
      stops.push(`not delivered: ${sayFault(second)}, CR2 ${hex(subject.get('CR2'))}`)
      return { stops, faults }
    }
  }
  stops.push(`${stuck} after ${subject.retired()}`)
  return { stops, faults }
}

function say(stop: Stop, subject: Subject): string | undefined {
  const where = `at ${hex(subject.get('RIP'))} after ${subject.retired()}`
  if (stop.kind === 'exit') return `${stop.reason} ${where}`
  if (stop.kind === 'fault') return `${sayFault(stop)} ${where}, CR2 ${hex(subject.get('CR2'))}`
  return undefined
}

/** Fields that say when something was, not what. */
const counted: ReadonlySet<StateField> = new Set<StateField>(['SHADOW'])

/** What differs between two subjects that have travelled, a line each. */
export function differences(a: Subject, b: Subject, journeys: readonly [Journey, Journey]): string[] {
  const lines: string[] = []
  const compare = (what: string, x: bigint | string | number, y: bigint | string | number): void => {
    if (x !== y)
      lines.push(
        `${what}: ${a.name} ${typeof x === 'string' ? x : hex(x)}, ${b.name} ${typeof y === 'string' ? y : hex(y)}`,
      )
  }
  const [mine, theirs] = journeys.map(({ stops }) => stops) as [readonly string[], readonly string[]]
  for (let index = 0; index < Math.max(mine.length, theirs.length); index += 1)
    compare(`stop ${index}`, mine[index] ?? 'none', theirs[index] ?? 'none')
  compare('retired', a.retired(), b.retired())
  for (const field of Object.keys(stateFields) as StateField[])
    if (!counted.has(field)) compare(field, a.get(field), b.get(field))
  for (let index = 0; index < 16; index += 1) compare(`gpr ${index}`, a.gpr(index), b.gpr(index))
  compare('RFLAGS', a.rflags(), b.rflags())
  for (let index = 0; index < 32; index += 1) compare(`vector ${index}`, a.vector(index), b.vector(index))
  for (let index = 0; index < 8; index += 1) compare(`x87 ${index}`, a.x87(index), b.x87(index))
  regions.forEach((_, index) => {
    const [x, y] = [a.memory(index), b.memory(index)]
    if (Buffer.compare(x, y) === 0) return
    const at = x.findIndex((byte, offset) => byte !== y[offset])
    compare(`memory ${hex(regions[index]!.address + at)}`, x[at]!, y[at]!)
  })
  for (let index = 0; index < Math.max(a.asked.length, b.asked.length); index += 1)
    compare(`asked ${index}`, a.asked[index] ?? 'none', b.asked[index] ?? 'none')
  return lines
}

/**
 * The same, where one of them may deliver exceptions by itself: what they have come to is compared, and not how often they stopped
 * for it. Nothing is compared where one exception leads to another for ever.
 */
export function crossCheckEnds(a: Subject, b: Subject, image: Image, budget: number): string[] {
  for (const subject of [a, b]) {
    subject.load(image)
    const { stops } = travel(subject, budget, Number.POSITIVE_INFINITY)
    if (stops.at(-1)?.startsWith(stuck) === true) return []
  }
  const silent = { stops: [], faults: 0 }
  return differences(a, b, [silent, silent])
}

/** Loads an image into both, lets them travel, and compares. */
export function crossCheck(a: Subject, b: Subject, image: Image, budget: number): string[] {
  const journeys = [a, b].map((subject) => {
    subject.load(image)
    const journey = travel(subject, budget)
    if (image.event === undefined) return journey
    const { vector, kind } = image.event
    const met = subject.deliver(vector, kind, undefined, subject.get('RIP'))
    const stops = [...journey.stops, met === undefined ? 'delivered' : `not delivered: ${sayFault(met)}`]
    return { ...journey, stops }
  }) as [Journey, Journey]
  return differences(a, b, journeys)
}
