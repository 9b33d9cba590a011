import { type Answer, deedOf, inForce, type Profile } from '@vmm/rule'
import { hypercallOfL2 } from '../rules/in-l2/hypercall-of-l2.rule.ts'
import { exceptionExits } from '../transitions/exception-exits.ts'
import { instructionExits, type L2Instruction } from '../transitions/instruction-exits.ts'
import { hasPrimaryControl, hasSecondaryControl, primaryBit, secondaryBit } from '../vmcs12/control-bits.ts'
import { exitNumbers as reasons } from './exit-reason.ts'
import { exitRouteOf, type L0Facts, type L0Wish } from './exit-route.ts'

/** An exit of L2's that has happened: KVM has it first. */
export interface ExitOfL2 extends L2Instruction {
  /** Where the reason is an exception, its error code. Its vector is the qualification; 2 is an NMI. */
  readonly errorCode?: number
  /** INT3, INTO or INT1 has raised it. */
  readonly byInstruction?: boolean
  readonly l0?: L0Facts
}

/** What of an exit L0's own wishes look at. */
export type L0Exit = Pick<ExitOfL2, 'reason' | 'qualification' | 'vmcs' | 'byInstruction' | 'l0'>

/** Whose an exit is; `'unknown'` where nobody has read which of two releases is the first that keeps it. */
export type ExitOwner = 'L0' | 'L1' | 'unknown'

/**
 * Whether KVM of a release keeps an exit of L2's for itself, whatever L1 wants.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_l0_wants_exit; `exitRoutes`.
 */
export function l0WantsExit(exit: L0Exit, kernel: Profile): Answer {
  const answers = (exitRouteOf(exit.reason)?.l0Wants ?? [])
    .filter((wish) => isMet(wish, exit, kernel))
    .map(({ lifetime }) => inForce(lifetime, kernel))
  return answers.find((answer) => answer === 'yes') ?? answers.find((answer) => answer === 'unknown') ?? 'no'
}

/**
 * Where KVM of a release takes an exit of L2's: to L0, which goes on with L2 behind it, or to L1.
 *
 * A reason that no manual has is L1's.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_reflect_vmexit; `exitRoutes`.
 */
export function exitGoesTo(exit: ExitOfL2, kernel: Profile): ExitOwner {
  const kept = l0WantsExit(exit, kernel)
  if (kept === 'yes' || !l1Wants(exit)) return 'L0'
  return kept === 'no' ? 'L1' : 'unknown'
}

function l1Wants(exit: ExitOfL2): boolean {
  const { reason, qualification, vmcs, errorCode } = exit
  if (reason === reasons.EXCEPTION_NMI) return exceptionExits(vmcs, Number(qualification), errorCode)
  const { orWith } = exitRouteOf(reason) ?? {}
  return (orWith !== undefined && hasSecondaryControl(vmcs, secondaryBit[orWith])) || instructionExits(exit)
}

function isMet(
  { when, vector }: L0Wish,
  { qualification, vmcs, byInstruction = false, l0 }: L0Exit,
  kernel: Profile,
): boolean {
  if (vector !== undefined && (byInstruction || BigInt(vector) !== qualification)) return false
  switch (when) {
    case 'always':
      return true
    case 'hypercall-of-l2':
      return isOfKvm(l0?.directFlush ?? false, kernel)
    case 'injected trap':
      return !hasPrimaryControl(vmcs, primaryBit.MONITOR_TRAP_FLAG)
    default:
      return l0?.[when] ?? false
  }
}

const isOfKvm = (directFlush: boolean, kernel: Profile): boolean =>
  deedOf(hypercallOfL2, kernel)({ format: 'vmx', intercepted: false, directFlush }) === 'KVM'
