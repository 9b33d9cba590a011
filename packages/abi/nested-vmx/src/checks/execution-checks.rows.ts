import { since, until } from '@vmm/rule'
import { pinControls as pin, primaryControls as primary, secondaryControls as secondary } from '../vmcs12/controls.ts'
import { areControlsAllowed } from '../vmcs12/vmx-limits.ts'
import { isEptMemoryType, isEptWalk, withModeBasedEpt, withoutEptFlags } from './ept-pointer.ts'
import { has, hasPrimary, hasSecondary, isLegal, noPage, type VmcsCheck } from './vmcs-check.ts'

const leastPin = 0x16n
const leastPrimary = 0x0400_6172n
const withSecondary = leastPrimary | primary.SECONDARY_CONTROLS
const withTpr = leastPrimary | primary.TPR_SHADOW | primary.SECONDARY_CONTROLS
const odd = 0x1001n

const posted = {
  PIN_BASED_VM_EXEC_CONTROL: leastPin | pin.EXTERNAL_INTERRUPT_EXITING | pin.POSTED_INTERRUPTS,
  CPU_BASED_VM_EXEC_CONTROL: withTpr,
  SECONDARY_VM_EXEC_CONTROL: secondary.VIRTUAL_INTERRUPTS,
  VM_EXIT_CONTROLS: 0x0003_efffn,
} as const

const ept = { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.EPT } as const

/** EPT pointers: write-back memory, four levels. */
const pointer = 0x1000n | 0x1en

/**
 * What KVM checks of a VMCS's VM-execution controls before it enters L2, in its order. Each row is a promise.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_check_vm_execution_controls (Linux 6.12.117, 6.1.192, 5.10.13, 5.2).
 */
