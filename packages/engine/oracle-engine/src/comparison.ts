import type { State } from '@vmm/oracle'
import type { EngineStop } from '@vmm/vcpu'
import { type StateField, stateFields } from '@vmm/x86-registers'
import type { Unequal } from './difference.ts'
import type { Asked } from './recorded-ports.ts'
import { say } from './replayed-answers.ts'
import type { ShadowMemory } from './shadow-memory.ts'

/** What became of a slice. */
export interface Outcome {
  readonly stop: EngineStop
  readonly retired: number
  readonly delivered: number
  /** Bits of DR6. */
  readonly hits: number
  /** Where somebody asked what the other one did not. */
  readonly departs?: string
  readonly unasked: readonly Asked[]
}

const fields = Object.keys(stateFields) as StateField[]
const hex = (value: bigint | number): string => value.toString(16)

const differing = (what: string, engine: bigint | number, oracle: bigint | number): readonly Unequal[] =>
  engine === oracle ? [] : [{ what, engine: hex(engine), oracle: hex(oracle) }]

/** Stops as far as they tell of the guest: how much is done at once is an engine's own business. */
function sayStop(stop: EngineStop): string {
  if (stop.kind === 'exit') return `exit ${stop.reason}`
  if (stop.kind === 'fault') return `exception ${stop.vector} (${hex(stop.errorCode ?? -1)})`
  return stop.kind === 'waiting' ? 'waiting' : 'none'
}

/** What differs in what became of a slice. */
export function unequalOutcomes(engine: Outcome, oracle: Outcome): Unequal[] {
  const [mine, theirs] = [sayStop(engine.stop), sayStop(oracle.stop)]
  const [first] = oracle.unasked
  return [
    ...(oracle.departs === undefined ? [] : [{ what: 'asked', engine: 'otherwise', oracle: oracle.departs }]),
    ...(first === undefined ? [] : [{ what: 'asked', engine: say(first.name, first.given), oracle: 'nothing' }]),
    ...(mine === theirs ? [] : [{ what: 'stop', engine: mine, oracle: theirs }]),
    ...differing('instructions', engine.retired, oracle.retired),
    ...differing('exceptions delivered', engine.delivered, oracle.delivered),
    // what faults has met breakpoints in vain
    ...(engine.stop.kind === 'fault' ? [] : differing('debug hits', engine.hits, oracle.hits)),
  ]
}

/** What differs in two states. */
export function unequalStates(engine: State, oracle: State): Unequal[] {
  const numbered = (name: string, mine: readonly bigint[], theirs: readonly bigint[]) =>
    mine.flatMap((value, index) => differing(`${name} ${index}`, value, theirs[index]!))
  return [
    ...fields.flatMap((field) => differing(field, engine.get(field), oracle.get(field))),
    ...differing('arithmetic flags', engine.flags, oracle.flags),
    ...numbered('general register', engine.gprs, oracle.gprs),
    ...numbered('vector register', engine.vectors, oracle.vectors),
    ...numbered('x87 significand', engine.significands, oracle.significands),
    ...numbered('x87 sign and exponent', engine.signExponents, oracle.signExponents),
  ]
}

/** What differs in memory, by the first byte of each page. */
export function unequalPages(memory: ShadowMemory, pages: Iterable<number>): Unequal[] {
  return [...pages].flatMap((page) => {
    const found = memory.difference(page)
    if (found === undefined) return []
    const address = memory.addressOf(found.offset)
    const where = address === undefined ? `offset ${hex(found.offset)} of memory` : `memory at ${hex(address)}`
    return [{ what: where, engine: hex(found.real), oracle: hex(found.shadow) }]
  })
}
