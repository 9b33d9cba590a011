import { hasPrimaryControl, hasSecondaryControl, primaryBit, secondaryBit, type VmxState } from '@vmm/nested-vmx'

/** The TSC multiplier has so many bits behind its point. */
const multiplierFraction = 48n

/**
 * What L2 reads of a time-stamp counter that L1 reads a value of: with L1's multiplier, and its offset.
 *
 * Source: SDM 3C 25.6.5 Time-Stamp Counter Offset and Multiplier.
 */
export function timeSeen(state: VmxState, value: bigint): bigint {
  const { vmcs } = state
  if (!hasOffset(state)) return value
  const scaled = scalesTime(state) ? (value * vmcs.read('TSC_MULTIPLIER')) >> multiplierFraction : value
  return BigInt.asUintN(64, scaled + vmcs.read('TSC_OFFSET'))
}

/** Whether what L2 reads of the time-stamp counter goes at a rate of its own. */
export function scalesTime(state: VmxState): boolean {
  return hasOffset(state) && hasSecondaryControl(state.vmcs, secondaryBit.TSC_SCALING)
}

function hasOffset({ vmcs, guestMode }: VmxState): boolean {
  return guestMode && hasPrimaryControl(vmcs, primaryBit.TSC_OFFSETTING)
}
