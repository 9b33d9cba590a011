import type { TransitionFacts } from '@vmm/nested-vmx'

/** CR0.PG and PE; CR4.PAE; RFLAGS.VM; the privilege level of SS. */
const [paging, protectedMode, physicalAddresses, virtualMode, privilege] = [1 << 31, 1, 0x20, 0x2_0000, 0x60] as const

/** Controls decide about both. */
const controls = [
  ['PIN_BASED_VM_EXEC_CONTROL'],
  ['CPU_BASED_VM_EXEC_CONTROL'],
  ['SECONDARY_VM_EXEC_CONTROL'],
  ['VM_ENTRY_CONTROLS'],
  ['VM_EXIT_CONTROLS'],
] as const

/**
 * What `saveGuest`, `saveNonRegisters`, `clearNonRegisters` and `loadHost` go by, and what they make of it.
 *
 * Source: SDM 3C 28.3 Saving Guest State; 28.5 Loading Host State.
 */
export const exitFacts: TransitionFacts = {
  looksAt: [
    ...controls,
    ['VM_EXIT_MSR_STORE_COUNT'],
    ['IA32_EFER'],
    ['CR0', paging],
    ['CR4', physicalAddresses],
    ['DR7'],
    ['SHADOW'],
    ['SHADOW_KIND'],
    ['NMI_BLOCKED'],
    ['PENDING_DEBUG'],
    ['MONITOR'],
    ['HOST_IA32_EFER'],
    ['HOST_CR0', paging],
    ['HOST_CR4', physicalAddresses],
    ['GUEST_IA32_EFER'],
    ['GUEST_DR7'],
  ],
  makes: [
    'VM_ENTRY_CONTROLS',
    'GUEST_IA32_EFER',
    'GUEST_DR7',
    'GUEST_INTERRUPTIBILITY_INFO',
    'GUEST_PENDING_DBG_EXCEPTIONS',
    'GUEST_ACTIVITY_STATE',
    'IA32_EFER',
    'CS.access',
    'CR0_REQUIRED',
    'CR4_REQUIRED',
    'PENDING_DEBUG',
    'REPEATING',
    'UNSTEPPED',
  ],
}

/**
 * What `loadGuest` and `loadNonRegisters` go by, and what they make of it.
 *
 * Source: SDM 3C 27.3.2 Loading Guest State.
 */
export const entryFacts: TransitionFacts = {
  looksAt: [
    ...controls,
    ['IA32_EFER'],
    ['DR7'],
    ['EPT_CONTROLS'],
    ['SHADOW'],
    ['MONITOR'],
    ['VM_ENTRY_MSR_LOAD_COUNT'],
    ['APIC_ACCESS_ADDR'],
    ['GUEST_IA32_EFER'],
    ['GUEST_DR7'],
    ['GUEST_CR0', paging | protectedMode],
    ['GUEST_CR4', physicalAddresses],
    ['GUEST_RFLAGS', virtualMode],
    ['GUEST_SS_AR_BYTES', privilege],
    ['GUEST_INTERRUPTIBILITY_INFO'],
    ['GUEST_PENDING_DBG_EXCEPTIONS'],
    ['GUEST_ACTIVITY_STATE'],
  ],
  makes: [
    'IA32_EFER',
    'DR7',
    'VMX',
    'CR0_REQUIRED',
    'CR4_REQUIRED',
    'APIC_ACCESS',
    'EPT_CONTROLS',
    'CPL',
    'SHADOW_KIND',
    'NMI_BLOCKED',
    'PENDING_DEBUG',
    'REPEATING',
    'UNSTEPPED',
  ],
}
