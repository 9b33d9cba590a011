import type { Lifetime } from '@vmm/rule'
import type { pinControls, primaryControls, secondaryControls } from '../vmcs12/controls.ts'
import { exitNumbers } from './exit-reason.ts'
import { exitRoutes } from './exit-routing.rows.ts'

/** When L1 wants an exit of L2's: a control of its VMCS says so, or what a control leads to, or nobody is asked. */
export type L1Wants =
  | { readonly l1Wants: 'always' }
  | { readonly l1Wants: 'with'; readonly pin: keyof typeof pinControls }
  | { readonly l1Wants: 'with'; readonly primary: keyof typeof primaryControls }
  | { readonly l1Wants: 'with'; readonly secondary: keyof typeof secondaryControls }
  /** Bitmaps, masks, and more than one control: `instructionExits` has how. */
  | { readonly l1Wants: 'by fields' }

/** What KVM itself may want of an exit of L2's; what is not said is not so. */
export interface L0Facts {
  /** A page fault tells that KVM's own host has not got a page yet, or has got it. */
  readonly asyncPageFault?: boolean
  /** KVM runs without EPT, and looks at every page fault. */
  readonly withoutEpt?: boolean
  /** The guest has fewer physical-address bits than the processor, and KVM looks at page faults for that. */
  readonly smallerAddresses?: boolean
  /** KVM_GUESTDBG_SINGLESTEP, or KVM_GUESTDBG_USE_HW_BP. */
  readonly debugsSteps?: boolean
  /** The host detects split locks, and an alignment check is none of the guest's own. */
  readonly splitLock?: boolean
  /** A flush of translations that Hyper-V in L1 leaves to KVM. */
  readonly directFlush?: boolean
  /** L1 has no SGX in its CPUID table. */
  readonly withoutSgx?: boolean
}

/** One wish of KVM's, which goes before L1's. */
export interface L0Wish {
  /** What must be so; `'always'`, or whatever a promise says, or that L1 has put a trap in without the control. */
  readonly when: 'always' | 'hypercall-of-l2' | 'injected trap' | keyof L0Facts
  /** Where the reason is EXCEPTION_NMI: of which vector, unless an instruction has raised it. */
  readonly vector?: number
  readonly lifetime: Lifetime
}

/** Where an exit of L2's goes: to L0 where it wants it, then to L1 where that does, and to L0 if nobody does. */
export type ExitRoute = L1Wants & {
  readonly l0Wants?: readonly L0Wish[]
  /** Another control with which KVM takes an exit that has happened for L1's. */
  readonly orWith?: keyof typeof secondaryControls
}

const routes = new Map(
  Object.entries(exitRoutes).map(([name, route]) => [exitNumbers[name as keyof typeof exitNumbers], route]),
)

/** Where exits of a basic exit reason go; `undefined` where no manual has it. */
export function exitRouteOf(reason: number): ExitRoute | undefined {
  return routes.get(reason)
}
