import { ApicRegisters } from './apic-registers.ts'
import { KnownAccesses } from './known-accesses.ts'
import { KnownCpuid } from './known-cpuid.ts'
import { KnownFields } from './known-fields.ts'
import { KnownPorts } from './known-ports.ts'
import { KnownTimeStamp } from './known-time-stamp.ts'
import type { MemoryMap } from './memory-map.ts'
import { exitReasons } from './runtime.ts'
import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'

const pause = exitReasons.indexOf('pause')

/** What emitted code knows of its surroundings and need not ask, as long as it does. */
export class KnownAnswers {
  readonly cpuid: KnownCpuid
  readonly ports: KnownPorts
  readonly accesses: KnownAccesses
  readonly apic: ApicRegisters
  readonly timeStamp: KnownTimeStamp
  readonly fields: KnownFields
  readonly #state: StateView

  /** Blocks that are kept lie there. `retired`: instructions so far. */
  constructor(state: StateView, blocks: MemoryMap['blocks'], retired: () => number) {
    this.#state = state
    this.accesses = new KnownAccesses(state, blocks)
    this.apic = new ApicRegisters(state)
    this.cpuid = new KnownCpuid(state)
    this.ports = new KnownPorts(state, retired)
    this.timeStamp = new KnownTimeStamp(state, retired)
    this.fields = new KnownFields(state)
    this.stopsAtPause = true
  }

  /** Whether `run` comes back behind PAUSE: it need not if nobody has anything to do meanwhile. */
  set stopsAtPause(stops: boolean) {
    this.#state.setWord(at.pauseReason, stops ? pause : 0)
  }

  /** Anything may be otherwise now, but fields of a VMCS, which are where they are. */
  forget(): void {
    this.cpuid.forget()
    this.ports.forget()
    this.accesses.forget()
    this.apic.forget()
    this.timeStamp.forget()
  }
}
