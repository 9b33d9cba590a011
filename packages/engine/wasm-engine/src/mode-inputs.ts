import type { StateField } from '@vmm/x86-registers'
import { at } from './state-layout.ts'

/** RFLAGS.TF, RF, VM and AC: the flags that code runs differently for. */
const flagsThatMatter = (1 << 8) | (1 << 16) | (1 << 17) | (1 << 18)

/** 32-bit words that the mode is made from. */
const words = [
  'CR0',
  'CR4',
  'IA32_EFER',
  'DR0',
  'DR1',
  'DR2',
  'DR3',
  'DR7',
  'CS.access',
  'SS.access',
  'CS.base',
  'CS.limit',
] as const satisfies readonly StateField[]

/** Of breakpoints the upper halves matter too. */
const wide = ['DR0', 'DR1', 'DR2', 'DR3'] as const satisfies readonly StateField[]

/** Remembers what the mode was derived from, so that nothing is derived again while none of it has changed. */
export class ModeInputs {
  readonly #words: Uint32Array
  readonly #bytes: Uint8Array
  readonly #places: readonly number[]
  readonly #flags: number
  readonly #level: number
  readonly #last = new Float64Array(words.length + wide.length + 3).fill(-1)

  constructor(cpu: number, buffer: SharedArrayBuffer) {
    this.#words = new Uint32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#places = [
      ...words.map((field) => (cpu + at[field]) >>> 2),
      ...wide.map((field) => (cpu + at[field] + 4) >>> 2),
    ]
    this.#flags = (cpu + at.RFLAGS) >>> 2
    this.#level = cpu + at.CPL
  }

  /** Whether anything differs from the last time; `views` is the TLB context in use. */
  changed(views: number): boolean {
    let differs = this.#differs(this.#places.length, views)
    differs = this.#differs(this.#places.length + 1, this.#words[this.#flags]! & flagsThatMatter) || differs
    differs = this.#differs(this.#places.length + 2, this.#bytes[this.#level]!) || differs
    for (let index = 0; index < this.#places.length; index += 1) {
      if (this.#differs(index, this.#words[this.#places[index]!]!)) differs = true
    }
    return differs
  }

  /** All that was looked at, in an order of its own. */
  get values(): Float64Array {
    return this.#last
  }

  #differs(index: number, value: number): boolean {
    if (this.#last[index] === value) return false
    this.#last[index] = value
    return true
  }
}
