import { at, inKnownMode, knownModeBytes, knownModes } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** RFLAGS.TF, VM and AC: the flags that code runs differently for. RF is apart. */
export const flagsThatMatter = (1 << 8) | (1 << 17) | (1 << 18)

/** State that a mode is derived from, 32 bits of each. */
export const modeInputs = ['CR0', 'CR4', 'IA32_EFER', 'DR7', 'CS.access', 'SS.access', 'CS.base', 'CS.limit'] as const

/** What follows from a mode that nobody watches. */
export interface PlainMode {
  readonly word: number
  /** From the beginning of a TLB context. */
  readonly programViews: number
  readonly processorViews: number
  readonly canonicalShift: number
}

/** Keeps the last few modes where emitted code finds them: system calls and interrupts go to and fro between a few. */
export class KnownModes {
  readonly #state: StateView
  readonly #cpu: number
  #next = 0

  constructor(cpu: number, state: StateView) {
    this.#cpu = cpu
    this.#state = state
    state.setWord(at.knownMode, cpu + at.knownModes)
  }

  /** Keeps what follows from the state as it is now, in place of the one that was kept first. */
  keep(mode: PlainMode): void {
    const place = at.knownModes + this.#next * knownModeBytes
    this.#next = (this.#next + 1) % knownModes
    const state = this.#state
    for (const input of modeInputs) state.setWord(place + inKnownMode[input], state.word(at[input]))
    state.setWord(place + inKnownMode.flags, state.word(at.RFLAGS) & flagsThatMatter)
    state.setWord(place + inKnownMode.CPL, state.word(at.CPL) & 0xff)
    state.setWord(place + inKnownMode.behind, 0)
    state.setWord(at.knownMode, this.#cpu + place)
    for (const result of ['word', 'programViews', 'processorViews', 'canonicalShift'] as const)
      state.setWord(place + inKnownMode[result], mode[result])
  }
}
