import type { EnginePorts } from '@vmm/vcpu'
import type { StateField } from '@vmm/x86-registers'

/** What whoever was asked did to the processor, or to memory, while he answered. */
export type Effect =
  | { readonly kind: 'field'; readonly field: StateField; readonly value: bigint }
  | { readonly kind: 'gpr'; readonly index: number; readonly value: bigint }
  | { readonly kind: 'rflags'; readonly value: bigint }
  | { readonly kind: 'memory'; readonly offset: number; readonly bytes: Uint8Array }

/** A question, the answer, and what it did. */
export interface Asked {
  readonly name: keyof EnginePorts
  readonly given: readonly unknown[]
  readonly answer: unknown
  readonly effects: readonly Effect[]
}

type AnyPort = (...given: unknown[]) => unknown

/** Every one there is. */
const every: Readonly<Record<keyof EnginePorts, true>> = {
  cpuid: true,
  readMsr: true,
  writeMsr: true,
  portIn: true,
  portOut: true,
  mmioRead: true,
  mmioWrite: true,
  unreachable: true,
  touched: true,
  timeStamp: true,
  random: true,
  taskPriority: true,
  setTaskPriority: true,
  hypercall: true,
  leavesSmm: true,
  breakpoint: true,
  writeXcr: true,
  numericError: true,
  mwaitExtensions: true,
  optional: true,
  vmx: true,
  exits: true,
  enabled: true,
  logHasRoom: true,
  logPage: true,
}
const names = Object.keys(every) as (keyof EnginePorts)[]

/** Ports that all do what `act` says. */
export const portsThat = (act: (name: keyof EnginePorts, given: readonly unknown[]) => unknown): EnginePorts =>
  Object.fromEntries(names.map((name) => [name, (...given: unknown[]) => act(name, given)])) as unknown as EnginePorts

/** Answers of a slice, one after another. */
export interface Answers {
  answer(name: keyof EnginePorts, given: readonly unknown[]): unknown
}

/** Ports that answer from those behind them, remember what they answered, or answer as they are told to. */
export class RecordedPorts {
  readonly ports: EnginePorts
  readonly #behind: EnginePorts
  #record: Asked[] | undefined
  #effects: Effect[] | undefined
  #instead: Answers | undefined
  /** An access could not be answered at all, or was not to be made: the instruction has not happened. */
  prevented = false

  constructor(behind: EnginePorts) {
    this.#behind = behind
    this.ports = portsThat((name, given) => this.#ask(name, given))
  }

  /** Everything that is asked while something is done. */
  recording<T>(act: () => T): { readonly result: T; readonly asked: readonly Asked[] } {
    const asked: Asked[] = []
    this.prevented = false
    this.#record = asked
    try {
      return { result: act(), asked }
    } finally {
      this.#record = undefined
    }
  }

  /** Nobody behind is asked while something is done. */
  answeredBy<T>(answers: Answers, act: () => T): T {
    this.#instead = answers
    try {
      return act()
    } finally {
      this.#instead = undefined
    }
  }

  /** Something is done to the processor or its memory: it belongs to the answer that is being given, if one is. */
  noteEffect(effect: Effect): void {
    this.#effects?.push(effect)
  }

  #ask(name: keyof EnginePorts, given: readonly unknown[]): unknown {
    if (this.#instead !== undefined) return this.#instead.answer(name, given)
    const port = this.#behind[name] as AnyPort
    if (this.#record === undefined) return port.apply(this.#behind, given as unknown[])
    const effects: Effect[] = []
    this.#effects = effects
    const answer = port.apply(this.#behind, given as unknown[])
    this.#effects = undefined
    if (name === 'unreachable' || name === 'touched') this.prevented ||= answer === (name === 'unreachable')
    else this.#record.push({ name, given, answer, effects })
    return answer
  }
}
