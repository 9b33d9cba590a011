import { vmcs12Bytes } from '../../vmcs12/vmcs12.ts'
import type { SetNestedState } from './call.ts'

/** Whether a state has no room for what a VMCS holds. */
export function isShort({ given: { size } }: SetNestedState): boolean {
  return size < 128 + vmcs12Bytes
}
