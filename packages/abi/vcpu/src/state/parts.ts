import type { Engine } from '../engine-port.ts'
import type { Events } from '../events.ts'
import type { Guest } from '../guest.ts'
import type { KeptPromises } from '../kept-promises.ts'
import type { VcpuMachine } from '../machine.ts'
import type { MsrAccess } from '../msr-access.ts'
import type { NestingPort } from '../nesting.ts'

/** The components that the last KVM_SET_XSAVE held, and how many instructions there had been. */
export interface GivenXsave {
  readonly components: bigint
  readonly at: number
}

/** Before any. */
export const nothingGiven: GivenXsave = { components: 0n, at: -1 }

/** What the calls on a vCPU's state reach. */
export interface StateParts {
  readonly engine: Engine
  readonly machine: VcpuMachine
  readonly msrs: MsrAccess
  readonly events: Events
  readonly guest: Guest
  /** Who keeps account of nested virtualization, if anybody does. */
  readonly nesting: { by?: NestingPort }
  readonly givenXsave: { present: GivenXsave }
  /** What the kernel promises of these calls. */
  readonly promises: KeptPromises
}

/** The privilege level follows SS, except where there is none. Source: arch/x86/kvm/vmx/vmx.c vmx_get_cpl. */
export function followPrivilege({ engine }: Pick<StateParts, 'engine'>): void {
  const isProtected = (engine.get('CR0') & 1n) !== 0n
  const isVirtual = isProtected && (engine.get('RFLAGS') & 0x2_0000n) !== 0n
  engine.set('CPL', isVirtual ? 3n : isProtected ? (engine.get('SS.access') >> 5n) & 3n : 0n)
}
