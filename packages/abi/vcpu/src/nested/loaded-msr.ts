import type { MsrAccess } from '../msr-access.ts'

/** An MSR that transitions load: mostly with what it holds. */
export class LoadedMsr {
  readonly #msrs: MsrAccess
  readonly #index: number
  /** What was loaded last, and when. */
  #value = 0n
  #changes = -1

  constructor(msrs: MsrAccess, index: number) {
    this.#msrs = msrs
    this.#index = index
  }

  /** It becomes a value that entries and exits are checked for. */
  load(value: bigint): void {
    if (this.#msrs.changes === this.#changes && this.#value === value) return
    if (this.held !== value) this.#msrs.hold(this.#index, value)
    this.#value = value
    this.#changes = this.#msrs.changes
  }

  /** What it holds. */
  get held(): bigint {
    return this.#msrs.peek(this.#index) ?? 0n
  }
}