export const executionChecks = {
  'nested-vmx-pin-controls': {
    says: 'pin-based controls are those that the capability MSRs allow',
    where: 'nested_check_vm_execution_controls',
    fails: ({ read, vcpu }) => !areControlsAllowed(vcpu.vmx, 'pin', read('PIN_BASED_VM_EXEC_CONTROL')),
    broken: { PIN_BASED_VM_EXEC_CONTROL: 0n },
  },
  'nested-vmx-primary-controls': {
    says: 'primary processor-based controls are those that the capability MSRs allow',
    where: 'nested_check_vm_execution_controls',
    fails: ({ read, vcpu }) => !areControlsAllowed(vcpu.vmx, 'primary', read('CPU_BASED_VM_EXEC_CONTROL')),
    broken: { CPU_BASED_VM_EXEC_CONTROL: 0n },
  },
  'nested-vmx-secondary-controls': {
    says: 'secondary processor-based controls, where they count, are those that the capability MSRs allow',
    where: 'nested_check_vm_execution_controls',
    fails: (entry) =>
      hasPrimary(entry, 'SECONDARY_CONTROLS') &&
      !areControlsAllowed(entry.vcpu.vmx, 'secondary', entry.read('SECONDARY_VM_EXEC_CONTROL')),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: 0x8000_0000n },
  },
  'nested-vmx-cr3-targets': {
    says: 'no more CR3-target values are counted than IA32_VMX_MISC says there are',
    where: 'nested_check_vm_execution_controls',
    fails: ({ read, vcpu }) => read('CR3_TARGET_COUNT') > ((vcpu.vmx.IA32_VMX_MISC >> 16n) & 0x1ffn),
    broken: { CR3_TARGET_COUNT: 5n },
  },
  'nested-vmx-io-bitmaps': {
    says: 'both I/O bitmaps, where they are used, are pages that the guest can have',
    where: 'nested_vmx_check_io_bitmap_controls',
    fails: (entry) => hasPrimary(entry, 'USE_IO_BITMAPS') && (noPage(entry, 'IO_BITMAP_A') || noPage(entry, 'IO_BITMAP_B')),
    broken: { CPU_BASED_VM_EXEC_CONTROL: leastPrimary | primary.USE_IO_BITMAPS, IO_BITMAP_B: odd },
  },
  'nested-vmx-msr-bitmap': {
    says: 'the MSR bitmap, where it is used, is a page that the guest can have',
    where: 'nested_vmx_check_msr_bitmap_controls',
    fails: (entry) => hasPrimary(entry, 'USE_MSR_BITMAPS') && noPage(entry, 'MSR_BITMAP'),
    broken: { CPU_BASED_VM_EXEC_CONTROL: leastPrimary | primary.USE_MSR_BITMAPS, MSR_BITMAP: odd },
  },
  'nested-vmx-tpr-shadow': {
    says: 'the virtual-APIC page, where the TPR is shadowed, is a page that the guest can have',
    where: 'nested_vmx_check_tpr_shadow_controls',
    fails: (entry) => hasPrimary(entry, 'TPR_SHADOW') && noPage(entry, 'VIRTUAL_APIC_PAGE_ADDR'),
    broken: { CPU_BASED_VM_EXEC_CONTROL: leastPrimary | primary.TPR_SHADOW, VIRTUAL_APIC_PAGE_ADDR: odd },
  },
  'nested-vmx-apic-access': {
    says: 'the APIC-access page, where accesses are virtualized, is a page that the guest can have',
    where: 'nested_vmx_check_apic_access_controls',
    fails: (entry) => hasSecondary(entry, 'VIRTUALIZE_APIC_ACCESSES') && noPage(entry, 'APIC_ACCESS_ADDR'),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.VIRTUALIZE_APIC_ACCESSES, APIC_ACCESS_ADDR: odd },
  },
  'nested-vmx-x2apic-or-accesses': {
    says: 'x2APIC mode is not virtualized together with accesses to the APIC’s page',
    where: 'nested_vmx_check_apicv_controls',
    fails: (entry) => hasSecondary(entry, 'VIRTUALIZE_X2APIC') && hasSecondary(entry, 'VIRTUALIZE_APIC_ACCESSES'),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withTpr, SECONDARY_VM_EXEC_CONTROL: secondary.VIRTUALIZE_X2APIC | secondary.VIRTUALIZE_APIC_ACCESSES },
  },
  'nested-vmx-virtual-interrupts': {
    says: 'interrupts are delivered virtually only where external ones exit',
    where: 'nested_vmx_check_apicv_controls',
    fails: (entry) => hasSecondary(entry, 'VIRTUAL_INTERRUPTS') && !has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.EXTERNAL_INTERRUPT_EXITING),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withTpr, SECONDARY_VM_EXEC_CONTROL: secondary.VIRTUAL_INTERRUPTS },
  },
  'nested-vmx-posted-without-virtual': {
    says: 'interrupts are posted only where they are delivered virtually',
    where: 'nested_vmx_check_apicv_controls',
    fails: (entry) => has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.POSTED_INTERRUPTS) && !hasSecondary(entry, 'VIRTUAL_INTERRUPTS'),
    broken: { ...posted, SECONDARY_VM_EXEC_CONTROL: 0n },
  },
  'nested-vmx-posted-without-acknowledge': {
    says: 'interrupts are posted only where an exit acknowledges them',
    where: 'nested_vmx_check_apicv_controls',
    fails: (entry) => has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.POSTED_INTERRUPTS) && !has(entry, 'VM_EXIT_CONTROLS', 0x8000n),
    broken: { ...posted, VM_EXIT_CONTROLS: 0x0003_6fffn },
  },
  'nested-vmx-posted-vector': {
    says: 'the vector that notifies of posted interrupts has eight bits',
    where: 'nested_vmx_check_apicv_controls',
    fails: (entry) => has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.POSTED_INTERRUPTS) && has(entry, 'POSTED_INTR_NV', 0xff00n),
    broken: { ...posted, POSTED_INTR_NV: 0x100n },
  },
  'nested-vmx-posted-descriptor': {
    says: 'the descriptor of posted interrupts lies on 64 bytes that the guest can have',
    where: 'nested_vmx_check_apicv_controls',
    fails: (entry) =>
      has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.POSTED_INTERRUPTS) && !isLegal(entry, entry.read('POSTED_INTR_DESC_ADDR'), 64n),
    broken: { ...posted, POSTED_INTR_DESC_ADDR: 0x20n },
  },
  'nested-vmx-apicv-without-tpr': {
    says: 'nothing of the APIC is virtualized without shadowing the TPR',
    where: 'nested_vmx_check_apicv_controls',
    fails: (entry) =>
      !hasPrimary(entry, 'TPR_SHADOW') &&
      (hasSecondary(entry, 'VIRTUALIZE_X2APIC') || hasSecondary(entry, 'APIC_REGISTERS') || hasSecondary(entry, 'VIRTUAL_INTERRUPTS')),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.APIC_REGISTERS },
  },
  'nested-vmx-virtual-nmis': {
    says: 'NMIs are virtual only where they exit',
    where: 'nested_vmx_check_nmi_controls',
    fails: (entry) =>
      !has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.NMI_EXITING) && has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.VIRTUAL_NMIS),
    broken: { PIN_BASED_VM_EXEC_CONTROL: leastPin | pin.VIRTUAL_NMIS },
  },
  'nested-vmx-nmi-window': {
    says: 'an NMI window exits only where NMIs are virtual',
    where: 'nested_vmx_check_nmi_controls',
    fails: (entry) => !has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.VIRTUAL_NMIS) && hasPrimary(entry, 'NMI_WINDOW_EXITING'),
    broken: { CPU_BASED_VM_EXEC_CONTROL: leastPrimary | primary.NMI_WINDOW_EXITING },
  },
  'nested-vmx-pml': {
    says: 'writes are logged only with EPT, to a page that the guest can have',
    where: 'nested_vmx_check_pml_controls',
    fails: (entry) => hasSecondary(entry, 'PML') && (!hasSecondary(entry, 'EPT') || noPage(entry, 'PML_ADDRESS')),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.PML },
  },
  'nested-vmx-unrestricted-without-ept': {
    says: 'a guest is unrestricted only with EPT',
    where: 'nested_vmx_check_unrestricted_guest_controls',
    fails: (entry) => hasSecondary(entry, 'UNRESTRICTED_GUEST') && !hasSecondary(entry, 'EPT'),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.UNRESTRICTED_GUEST },
  },
  'nested-vmx-mode-based-ept': {
    says: 'who executes decides about EPT only with EPT',
    where: 'nested_vmx_check_mode_based_ept_exec_controls',
    fails: (entry) => hasSecondary(entry, 'MODE_BASED_EPT') && !hasSecondary(entry, 'EPT'),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.MODE_BASED_EPT },
    around: { vmx: withModeBasedEpt },
  },
  'nested-vmx-shadow-bitmaps': {
    says: 'the bitmaps of VMREAD and VMWRITE, where VMCSs are shadowed, are pages that the guest can have',
    where: 'nested_vmx_check_shadow_vmcs_controls',
    fails: (entry) => hasSecondary(entry, 'VMCS_SHADOWING') && (noPage(entry, 'VMREAD_BITMAP') || noPage(entry, 'VMWRITE_BITMAP')),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.VMCS_SHADOWING, VMREAD_BITMAP: odd },
  },
  'nested-vmx-vpid-zero': {
    says: 'a virtual processor identifier, where there is one, is not zero',
    where: 'nested_check_vm_execution_controls',
    fails: (entry) => hasSecondary(entry, 'VPID') && entry.read('VIRTUAL_PROCESSOR_ID') === 0n,
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.VPID },
  },
  'nested-vmx-timer-saved': {
    says: 'the VMX-preemption timer is saved only where it is in use',
    where: 'nested_check_vm_execution_controls',
    fails: (entry) => !has(entry, 'PIN_BASED_VM_EXEC_CONTROL', pin.PREEMPTION_TIMER) && has(entry, 'VM_EXIT_CONTROLS', 0x40_0000n),
    broken: { VM_EXIT_CONTROLS: 0x0043_6fffn },
  },
  'nested-vmx-ept-memory-type': {
    says: 'an EPT pointer has a memory type that IA32_VMX_EPT_VPID_CAP allows',
    where: 'nested_vmx_check_eptp',
    fails: (entry) => hasSecondary(entry, 'EPT') && !isEptMemoryType(entry.read('EPT_POINTER') & 7n, entry.vcpu.vmx.IA32_VMX_EPT_VPID_CAP),
    broken: { ...ept, EPT_POINTER: pointer & ~7n },
  },
  'nested-vmx-ept-levels-4': {
    says: 'an EPT pointer walks four levels',
    where: 'nested_vmx_check_eptp',
    lifetime: until({ absentIn: '5.2', presentIn: '5.10' }),
    fails: (entry) => hasSecondary(entry, 'EPT') && ((entry.read('EPT_POINTER') >> 3n) & 7n) !== 3n,
    broken: { ...ept, EPT_POINTER: pointer | 0x38n },
  },
  'nested-vmx-ept-levels': {
    says: 'an EPT pointer walks as many levels as IA32_VMX_EPT_VPID_CAP allows: four or five',
    where: 'nested_vmx_check_eptp',
    lifetime: since({ absentIn: '5.2', presentIn: '5.10' }),
    fails: (entry) => hasSecondary(entry, 'EPT') && !isEptWalk((entry.read('EPT_POINTER') >> 3n) & 7n, entry.vcpu.vmx.IA32_VMX_EPT_VPID_CAP),
    broken: { ...ept, EPT_POINTER: pointer | 0x38n },
  },
  'nested-vmx-ept-reserved': {
    says: 'reserved bits of an EPT pointer are clear',
    where: 'nested_vmx_check_eptp',
    fails: (entry) => hasSecondary(entry, 'EPT') && (has(entry, 'EPT_POINTER', 0xf80n) || !isLegal(entry, entry.read('EPT_POINTER'))),
    broken: { ...ept, EPT_POINTER: pointer | 0x800n },
  },
  'nested-vmx-ept-accessed-dirty': {
    says: 'an EPT pointer asks for accessed and dirty flags only where there are such',
    where: 'nested_vmx_check_eptp',
    fails: (entry) =>
      hasSecondary(entry, 'EPT') && has(entry, 'EPT_POINTER', 0x40n) && (entry.vcpu.vmx.IA32_VMX_EPT_VPID_CAP & 0x20_0000n) === 0n,
    broken: { ...ept, EPT_POINTER: pointer | 0x40n },
    around: { vmx: withoutEptFlags },
  },
  'nested-vmx-vm-functions': {
    says: 'VM functions are those that IA32_VMX_VMFUNC allows',
    where: 'nested_check_vm_execution_controls',
    fails: (entry) => hasSecondary(entry, 'VMFUNC') && (entry.read('VM_FUNCTION_CONTROL') & ~entry.vcpu.vmx.IA32_VMX_VMFUNC) !== 0n,
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.VMFUNC, VM_FUNCTION_CONTROL: 2n },
  },
  'nested-vmx-ept-switching': {
    says: 'EPT pointers are switched only with EPT, from a list on a page that the guest can have',
    where: 'nested_check_vm_execution_controls',
    fails: (entry) =>
      hasSecondary(entry, 'VMFUNC') && has(entry, 'VM_FUNCTION_CONTROL', 1n) && (!hasSecondary(entry, 'EPT') || noPage(entry, 'EPTP_LIST_ADDRESS')),
    broken: { CPU_BASED_VM_EXEC_CONTROL: withSecondary, SECONDARY_VM_EXEC_CONTROL: secondary.VMFUNC, VM_FUNCTION_CONTROL: 1n },
  },
} as const satisfies Readonly<Record<string, VmcsCheck>>
