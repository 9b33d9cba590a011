import { directFields, type VmxState, type VmxWorld } from '@vmm/nested-vmx'
import type { Engine, KnownAnswers } from '../engine-port.ts'

type GuestFields = NonNullable<VmxState['guestPassed']>

/** VMREAD and VMWRITE of the current VMCS that an engine does by itself, once it has been told where the fields are. */
export class DirectAccesses {
  readonly #engine: () => Engine
  readonly #world: VmxWorld
  /** What the table of fields was made for: where checks are the same, so are capabilities. */
  #madeFor: VmxWorld['checks'] | undefined
  /** What KVM has looked at of guest state so far. */
  #lookedAt: GuestFields = new Set()
  #followed: GuestFields | undefined

  constructor(engine: () => Engine, world: VmxWorld) {
    this.#engine = engine
    this.#world = world
  }

  #fields(): KnownAnswers['fields'] | undefined {
    const engine = this.#engine()
    return this.#world.state.vmcs.isBeside(engine.stateMemory) ? engine.known?.fields : undefined
  }

  /** One of them was executed by asking: the next ones need not ask. */
  offer(): void {
    const fields = this.#fields()
    const { state, checks } = this.#world
    if (fields === undefined || !state.hasCurrent) return
    if (this.#madeFor === checks) return fields.again()
    this.#madeFor = checks
    fields.keep(directFields(this.#world, this.#lookedAt))
  }

  /** Another VMCS is current, or none. */
  withdraw(): void {
    this.#fields()?.forget()
  }

  /** Before an entry is checked: what has been written since the last one. */
  take(): void {
    const marks = this.#fields()?.takeMarks() ?? 0
    if (marks !== 0) this.#world.state.wroteDirectly(marks)
  }

  /** Behind it: writes to what was looked at this time must leave their marks, too. */
  follow(): void {
    const { guestPassed } = this.#world.state
    if (guestPassed === this.#followed) return
    this.#followed = guestPassed
    if (guestPassed === undefined || [...guestPassed].every((field) => this.#lookedAt.has(field))) return
    this.#lookedAt = new Set([...this.#lookedAt, ...guestPassed])
    this.#madeFor = undefined
    this.withdraw()
  }
}
