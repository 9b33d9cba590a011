import type { Translated } from '../reading/memory.ts'
import type { HotStep } from './graph.ts'

/** The instruction that is being emitted. */
export interface Now {
  /** Its block's. */
  readonly number: number
  readonly step: HotStep
  /** Instructions of the block from this one on. */
  readonly ahead: number
  /** Branches and loops of it that the place is inside of. */
  depth: number
  restore: (() => void) | undefined
  /** The next one follows. */
  goesOn: boolean
  /** Memory operands whose address is known by now. */
  readonly translated: Map<number, Translated>
}
