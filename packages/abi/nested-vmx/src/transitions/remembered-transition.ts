import {
  type ProcessorRegisters,
  type StateField,
  type StateMemory,
  type StateMove,
  type StatePlace,
  type StateSupposition,
  stateFields,
} from '@vmm/x86-registers'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { type Vmcs12Field, vmcs12Places } from '../vmcs12/vmcs12.ts'

/** A field of a VMCS or of a processor: whole, or as far as a mask of its lower 32 bits says. */
export type Looked = readonly [field: Vmcs12Field | StateField, mask?: number]

/** What a kind of transition goes by, beside fields that it only moves, and what it makes of that. */
export interface TransitionFacts {
  readonly looksAt: readonly Looked[]
  readonly makes: readonly (Vmcs12Field | StateField)[]
}

/** What a transition looked at, before it was made. */
export interface TransitionBegun {
  readonly supposed: readonly StateSupposition[]
}

/** So many are made step by step before the first is remembered, and twice as many before each that follows, up to so many: to compile one takes long. */
const [first, last] = [16, 0x1_0000] as const
/** So many are known at once. */
const most = 4
const whole = 0xffff_ffff

/**
 * Transitions that were made before: where everything that they look at is the same again, so is what they make of it, and all of it is one
 * function of machine code.
 */
export class RememberedTransition {
  readonly #facts: TransitionFacts
  readonly #known: (() => number)[] = []
  #between: number = first
  #until: number = first

  constructor(facts: TransitionFacts) {
    this.#facts = facts
  }

  /** Makes it, if it is one of those. */
  again(vmcs: LiveVmcs12, { stateMemory }: ProcessorRegisters): boolean {
    if (!vmcs.isBeside(stateMemory)) return false
    for (const make of this.#known) if (make() !== 0) return true
    return false
  }

  /** What it looks at now, if this one is to be remembered. */
  begin(vmcs: LiveVmcs12, { stateMemory }: ProcessorRegisters): TransitionBegun | undefined {
    this.#until -= 1
    if (this.#until > 0 || !vmcs.isBeside(stateMemory)) return undefined
    this.#until = this.#between
    const looked = this.#facts.looksAt.flatMap(([field, mask = whole]) =>
      wordsOf(field, stateMemory).map((at) => ({ at, mask, is: wordIn(stateMemory, at) })),
    )
    return { supposed: looked }
  }

  /** It has been made: with these moves, and with what is now in the fields that it makes. */
  remember({ supposed }: TransitionBegun, moves: readonly StateMove[], { stateMemory }: ProcessorRegisters): void {
    const memory = stateMemory!
    const made = this.#facts.makes
      .flatMap((field) => wordsOf(field, memory))
      .map((to) => ({ to, from: wordIn(memory, to) }))
    this.#between = Math.min(2 * this.#between, last)
    this.#known.unshift(memory.compile!([...moves, ...made], supposed))
    this.#known.length = Math.min(this.#known.length, most)
  }

  /** Something else than fields decides otherwise now. */
  forget(): void {
    this.#known.length = 0
  }
}

const vmcsPlaces = new Map<string, StatePlace>(vmcs12Places.map((place) => [place.field, place]))

/** Where a field is, by pieces of at most 32 bits. */
function wordsOf(field: Vmcs12Field | StateField, memory: StateMemory): readonly StatePlace[] {
  const inVmcs = vmcsPlaces.get(field)
  const place =
    inVmcs === undefined
      ? { offset: memory.offset(field as StateField), bytes: stateFields[field as StateField] / 8 }
      : { offset: memory.beside!.offset + inVmcs.offset, bytes: inVmcs.bytes }
  const { offset, bytes } = place
  if (bytes < 8) return [{ offset, bytes }]
  return [
    { offset, bytes: 4 },
    { offset: offset + 4, bytes: 4 },
  ]
}

function wordIn({ buffer }: StateMemory, { offset, bytes }: StatePlace): number {
  const view = new DataView(buffer, offset, bytes)
  return bytes === 1 ? view.getUint8(0) : bytes === 2 ? view.getUint16(0, true) : view.getUint32(0, true)
}
