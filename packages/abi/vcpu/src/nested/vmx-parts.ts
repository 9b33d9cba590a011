import type { Engine } from '../engine-port.ts'
import type { EventState } from '../event-state.ts'
import type { Guest } from '../guest.ts'
import type { KeptPromises } from '../kept-promises.ts'
import type { VcpuMachine } from '../machine.ts'
import type { MsrAccess } from '../msr-access.ts'
import type { Observer } from '../observer.ts'
import type { Onward } from '../onward.ts'

/** What VMX operation reaches of its vCPU. What is made after it is asked for when it is needed. */
export interface VmxParts {
  readonly engine: () => Engine
  readonly machine: () => VcpuMachine
  readonly events: () => EventState
  readonly observer: () => Observer | undefined
  readonly onward: () => Onward
  readonly msrs: MsrAccess
  readonly guest: Guest
  readonly promises: KeptPromises
}
