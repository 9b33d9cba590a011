import { areControlsAllowed, offersControl } from '../vmcs12/vmx-limits.ts'
import { injection, isListLegal, mayHaveErrorCode, shouldHaveErrorCode } from './injected-event.ts'
import { has, type VmcsCheck } from './vmcs-check.ts'

const valid = 0x8000_0000n
const beyond = 1n << 60n
/** Of IA32_VMX_BASIC, since 6.18. */
const anyErrorCode = 1n << 56n

/**
 * What KVM checks of a VMCS's controls of exits and entries, in its order. Each row is a promise.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_check_vm_exit_controls and nested_check_vm_entry_controls (Linux 6.12.117,
 * 6.1.192, 5.10.13, 5.2); of IA32_VMX_BASIC bit 56 commit 033cc166f029 (“KVM: nVMX: Virtualize NO_HW_ERROR_CODE_CC for L1 event injection to L2”).
 */
export const entryExitChecks = {
  'nested-vmx-exit-controls': {
    says: 'controls of exits are those that the capability MSRs allow',
    where: 'nested_check_vm_exit_controls',
    fails: ({ read, vcpu }) => !areControlsAllowed(vcpu.vmx, 'exit', read('VM_EXIT_CONTROLS')),
    broken: { VM_EXIT_CONTROLS: 0n },
  },
  'nested-vmx-exit-load-list': {
    says: 'the list of MSRs that an exit loads lies on 16 bytes, all of it where the guest can have memory',
    where: 'nested_vmx_check_exit_msr_switch_controls',
    fails: (entry) => !isListLegal(entry, 'VM_EXIT_MSR_LOAD_COUNT', 'VM_EXIT_MSR_LOAD_ADDR'),
    broken: { VM_EXIT_MSR_LOAD_COUNT: 1n, VM_EXIT_MSR_LOAD_ADDR: 8n },
  },
  'nested-vmx-exit-store-list': {
    says: 'the list of MSRs that an exit stores lies on 16 bytes, all of it where the guest can have memory',
    where: 'nested_vmx_check_exit_msr_switch_controls',
    fails: (entry) => !isListLegal(entry, 'VM_EXIT_MSR_STORE_COUNT', 'VM_EXIT_MSR_STORE_ADDR'),
    broken: { VM_EXIT_MSR_STORE_COUNT: 1n, VM_EXIT_MSR_STORE_ADDR: beyond },
  },
  'nested-vmx-entry-controls': {
    says: 'controls of entries are those that the capability MSRs allow',
    where: 'nested_check_vm_entry_controls',
    fails: ({ read, vcpu }) => !areControlsAllowed(vcpu.vmx, 'entry', read('VM_ENTRY_CONTROLS')),
    broken: { VM_ENTRY_CONTROLS: 0n },
  },
  'nested-vmx-inject-type': {
    says: 'an event that is injected has a type that is not reserved, and is no other event without a monitor-trap flag',
    where: 'nested_check_vm_entry_controls',
    fails: (entry) => {
      const event = injection(entry)
      const other = event?.type === 'other' && !offersControl(entry.vcpu.vmx, 'primary', 1n << 27n)
      return event?.type === 'reserved' || other
    },
    broken: { VM_ENTRY_INTR_INFO_FIELD: valid | 0x100n },
  },
  'nested-vmx-inject-vector': {
    says: 'an event that is injected has a vector of its type: 2 for an NMI, below 32 for an exception, 0 for other events',
    where: 'nested_check_vm_entry_controls',
    fails: (entry) => {
      const event = injection(entry)
      if (event?.type === 'nmi') return event.vector !== 2
      return (event?.type === 'exception' && event.vector > 31) || (event?.type === 'other' && event.vector !== 0)
    },
    broken: { VM_ENTRY_INTR_INFO_FIELD: valid | 0x203n },
  },
  'nested-vmx-inject-error-code': {
    says: 'an error code is injected with those exceptions that have one, in protected mode, and with nothing else; where IA32_VMX_BASIC bit 56 is set, any exception may have one there',
    where: 'nested_check_vm_entry_controls',
    fails: (entry) => {
      const event = injection(entry)
      if (event === undefined || (mayHaveErrorCode(entry, event) && (entry.vcpu.vmx.IA32_VMX_BASIC & anyErrorCode) !== 0n)) return false
      return event.hasErrorCode !== shouldHaveErrorCode(entry, event)
    },
    broken: { VM_ENTRY_INTR_INFO_FIELD: valid | 0x820n },
  },
  'nested-vmx-inject-error-code-width': {
    says: 'an error code that is injected has sixteen bits',
    where: 'nested_check_vm_entry_controls',
    fails: (entry) => injection(entry)?.hasErrorCode === true && has(entry, 'VM_ENTRY_EXCEPTION_ERROR_CODE', 0xffff_0000n),
    broken: { VM_ENTRY_INTR_INFO_FIELD: valid | 0xb0dn, VM_ENTRY_EXCEPTION_ERROR_CODE: 0x1_0000n },
  },
  'nested-vmx-inject-reserved': {
    says: 'reserved bits of an event that is injected are clear',
    where: 'nested_check_vm_entry_controls',
    fails: (entry) => injection(entry) !== undefined && has(entry, 'VM_ENTRY_INTR_INFO_FIELD', 0x7fff_f000n),
    broken: { VM_ENTRY_INTR_INFO_FIELD: valid | 0x1020n },
  },
  'nested-vmx-inject-length': {
    says: 'an instruction that raises an event has 1 to 15 bytes, or 0 where IA32_VMX_MISC allows that',
    where: 'nested_check_vm_entry_controls',
    fails: (entry) => {
      if (injection(entry)?.type !== 'software') return false
      const length = entry.read('VM_ENTRY_INSTRUCTION_LEN')
      return length > 15n || (length === 0n && (entry.vcpu.vmx.IA32_VMX_MISC & (1n << 30n)) === 0n)
    },
    broken: { VM_ENTRY_INTR_INFO_FIELD: valid | 0x420n, VM_ENTRY_INSTRUCTION_LEN: 16n },
  },
  'nested-vmx-entry-load-list': {
    says: 'the list of MSRs that an entry loads lies on 16 bytes, all of it where the guest can have memory',
    where: 'nested_vmx_check_entry_msr_switch_controls',
    fails: (entry) => !isListLegal(entry, 'VM_ENTRY_MSR_LOAD_COUNT', 'VM_ENTRY_MSR_LOAD_ADDR'),
    broken: { VM_ENTRY_MSR_LOAD_COUNT: 1n, VM_ENTRY_MSR_LOAD_ADDR: 8n },
  },
} as const satisfies Readonly<Record<string, VmcsCheck>>
