import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** By their number: a sixteenth of where they are in the page. Source: SDM 3A table 11-1. */
export const apicRegister = { taskPriority: 0x08, processorPriority: 0x0a } as const

/** While nothing is in service, the processor priority is the task priority. Both numbers are below 32. */
const priorities = (1 << apicRegister.taskPriority) | (1 << apicRegister.processorPriority)

/** Further from any physical address than the page is long. */
const nowhere = 1n << 63n

const wordOf = (number: number): number => at.apicRegisters + number * 4

/**
 * Registers of the processor's local APIC that emitted code reads by itself, as long as it is certain what they hold, and the task
 * priority, which it may write by itself as long as nothing comes of that. Whose they are says when.
 */
export class ApicRegisters {
  readonly #state: StateView

  constructor(state: StateView) {
    this.#state = state
    this.place = -1
  }

  /** The task priority register itself: nobody else keeps it. A store leaves more bits than it has. */
  get taskPriority(): number {
    return this.#state.word(at.apicTaskPriority) & 0xff
  }

  set taskPriority(value: number) {
    this.#state.setWord(at.apicTaskPriority, value)
  }

  /** The guest-physical address of the page that they are seen in; below zero, they are in none. Nothing is known of them there yet. */
  set place(address: number) {
    this.forget()
    this.#state.setLong(at.apicPlace, address < 0 ? nowhere : BigInt(address))
  }

  /** What a load of a register gives, 0 to 63, until `forget`. */
  show(number: number, value: number): void {
    this.#state.setWord(wordOf(number), value)
    const shown = at.apicShown + (number >> 5) * 4
    this.#state.setWord(shown, this.#state.word(shown) | (1 << (number & 31)))
  }

  /** Until `forget` a store to the task priority register does nothing but change it, and with it the processor priority. */
  letWrite(): void {
    this.#state.setWord(at.apicFree, priorities)
  }

  /** Anything may be otherwise now. */
  forget(): void {
    this.#state.setWord(at.apicShown, 0)
    this.#state.setWord(at.apicShown + 4, 0)
    this.#state.setWord(at.apicFree, 0)
  }

  /** How often emitted code has accessed them by itself since the last look. */
  takeAccesses(): number {
    const accesses = this.#state.word(at.apicAccesses)
    if (accesses !== 0) this.#state.setWord(at.apicAccesses, 0)
    return accesses
  }
}
