import type { Mode, Procedure } from '@vmm/x86-semantics'
import type { Compiled } from './linked-module.ts'

type Sized = 8 | 16 | 32 | 64
type AnyProcedure = Procedure<readonly Sized[], readonly Sized[]>

/** A procedure that a batch calls, by its slot. */
export interface Called {
  readonly procedure: AnyProcedure
  readonly mode: Mode
  readonly slot: number
}

/** What was compiled in one module, with all that it asked for while it was emitted, in that order. */
export interface KnownBatch {
  readonly compiled: Compiled
  readonly calls: readonly Called[]
}

/** So many modules stay for machines to come. */
const knownAtMost = 256

const known = new Map<string, KnownBatch>()

/**
 * Batches of handlers that a machine of this process has compiled, by the kind of machine and the names of what is in them: another
 * machine need not emit them again, as long as its procedures have the slots that they call.
 */
export class KnownBatches {
  readonly #kind: string

  /** `kind` is what machines are alike in that may have each other's handlers. */
  constructor(kind: string) {
    this.#kind = kind
  }

  find(names: readonly string[]): KnownBatch | undefined {
    return known.get(this.#name(names))
  }

  keep(names: readonly string[], batch: KnownBatch): void {
    const [oldest] = known.keys()
    if (known.size === knownAtMost && oldest !== undefined) known.delete(oldest)
    known.set(this.#name(names), batch)
  }

  #name(names: readonly string[]): string {
    return [this.#kind, ...names].join('\n')
  }
}
