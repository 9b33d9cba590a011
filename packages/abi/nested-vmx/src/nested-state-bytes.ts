import {
  kvmNestedState,
  kvmSvmNestedStateHdr,
  kvmVmxNestedStateHdr,
  nestedFlags,
  nestedFormat,
  nestedSmmFlags,
  nestedVmxFlags,
} from '@vmm/kvm-uapi'
import { decode, encode } from '@vmm/layout'
import type { NestedFormat, NestedState } from './nested-state.ts'
import { tellsVmx } from './rules/get-nested-state/told.ts'
import type { GivenNestedState } from './rules/set-nested-state/call.ts'
import { vmcbUsedBytes } from './vmcb12/vmcb12.ts'
import { vmcs12Bytes, vmcsRegionBytes } from './vmcs12/vmcs12.ts'

/** Bytes of `struct kvm_nested_state` before its data. */
export const nestedHeaderBytes: number = kvmNestedState.size

const headerAt = 8
const zeros = new Uint8Array(nestedHeaderBytes)

/** Reads bytes of what user space gives, from its beginning; nothing where they cannot be read. */
export type ReadGiven = (offset: number, bytes: number) => Uint8Array | undefined

/** What user space gives KVM_SET_NESTED_STATE; what follows the header is read as far as KVM would look at it. */
export function givenNestedState(format: NestedFormat | undefined, read: ReadGiven): GivenNestedState {
  const header = read(0, nestedHeaderBytes)
  const bytes = header ?? zeros
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const vmx = decode(kvmVmxNestedStateHdr, bytes.slice(headerAt, headerAt + kvmVmxNestedStateHdr.size))
  const size = view.getUint32(4, true)
  const room = (behind: number) => size >= nestedHeaderBytes + behind
  const [firstBytes, at] = [format === 'svm' ? vmcbUsedBytes : vmcs12Bytes, nestedHeaderBytes] as const
  return {
    headerReadable: header !== undefined,
    flags: view.getUint16(0, true),
    format: view.getUint16(2, true),
    size,
    vmxonAddress: vmx.vmxon_pa,
    vmcs12Address: vmx.vmcs12_pa,
    smmFlags: vmx.smm.flags,
    vmxFlags: vmx.flags,
    preemptionDeadline: vmx.preemption_timer_deadline,
    vmcbAddress: vmx.vmxon_pa,
    gpat: vmx.vmcs12_pa,
    first: room(firstBytes) ? read(at, firstBytes) : undefined,
    second: room(vmcsRegionBytes + vmcs12Bytes) ? read(at + vmcsRegionBytes, vmcs12Bytes) : undefined,
  }
}

/** The same of bytes in one piece: what lies beyond their end cannot be read. */
export function givenNestedStateOf(format: NestedFormat | undefined, bytes: Uint8Array): GivenNestedState {
  return givenNestedState(format, (offset, length) =>
    offset + length <= bytes.length ? bytes.slice(offset, offset + length) : undefined,
  )
}

/** What KVM_GET_NESTED_STATE tells of a state: a header that says `size` bytes, and what follows it. */
export function toldNestedState(state: NestedState, hasVmx: boolean, size: number): Uint8Array {
  return state.format === 'svm' ? toldSvm(state, size) : toldVmx(state, hasVmx, size)
}

function toldVmx(state: NestedState, hasVmx: boolean, size: number): Uint8Array {
  const told = tellsVmx({ state, hasVmx })
  const inL2 = told && state.guestMode
  const timed = inL2 && state.preemptionDeadline !== undefined
  const header = encode(kvmVmxNestedStateHdr, {
    vmxon_pa: told ? state.vmxonAddress : 0xffff_ffff_ffff_ffffn,
    vmcs12_pa: told ? state.vmcs12Address : 0xffff_ffff_ffff_ffffn,
    smm: { flags: told ? smmFlagsOf(state) : 0 },
    flags: timed ? nestedVmxFlags.value.PREEMPTION_TIMER_DEADLINE : 0,
    preemption_timer_deadline: timed ? (state.preemptionDeadline ?? 0n) : 0n,
  })
  return joined({ flags: told ? vmxFlagsOf(state) : 0, format: nestedFormat.value.VMX, size }, header, [
    state.vmcs12,
    state.shadowVmcs12,
  ])
}

function vmxFlagsOf({ guestMode, runPending, mtfPending, enlightenedVmcs }: NestedState): number {
  const { GUEST_MODE, RUN_PENDING, EVMCS, MTF_PENDING } = nestedFlags.value
  const inL2 = guestMode ? GUEST_MODE | (runPending ? RUN_PENDING : 0) | (mtfPending ? MTF_PENDING : 0) : 0
  return inL2 | (enlightenedVmcs ? EVMCS : 0)
}

function smmFlagsOf({ smmVmxon, smmGuestMode }: NestedState): number {
  const { GUEST_MODE, VMXON } = nestedSmmFlags.value
  return (smmVmxon ? VMXON : 0) | (smmGuestMode ? GUEST_MODE : 0)
}

function toldSvm({ guestMode, runPending, gif, vmcbAddress, vmcb12 }: NestedState, size: number): Uint8Array {
  const { GUEST_MODE, RUN_PENDING, GIF_SET } = nestedFlags.value
  const flags = (guestMode ? GUEST_MODE | (runPending ? RUN_PENDING : 0) : 0) | (gif ? GIF_SET : 0)
  const header = encode(kvmSvmNestedStateHdr, { vmcb_pa: guestMode ? vmcbAddress : 0n })
  return joined({ flags, format: nestedFormat.value.SVM, size }, header, [vmcb12])
}

function joined(
  { flags, format, size }: { readonly flags: number; readonly format: number; readonly size: number },
  header: Uint8Array,
  data: readonly Uint8Array[],
): Uint8Array {
  const bytes = new Uint8Array(nestedHeaderBytes + data.length * vmcsRegionBytes)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, flags, true)
  view.setUint16(2, format, true)
  view.setUint32(4, size, true)
  bytes.set(header, headerAt)
  data.forEach((page, at) => {
    bytes.set(page, nestedHeaderBytes + at * vmcsRegionBytes)
  })
  return bytes
}
