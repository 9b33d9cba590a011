import { sdm } from '@vmm/source'
import { all, allowed, any, atMost, entry, equals, exit, memory, not, oneOf, ones, page, part, physical, pin, primary, secondary, tertiary, told, zeros } from './condition.ts'
import type { EntryChecks } from './entry-check.ts'
import { longControls } from './sound-vmcs.ts'

const source = sdm('3C', '27.2.1.1', 'VM-Execution Control Fields')
const odd = 0x1001n
const off = (field: 'TPR_THRESHOLD', high: number, low: number) => atMost(part(field, high, low), 0)
const ept = longControls({ secondary: ['EPT'] })
const posted = { primary: ['TPR_SHADOW'], secondary: ['VIRTUAL_INTERRUPTS'], exit: ['ACKNOWLEDGE_INTERRUPT'] } as const
const postedPin = ['EXTERNAL_INTERRUPT_EXITING', 'POSTED_INTERRUPTS'] as const
const beyond = 1n << 46n
const levels = part('EPT_POINTER', 5, 3)
const memoryType = part('EPT_POINTER', 2, 0)

/**
 * Checks of the VM-execution controls, in the manual's order.
 *
 * Source: SDM 3C 27.2.1.1 VM-Execution Control Fields.
 */
export const executionRows = {
  'pin-controls': {
    says: 'pin-based controls are as IA32_VMX_TRUE_PINBASED_CTLS allows',
    source,
    holds: allowed('PIN_BASED_VM_EXEC_CONTROL'),
    kvm: ['nested-vmx-pin-controls'],
    witness: { breaks: [[{ PIN_BASED_VM_EXEC_CONTROL: 0x14n }, { PIN_BASED_VM_EXEC_CONTROL: 0x16n }], [{ PIN_BASED_VM_EXEC_CONTROL: 0x116n }, { PIN_BASED_VM_EXEC_CONTROL: 0x16n }]] },
  },
  'primary-controls': {
    says: 'primary processor-based controls are as IA32_VMX_TRUE_PROCBASED_CTLS allows',
    source,
    holds: allowed('CPU_BASED_VM_EXEC_CONTROL'),
    kvm: ['nested-vmx-primary-controls'],
    witness: { breaks: [[{ CPU_BASED_VM_EXEC_CONTROL: 0x0400_6170n }, { CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n }], [{ CPU_BASED_VM_EXEC_CONTROL: 0x0400_6173n }, { CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n }]] },
  },
  'secondary-controls': {
    says: 'secondary processor-based controls, where they count, are as IA32_VMX_PROCBASED_CTLS2 allows',
    source,
    when: primary('SECONDARY_CONTROLS'),
    holds: allowed('SECONDARY_VM_EXEC_CONTROL'),
    kvm: ['nested-vmx-secondary-controls'],
    witness: { breaks: [[{ ...longControls({ secondary: [] }), SECONDARY_VM_EXEC_CONTROL: 0x2000_0000n }, longControls({})]] },
  },
  'tertiary-controls': {
    says: 'tertiary processor-based controls, where they count, are as IA32_VMX_PROCBASED_CTLS3 allows',
    source,
    when: primary('TERTIARY_CONTROLS'),
    holds: allowed('TERTIARY_VM_EXEC_CONTROL'),
    witness: { breaks: [[{ ...longControls({ tertiary: [] }), TERTIARY_VM_EXEC_CONTROL: 1n << 40n }, longControls({})]] },
  },
  'cr3-targets': {
    says: 'no more CR3-target values are counted than IA32_VMX_MISC says there are',
    source,
    holds: { op: 'told-most', part: part('CR3_TARGET_COUNT', 31, 0), msr: 'IA32_VMX_MISC', low: 16, width: 9 },
    kvm: ['nested-vmx-cr3-targets'],
    witness: { breaks: [[{ CR3_TARGET_COUNT: 5n }, { CR3_TARGET_COUNT: 4n }]] },
  },
  'io-bitmaps': {
    says: 'the addresses of both I/O bitmaps, where they are used, are those of pages',
    source,
    when: primary('USE_IO_BITMAPS'),
    holds: all(page('IO_BITMAP_A'), page('IO_BITMAP_B')),
    kvm: ['nested-vmx-io-bitmaps'],
    witness: {
      breaks: [
        [{ ...longControls({ primary: ['USE_IO_BITMAPS'] }), IO_BITMAP_A: odd }, { IO_BITMAP_A: 0x1000n }],
        [{ ...longControls({ primary: ['USE_IO_BITMAPS'] }), IO_BITMAP_B: beyond }, { IO_BITMAP_B: beyond - 0x1000n }],
      ],
    },
  },
  'msr-bitmap': {
    says: 'the address of the MSR bitmaps, where they are used, is that of a page',
    source,
    when: primary('USE_MSR_BITMAPS'),
    holds: page('MSR_BITMAP'),
    kvm: ['nested-vmx-msr-bitmap'],
    witness: { breaks: [[{ ...longControls({ primary: ['USE_MSR_BITMAPS'] }), MSR_BITMAP: odd }, longControls({})]] },
  },
  'virtual-apic-page': {
    says: 'the address of the virtual-APIC page, where the TPR is shadowed, is that of a page',
    source,
    when: primary('TPR_SHADOW'),
    holds: page('VIRTUAL_APIC_PAGE_ADDR'),
    kvm: ['nested-vmx-tpr-shadow'],
    witness: { breaks: [[{ ...longControls({ primary: ['TPR_SHADOW'] }), VIRTUAL_APIC_PAGE_ADDR: 0x80n }, { VIRTUAL_APIC_PAGE_ADDR: 0n }]] },
  },
  'tpr-threshold-reserved': {
    says: 'the TPR threshold has four bits, where the TPR is shadowed and interrupts are not delivered virtually',
    source,
    when: all(primary('TPR_SHADOW'), not(secondary('VIRTUAL_INTERRUPTS'))),
    holds: off('TPR_THRESHOLD', 31, 4),
    witness: { breaks: [[{ ...longControls({ primary: ['TPR_SHADOW'] }), TPR_THRESHOLD: 0x10n }, { TPR_THRESHOLD: 0n }]] },
  },
  'tpr-threshold': {
    says: 'the TPR threshold is at most the priority in the virtual-APIC page, where neither accesses are virtualized nor interrupts delivered so',
    source,
    when: all(primary('TPR_SHADOW'), not(secondary('VIRTUALIZE_APIC_ACCESSES')), not(secondary('VIRTUAL_INTERRUPTS'))),
    holds: memory('task-priority'),
    witness: {
      facts: { memory: (address) => (address === 0x5080 ? 0x3f : 0) },
      breaks: [[{ ...longControls({ primary: ['TPR_SHADOW'] }), VIRTUAL_APIC_PAGE_ADDR: 0x5000n, TPR_THRESHOLD: 4n }, { TPR_THRESHOLD: 3n }]],
    },
  },
  'apic-without-tpr-shadow': {
    says: 'without shadowing the TPR, there is no virtualization of x2APIC mode, APIC registers or interrupt delivery',
    source,
    when: not(primary('TPR_SHADOW')),
    holds: not(any(secondary('VIRTUALIZE_X2APIC'), secondary('APIC_REGISTERS'), secondary('VIRTUAL_INTERRUPTS'))),
    kvm: ['nested-vmx-apicv-without-tpr'],
    witness: {
      breaks: [
        [longControls({ secondary: ['VIRTUALIZE_X2APIC'] }), longControls({ secondary: [] })],
        [longControls({ secondary: ['APIC_REGISTERS'] }), longControls({ primary: ['TPR_SHADOW'], secondary: ['APIC_REGISTERS'] })],
        [longControls({ pin: ['EXTERNAL_INTERRUPT_EXITING'], secondary: ['VIRTUAL_INTERRUPTS'] }), longControls({ pin: ['EXTERNAL_INTERRUPT_EXITING'], secondary: [] })],
      ],
    },
  },
  'virtual-nmis': {
    says: 'NMIs are virtual only where they exit',
    source,
    when: pin('VIRTUAL_NMIS'),
    holds: pin('NMI_EXITING'),
    kvm: ['nested-vmx-virtual-nmis'],
    witness: { breaks: [[longControls({ pin: ['VIRTUAL_NMIS'] }), longControls({ pin: ['VIRTUAL_NMIS', 'NMI_EXITING'] })]] },
  },
  'nmi-window': {
    says: 'an NMI window exits only where NMIs are virtual',
    source,
    when: primary('NMI_WINDOW_EXITING'),
    holds: pin('VIRTUAL_NMIS'),
    kvm: ['nested-vmx-nmi-window'],
    witness: { breaks: [[longControls({ pin: ['NMI_EXITING'], primary: ['NMI_WINDOW_EXITING'] }), longControls({ pin: ['NMI_EXITING', 'VIRTUAL_NMIS'], primary: ['NMI_WINDOW_EXITING'] })]] },
  },
  'apic-access-page': {
    says: 'the APIC-access address, where accesses are virtualized, is that of a page',
    source,
    when: secondary('VIRTUALIZE_APIC_ACCESSES'),
    holds: page('APIC_ACCESS_ADDR'),
    kvm: ['nested-vmx-apic-access'],
    witness: { breaks: [[{ ...longControls({ secondary: ['VIRTUALIZE_APIC_ACCESSES'] }), APIC_ACCESS_ADDR: beyond }, { APIC_ACCESS_ADDR: 0xfee0_0000n }]] },
  },
  'x2apic-or-accesses': {
    says: 'x2APIC mode is not virtualized together with accesses to the APIC’s page',
    source,
    when: secondary('VIRTUALIZE_X2APIC'),
    holds: not(secondary('VIRTUALIZE_APIC_ACCESSES')),
    kvm: ['nested-vmx-x2apic-or-accesses'],
    witness: { breaks: [[longControls({ primary: ['TPR_SHADOW'], secondary: ['VIRTUALIZE_X2APIC', 'VIRTUALIZE_APIC_ACCESSES'] }), longControls({ primary: ['TPR_SHADOW'], secondary: ['VIRTUALIZE_X2APIC'] })]] },
  },
  'virtual-interrupts': {
    says: 'interrupts are delivered virtually only where external ones exit',
    source,
    when: secondary('VIRTUAL_INTERRUPTS'),
    holds: pin('EXTERNAL_INTERRUPT_EXITING'),
    kvm: ['nested-vmx-virtual-interrupts'],
    witness: { breaks: [[longControls(posted), longControls({ ...posted, pin: ['EXTERNAL_INTERRUPT_EXITING'] })]] },
  },
  'posted-without-virtual': {
    says: 'interrupts are posted only where they are delivered virtually',
    source,
    when: pin('POSTED_INTERRUPTS'),
    holds: secondary('VIRTUAL_INTERRUPTS'),
    kvm: ['nested-vmx-posted-without-virtual'],
    witness: { breaks: [[longControls({ ...posted, pin: postedPin, secondary: [] }), longControls({ ...posted, pin: postedPin })]] },
  },
  'posted-without-acknowledge': {
    says: 'interrupts are posted only where an exit acknowledges them',
    source,
    when: pin('POSTED_INTERRUPTS'),
    holds: exit('ACKNOWLEDGE_INTERRUPT'),
    kvm: ['nested-vmx-posted-without-acknowledge'],
    witness: { breaks: [[longControls({ ...posted, pin: postedPin, exit: [] }), longControls({ ...posted, pin: postedPin })]] },
  },
  'posted-vector': {
    says: 'the vector that notifies of posted interrupts has eight bits',
    source,
    when: pin('POSTED_INTERRUPTS'),
    holds: atMost(part('POSTED_INTR_NV', 15, 0), 255),
    kvm: ['nested-vmx-posted-vector'],
    witness: { breaks: [[{ ...longControls({ ...posted, pin: postedPin }), POSTED_INTR_NV: 0x100n }, { POSTED_INTR_NV: 0xffn }]] },
  },
  'posted-descriptor': {
    says: 'the posted-interrupt descriptor lies on 64 bytes',
    source,
    when: pin('POSTED_INTERRUPTS'),
    holds: physical('POSTED_INTR_DESC_ADDR', 6),
    kvm: ['nested-vmx-posted-descriptor'],
    witness: {
      breaks: [
        [{ ...longControls({ ...posted, pin: postedPin }), POSTED_INTR_DESC_ADDR: 0x20n }, { POSTED_INTR_DESC_ADDR: 0x40n }],
        [{ ...longControls({ ...posted, pin: postedPin }), POSTED_INTR_DESC_ADDR: beyond }, { POSTED_INTR_DESC_ADDR: beyond - 64n }],
      ],
    },
  },
  'vpid-zero': {
    says: 'a virtual-processor identifier, where there is one, is not 0',
    source,
    when: secondary('VPID'),
    holds: not(equals('VIRTUAL_PROCESSOR_ID', 0n)),
    kvm: ['nested-vmx-vpid-zero'],
    witness: { breaks: [[longControls({ secondary: ['VPID'] }), { VIRTUAL_PROCESSOR_ID: 1n }]] },
  },
  'ept-memory-type': {
    says: 'an EPT pointer has a memory type that IA32_VMX_EPT_VPID_CAP allows',
    source,
    when: secondary('EPT'),
    holds: any(all(oneOf(memoryType, 0), told('IA32_VMX_EPT_VPID_CAP', 1n << 8n)), all(oneOf(memoryType, 6), told('IA32_VMX_EPT_VPID_CAP', 1n << 14n))),
    kvm: ['nested-vmx-ept-memory-type'],
    witness: { breaks: [[{ ...ept, EPT_POINTER: 0x1018n }, { EPT_POINTER: 0x101en }], [{ ...ept, EPT_POINTER: 0x101dn }, { EPT_POINTER: 0x101en }]] },
  },
  'ept-levels': {
    says: 'an EPT pointer walks as many levels as IA32_VMX_EPT_VPID_CAP allows',
    source,
    when: secondary('EPT'),
    holds: any(all(oneOf(levels, 3), told('IA32_VMX_EPT_VPID_CAP', 1n << 6n)), all(oneOf(levels, 4), told('IA32_VMX_EPT_VPID_CAP', 1n << 7n))),
    kvm: ['nested-vmx-ept-levels', 'nested-vmx-ept-levels-4'],
    witness: { breaks: [[{ ...ept, EPT_POINTER: 0x1016n }, { EPT_POINTER: 0x101en }], [{ ...ept, EPT_POINTER: 0x102en }, { EPT_POINTER: 0x1026n }]] },
  },
  'ept-accessed-dirty': {
    says: 'an EPT pointer asks for accessed and dirty flags only where there are such',
    source,
    when: all(secondary('EPT'), not(told('IA32_VMX_EPT_VPID_CAP', 1n << 21n))),
    holds: zeros('EPT_POINTER', 0x40n),
    kvm: ['nested-vmx-ept-accessed-dirty'],
    witness: { processor: { without: ['IA32_VMX_EPT_VPID_CAP', 1n << 21n] }, breaks: [[{ ...ept, EPT_POINTER: 0x105en }, { EPT_POINTER: 0x101en }]] },
  },
  'ept-shadow-stacks': {
    says: 'an EPT pointer asks for supervisor shadow-stack pages only where there are such',
    source,
    when: all(secondary('EPT'), not(told('IA32_VMX_EPT_VPID_CAP', 1n << 23n))),
    holds: zeros('EPT_POINTER', 0x80n),
    kvm: ['nested-vmx-ept-reserved'],
    witness: { processor: { without: ['IA32_VMX_EPT_VPID_CAP', 1n << 23n] }, breaks: [[{ ...ept, EPT_POINTER: 0x109en }, { EPT_POINTER: 0x101en }]] },
  },
  'ept-reserved': {
    says: 'reserved bits of an EPT pointer are clear: 11:8, and those beyond the physical-address width',
    source,
    when: secondary('EPT'),
    holds: all(zeros('EPT_POINTER', 0xf00n), physical('EPT_POINTER')),
    kvm: ['nested-vmx-ept-reserved'],
    witness: { breaks: [[{ ...ept, EPT_POINTER: 0x111en }, { EPT_POINTER: 0x101en }], [{ ...ept, EPT_POINTER: beyond | 0x1en }, { EPT_POINTER: 0x101en }]] },
  },
  'pml-without-ept': {
    says: 'page modifications are logged only with EPT',
    source,
    when: secondary('PML'),
    holds: secondary('EPT'),
    kvm: ['nested-vmx-pml'],
    witness: { breaks: [[longControls({ secondary: ['PML'] }), longControls({ secondary: ['PML', 'EPT'] })]] },
  },
  'pml-page': {
    says: 'the page-modification log lies on a page',
    source,
    when: secondary('PML'),
    holds: page('PML_ADDRESS'),
    kvm: ['nested-vmx-pml'],
    witness: { breaks: [[{ ...longControls({ secondary: ['PML', 'EPT'] }), PML_ADDRESS: odd }, { PML_ADDRESS: 0x1000n }]] },
  },
  'unrestricted-without-ept': {
    says: 'a guest is unrestricted only with EPT',
    source,
    when: secondary('UNRESTRICTED_GUEST'),
    holds: secondary('EPT'),
    kvm: ['nested-vmx-unrestricted-without-ept'],
    witness: { breaks: [[longControls({ secondary: ['UNRESTRICTED_GUEST'] }), longControls({ secondary: ['UNRESTRICTED_GUEST', 'EPT'] })]] },
  },
  'mode-based-without-ept': {
    says: 'who executes decides about EPT only with EPT',
    source,
    when: secondary('MODE_BASED_EPT'),
    holds: secondary('EPT'),
    kvm: ['nested-vmx-mode-based-ept'],
    witness: { breaks: [[longControls({ secondary: ['MODE_BASED_EPT'] }), longControls({ secondary: ['MODE_BASED_EPT', 'EPT'] })]] },
  },
  'sub-page-without-ept': {
    says: 'parts of pages are written only with EPT',
    source,
    when: secondary('SUB_PAGE_WRITE'),
    holds: secondary('EPT'),
    witness: { breaks: [[longControls({ secondary: ['SUB_PAGE_WRITE'] }), longControls({ secondary: ['SUB_PAGE_WRITE', 'EPT'] })]] },
  },
  'sub-page-table': {
    says: 'the sub-page-permission table lies on a page',
    source,
    when: secondary('SUB_PAGE_WRITE'),
    holds: page('SPPTP'),
    witness: { breaks: [[{ ...longControls({ secondary: ['SUB_PAGE_WRITE', 'EPT'] }), SPPTP: odd }, { SPPTP: 0x1000n }]] },
  },
  'vm-functions': {
    says: 'VM functions are those that IA32_VMX_VMFUNC allows',
    source,
    when: secondary('VMFUNC'),
    holds: allowed('VM_FUNCTION_CONTROL'),
    kvm: ['nested-vmx-vm-functions'],
    witness: { breaks: [[{ ...longControls({ secondary: ['VMFUNC'] }), VM_FUNCTION_CONTROL: 2n }, { VM_FUNCTION_CONTROL: 0n }]] },
  },
  'ept-switching-without-ept': {
    says: 'EPT pointers are switched only with EPT',
    source,
    when: all(secondary('VMFUNC'), ones('VM_FUNCTION_CONTROL', 1n)),
    holds: secondary('EPT'),
    kvm: ['nested-vmx-ept-switching'],
    witness: { breaks: [[{ ...longControls({ secondary: ['VMFUNC'] }), VM_FUNCTION_CONTROL: 1n }, longControls({ secondary: ['VMFUNC', 'EPT'] })]] },
  },
  'ept-switching-list': {
    says: 'the list of EPT pointers lies on a page',
    source,
    when: all(secondary('VMFUNC'), ones('VM_FUNCTION_CONTROL', 1n)),
    holds: page('EPTP_LIST_ADDRESS'),
    kvm: ['nested-vmx-ept-switching'],
    witness: { breaks: [[{ ...longControls({ secondary: ['VMFUNC', 'EPT'] }), VM_FUNCTION_CONTROL: 1n, EPTP_LIST_ADDRESS: odd }, { EPTP_LIST_ADDRESS: 0x1000n }]] },
  },
  'shadow-bitmaps': {
    says: 'the bitmaps of VMREAD and VMWRITE, where VMCSs are shadowed, lie on pages',
    source,
    when: secondary('VMCS_SHADOWING'),
    holds: all(page('VMREAD_BITMAP'), page('VMWRITE_BITMAP')),
    kvm: ['nested-vmx-shadow-bitmaps'],
    witness: {
      breaks: [
        [{ ...longControls({ secondary: ['VMCS_SHADOWING'] }), VMREAD_BITMAP: odd }, { VMREAD_BITMAP: 0x1000n }],
        [{ ...longControls({ secondary: ['VMCS_SHADOWING'] }), VMWRITE_BITMAP: odd }, { VMWRITE_BITMAP: 0x1000n }],
      ],
    },
  },
  've-information': {
    says: 'the virtualization-exception information area lies on a page',
    source,
    when: secondary('EPT_VIOLATION_VE'),
    holds: page('VE_INFORMATION_ADDRESS'),
    witness: { breaks: [[{ ...longControls({ secondary: ['EPT_VIOLATION_VE'] }), VE_INFORMATION_ADDRESS: odd }, { VE_INFORMATION_ADDRESS: 0x1000n }]] },
  },
  'trace-addresses': {
    says: 'Processor Trace uses guest-physical addresses only with EPT, and where entries load and exits clear IA32_RTIT_CTL',
    source,
    when: secondary('PT_USES_GPA'),
    holds: all(secondary('EPT'), entry('LOAD_RTIT_CTL'), exit('CLEAR_RTIT_CTL')),
    witness: {
      breaks: [
        [longControls({ secondary: ['PT_USES_GPA'], entry: ['LOAD_RTIT_CTL'], exit: ['CLEAR_RTIT_CTL'] }), longControls({ secondary: ['PT_USES_GPA', 'EPT'], entry: ['LOAD_RTIT_CTL'], exit: ['CLEAR_RTIT_CTL'] })],
        [longControls({ secondary: ['PT_USES_GPA', 'EPT'], exit: ['CLEAR_RTIT_CTL'] }), longControls({ secondary: ['EPT'], exit: ['CLEAR_RTIT_CTL'] })],
        [longControls({ secondary: ['PT_USES_GPA', 'EPT'], entry: ['LOAD_RTIT_CTL'] }), longControls({ secondary: ['EPT'], entry: ['LOAD_RTIT_CTL'] })],
      ],
    },
  },
  'tsc-multiplier': {
    says: 'the TSC multiplier, where the TSC is scaled, is not 0',
    source,
    when: secondary('TSC_SCALING'),
    holds: not(zeros('TSC_MULTIPLIER')),
    witness: { breaks: [[{ ...longControls({ secondary: ['TSC_SCALING'] }), TSC_MULTIPLIER: 0n }, { TSC_MULTIPLIER: 1n }]] },
  },
  'pasid-directories': {
    says: 'the PASID directories, where PASIDs are translated, lie on pages',
    source,
    when: secondary('PASID_TRANSLATION'),
    holds: all(page('LOW_PASID_DIRECTORY_ADDRESS'), page('HIGH_PASID_DIRECTORY_ADDRESS')),
    witness: {
      breaks: [
        [{ ...longControls({ secondary: ['PASID_TRANSLATION'] }), LOW_PASID_DIRECTORY_ADDRESS: odd }, { LOW_PASID_DIRECTORY_ADDRESS: 0x1000n }],
        [{ ...longControls({ secondary: ['PASID_TRANSLATION'] }), HIGH_PASID_DIRECTORY_ADDRESS: odd }, { HIGH_PASID_DIRECTORY_ADDRESS: 0x1000n }],
      ],
    },
  },
  'tertiary-without-ept': {
    says: 'HLAT paging, and paging that EPT lets write or verifies, are only with EPT',
    source,
    when: any(tertiary('HLAT'), tertiary('EPT_PAGING_WRITE'), tertiary('GUEST_PAGING_VERIFICATION')),
    holds: secondary('EPT'),
    witness: { breaks: [[longControls({ tertiary: ['EPT_PAGING_WRITE'] }), longControls({ secondary: ['EPT'], tertiary: ['EPT_PAGING_WRITE'] })]] },
  },
  'hlat-pointer': {
    says: 'reserved bits of the HLAT pointer are clear: 2:0, 11:5, and those beyond the physical-address width',
    source,
    when: tertiary('HLAT'),
    holds: all(zeros('HLAT_POINTER', 0xfe7n), physical('HLAT_POINTER')),
    witness: { breaks: [[{ ...longControls({ secondary: ['EPT'], tertiary: ['HLAT'] }), HLAT_POINTER: 0x1020n }, { HLAT_POINTER: 0x1018n }]] },
  },
  'pid-pointers': {
    says: 'the PID-pointer table lies on eight bytes, all of it within the physical-address width',
    source,
    when: tertiary('IPI_VIRTUALIZATION'),
    holds: all(physical('PID_POINTER_TABLE', 3), { op: 'list', count: part('LAST_PID_POINTER_INDEX', 15, 0), address: 'PID_POINTER_TABLE', bytes: 8, more: 1 }),
    witness: {
      breaks: [
        [{ ...longControls({ tertiary: ['IPI_VIRTUALIZATION'] }), PID_POINTER_TABLE: 4n }, { PID_POINTER_TABLE: 8n }],
        [{ ...longControls({ tertiary: ['IPI_VIRTUALIZATION'] }), PID_POINTER_TABLE: beyond - 8n, LAST_PID_POINTER_INDEX: 1n }, { LAST_PID_POINTER_INDEX: 0n }],
      ],
    },
  },
} as const satisfies EntryChecks
