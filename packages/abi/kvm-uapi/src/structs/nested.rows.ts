import { bytes, flexible, padding, said, struct, u16, u32, u64, union, type ValueOf } from '@vmm/layout'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_vmx_nested_state_data`. */
export const kvmVmxNestedStateData = uapi('kvm_vmx_nested_state_data', 'asm', 'The current VMCS of an L1 hypervisor, and the one it shadows.', {
  vmcs12:        bytes(0x1000),
  shadow_vmcs12: bytes(0x1000),
})

/** `struct kvm_vmx_nested_state_hdr`. */
export const kvmVmxNestedStateHdr = uapi('kvm_vmx_nested_state_hdr', 'asm', 'VMX operation of an L1 hypervisor.', {
  vmxon_pa:  said(u64, 'The VMXON region; all ones outside VMX operation.'),
  vmcs12_pa: said(u64, 'The current VMCS; all ones for none.'),
  smm:       struct({ flags: said(u16, 'KVM_STATE_NESTED_SMM_*.') }),
  pad:       padding(u16),
  flags:     said(u32, 'KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE.'),
  preemption_timer_deadline: u64,
})
/** What `kvmVmxNestedStateHdr` reads and writes. */
export type KvmVmxNestedStateHdr = ValueOf<typeof kvmVmxNestedStateHdr>

/** `struct kvm_svm_nested_state_data`. */
export const kvmSvmNestedStateData = uapi('kvm_svm_nested_state_data', 'asm', 'The VMCB of an L1 hypervisor that runs its guest.', {
  vmcb12: bytes(0x1000),
})

/** `struct kvm_svm_nested_state_hdr`. */
export const kvmSvmNestedStateHdr = uapi('kvm_svm_nested_state_hdr', 'asm', 'SVM operation of an L1 hypervisor.', {
  vmcb_pa: said(u64, 'The VMCB that runs.'),
})
/** What `kvmSvmNestedStateHdr` reads and writes. */
export type KvmSvmNestedStateHdr = ValueOf<typeof kvmSvmNestedStateHdr>

/** `struct kvm_nested_state`. */
export const kvmNestedState = uapi('kvm_nested_state', 'asm', 'Nested virtualization of a vCPU.', {
  flags:  said(u16, 'KVM_STATE_NESTED_*.'),
  format: said(u16, 'KVM_STATE_NESTED_FORMAT_*.'),
  size:   said(u32, 'Bytes of all, this head included.'),
  hdr:    union({ vmx: kvmVmxNestedStateHdr, svm: kvmSvmNestedStateHdr, pad: padding(bytes(120)) }),
  data:   padding(union({ vmx: flexible(kvmVmxNestedStateData), svm: flexible(kvmSvmNestedStateData) })),
})
/** What `kvmNestedState` reads and writes. */
export type KvmNestedState = ValueOf<typeof kvmNestedState>
