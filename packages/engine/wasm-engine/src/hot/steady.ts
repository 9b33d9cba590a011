import { cr0, type StateField } from '@vmm/x86-registers'
import type { StateView } from '../state-view.ts'

/** Floats cannot be used, or not yet. */
const unavailable = (1n << BigInt(cr0.EM.low)) | (1n << BigInt(cr0.TS.low))

/**
 * Control registers that a region is made for: no instruction of a region changes them. While a system withholds floats the region
 * looks each time, so that it will do afterwards.
 */
export function steadyOf(state: StateView): ReadonlyMap<StateField, bigint> {
  const value = state.get('CR0')
  if ((value & unavailable) !== 0n) return new Map()
  return new Map<StateField, bigint>([
    ['CR0', value],
    ['CR4', state.get('CR4')],
    ['XCR0', state.get('XCR0')],
  ])
}
