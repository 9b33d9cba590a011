import { KnownAccesses } from './known-accesses.ts'
import { KnownCpuid } from './known-cpuid.ts'
import type { MemoryMap } from './memory-map.ts'
import { QuietPorts } from './quiet-ports.ts'
import type { StateView } from './state-view.ts'

/** What emitted code knows of its surroundings and need not ask, as long as it does. */
export class KnownAnswers {
  readonly cpuid: KnownCpuid
  readonly ports: QuietPorts
  readonly accesses: KnownAccesses

  /** Blocks that are kept lie there. */
  constructor(state: StateView, blocks: MemoryMap['blocks']) {
    this.accesses = new KnownAccesses(blocks)
    this.cpuid = new KnownCpuid(state)
    this.ports = new QuietPorts(state)
  }

  /** Anything may be otherwise now. */
  forget(): void {
    this.cpuid.forget()
    this.ports.forget()
    this.accesses.forget()
  }
}
