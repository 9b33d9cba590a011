import {
  enforcementLeft,
  enforcementLoaded,
  type FixedBits,
  guestLoaded,
  guestSaved,
  hostLoaded,
  isPaePaging,
  type LiveVmcs12,
  RememberedTransition,
  type TransitionBegun,
} from '@vmm/nested-vmx'
import type { Engine } from '../engine-port.ts'
import type { EventState } from '../event-state.ts'
import { nothingLasts } from './l2-registers.ts'
import { entryFacts, exitFacts } from './remembered.rows.ts'

/** Entries and exits that were made before, which nothing around the VMCS and the registers decides about. */
export class RememberedTransitions {
  readonly #entries = new RememberedTransition(entryFacts)
  readonly #exits = new RememberedTransition(exitFacts)
  #fixed: FixedBits | undefined

  /** Those that such fixed bits of control registers belong to. */
  entries(fixed: FixedBits): RememberedTransition {
    this.#follow(fixed)
    return this.#entries
  }

  exits(fixed: FixedBits): RememberedTransition {
    this.#follow(fixed)
    return this.#exits
  }

  /** An entry begins that may be one. */
  beginEntry(vmcs: LiveVmcs12, engine: Engine, events: Readonly<EventState>): TransitionBegun | undefined {
    const movesMsrs = vmcs.word('VM_ENTRY_MSR_LOAD_COUNT') !== 0
    if (movesMsrs || !nothingLasts(engine, events)) return undefined
    return this.#entries.begin(vmcs, engine)
  }

  /** The same of an exit. */
  beginExit(vmcs: LiveVmcs12, engine: Engine, events: Readonly<EventState>): TransitionBegun | undefined {
    const movesMsrs = vmcs.word('VM_EXIT_MSR_STORE_COUNT') !== 0
    if (movesMsrs || isPaePaging(engine) || !nothingLasts(engine, events)) return undefined
    return this.#exits.begin(vmcs, engine)
  }

  /** It has been made: page pointers alone are moved for themselves. */
  keepEntry(begun: TransitionBegun, vmcs: LiveVmcs12, engine: Engine, events: Readonly<EventState>): void {
    // a shadow that falls on the first instruction is of this entry alone
    if (isPaePaging(engine) || !nothingLasts(engine, events)) return
    const memory = engine.stateMemory!
    this.#entries.remember(begun, [...guestLoaded(vmcs).loads(memory), ...enforcementLoaded(vmcs, memory)], engine)
  }

  keepExit(begun: TransitionBegun, vmcs: LiveVmcs12, engine: Engine): void {
    if (isPaePaging(engine)) return
    const memory = engine.stateMemory!
    const enforcement = enforcementLeft(vmcs, memory, this.#fixed!)
    this.#exits.remember(begun, [...guestSaved.saves(memory), ...hostLoaded.loads(memory), ...enforcement], engine)
  }

  #follow(fixed: FixedBits): void {
    const known = this.#fixed
    if (known === fixed) return
    this.#fixed = fixed
    if (known?.cr0 === fixed.cr0 && known.cr4 === fixed.cr4 && known.cet === fixed.cet) return
    this.#entries.forget()
    this.#exits.forget()
  }
}
