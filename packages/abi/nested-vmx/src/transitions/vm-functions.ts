import { isEptPointer } from '../checks/ept-pointer.ts'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import { hasSecondaryControl, secondaryBit } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { bytesAt, type VmxMemory } from './processor.ts'

/** What comes of VMFUNC: #UD, an exit for L1, or other extended page tables, which the VMCS has already. */
export type VmFunction =
  | { readonly kind: 'fault' }
  | { readonly kind: 'exits' }
  | { readonly kind: 'switched'; readonly eptp: bigint }

/** Where VMFUNC is executed. */
export interface VmFunctionWorld {
  readonly vmcs: LiveVmcs12
  readonly memory: VmxMemory
  readonly vcpu: NestedVcpu
}

const functions = 64n
/** EPTP switching, and how many EPT pointers there are to choose from. */
const [eptpSwitching, pointers] = [0n, 512n] as const
const pointerBytes = 8

/**
 * VMFUNC in non-root operation, with the values of EAX and ECX.
 *
 * Source: SDM 3C 26.5.6 VM Functions.
 */
export function vmFunction(world: VmFunctionWorld, eax: bigint, ecx: bigint): VmFunction {
  const { vmcs } = world
  if (!hasSecondaryControl(vmcs, secondaryBit.VMFUNC) || eax >= functions) return { kind: 'fault' }
  const isEnabled = (vmcs.read('VM_FUNCTION_CONTROL') & (1n << eax)) !== 0n
  const eptp = isEnabled && eax === eptpSwitching ? pointerAt(world, ecx) : undefined
  if (eptp === undefined) return { kind: 'exits' }
  vmcs.write('EPT_POINTER', eptp)
  if (hasSecondaryControl(vmcs, secondaryBit.EPT_VIOLATION_VE)) vmcs.setWord('EPTP_INDEX', Number(ecx))
  return { kind: 'switched', eptp }
}

/** An EPT pointer of the list that an entry would take. */
function pointerAt({ vmcs, memory, vcpu }: VmFunctionWorld, index: bigint): bigint | undefined {
  if (index >= pointers) return undefined
  const place = vmcs.read('EPTP_LIST_ADDRESS') + index * BigInt(pointerBytes)
  const found = bytesAt(memory, place, pointerBytes)
  if (found === undefined) return undefined
  const eptp = new DataView(found.buffer, found.byteOffset, pointerBytes).getBigUint64(0, true)
  return isEptPointer(vcpu, eptp) ? eptp : undefined
}
