import { vmcs12Of } from '@vmm/nested-vmx'

const headerBytes = 128
const none = 0xffff_ffff_ffff_ffffn

/** A VMCS with which a vCPU enters L2: a host and a guest with 32 bits. */
const vmcs12 = vmcs12Of({
  PIN_BASED_VM_EXEC_CONTROL: 0x16n,
  CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n,
  VM_EXIT_CONTROLS: 0x0003_6dfbn,
  VM_ENTRY_CONTROLS: 0x0000_11fbn,
  HOST_CR0: 0x8000_0021n,
  HOST_CR4: 0x2000n,
  HOST_CS_SELECTOR: 8n,
  HOST_SS_SELECTOR: 16n,
  HOST_TR_SELECTOR: 24n,
  GUEST_CR0: 0x8000_0021n,
  GUEST_CR4: 0x2000n,
  GUEST_RFLAGS: 2n,
  VMCS_LINK_POINTER: none,
})

function stateOf(flags: number, vmxon: bigint, current: bigint, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, flags, true)
  view.setUint32(4, bytes.length, true)
  view.setBigUint64(8, vmxon, true)
  view.setBigUint64(16, current, true)
  bytes.set(data, headerBytes)
  return bytes
}

/** `struct kvm_nested_state` of a vCPU in L2. */
export const l2State = stateOf(1, 0x1000n, 0x2000n, vmcs12)

/** That of a vCPU whose guest is no hypervisor. */
export const emptyState = stateOf(0, none, none, new Uint8Array(0))
