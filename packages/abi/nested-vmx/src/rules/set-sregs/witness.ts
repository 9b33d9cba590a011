import { emptyNestedState, enteredVmx, type NestedState } from '../../nested-state.ts'
import { nestedVcpu } from '../../nested-vcpu.ts'
import type { NestedSregs } from './call.ts'

/** VMX operation. */
const inVmx: NestedState = enteredVmx(emptyNestedState('vmx'), 0x1000n)

/** Registers that VMX operation allows. */
export function aSetSregs(changes: Partial<NestedSregs> = {}): NestedSregs {
  return { cr0: 0x8000_0021n, cr4: 0x2020n, vcpu: nestedVcpu('vmx'), state: inVmx, ...changes }
}
