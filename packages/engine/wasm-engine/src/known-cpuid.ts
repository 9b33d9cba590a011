import { at, inKnownCpuid, knownCpuidBytes, knownCpuids } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** The multipliers that spread leaves and sub-leaves over the table. */
export const cpuidHash = { leaf: 0x9e37_79b1 | 0, subleaf: 0x85eb_ca6b | 0, shift: 32 - Math.log2(knownCpuids) }

/** Answers of CPUID that emitted code finds in linear memory, each for the privilege level that asked. */
export class KnownCpuid {
  readonly #state: StateView

  constructor(state: StateView) {
    this.#state = state
    this.forget()
  }

  /** What CPUID answers at the privilege level of now, until `forget`, or until CR4, XCR0 or an MSR is written. */
  keep(leaf: number, subleaf: number, answer: readonly [number, number, number, number]): void {
    const state = this.#state
    if (state.long(at.CR4) !== state.long(at.knownCR4)) this.#begin()
    const index = (Math.imul(leaf, cpuidHash.leaf) + Math.imul(subleaf, cpuidHash.subleaf)) >>> cpuidHash.shift
    const place = at.knownCpuids + index * knownCpuidBytes
    state.setWord(place + inKnownCpuid.leaf, leaf)
    state.setWord(place + inKnownCpuid.subleaf, subleaf)
    state.setWord(place + inKnownCpuid.tag, (state.word(at.cpuidTag) | (state.word(at.CPL) & 3)) >>> 0)
    answer.forEach(
      (value, register) => void state.setLong(place + inKnownCpuid.answer + register * 8, BigInt(value >>> 0)),
    )
  }

  /** What answers go by may be something else now. */
  forget(): void {
    const state = this.#state
    const tag = (state.word(at.cpuidTag) + 4) >>> 0
    // after so many generations the first one comes again: nothing of it may be left
    if (tag === 0) for (let index = 0; index < knownCpuids; index += 1) state.setWord(placeOfTag(index), 0)
    state.setWord(at.cpuidTag, tag === 0 ? 4 : tag)
  }

  /** From here on answers are for the CR4 of now. */
  #begin(): void {
    this.forget()
    this.#state.setLong(at.knownCR4, this.#state.long(at.CR4))
  }

  /** How often emitted code has answered since the last look. */
  takeAnswered(): number {
    const answered = this.#state.word(at.cpuidsAnswered)
    if (answered !== 0) this.#state.setWord(at.cpuidsAnswered, 0)
    return answered
  }
}

const placeOfTag = (index: number): number => at.knownCpuids + index * knownCpuidBytes + inKnownCpuid.tag
