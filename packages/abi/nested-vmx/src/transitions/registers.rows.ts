import type { Vmcs12Field } from '../vmcs12/vmcs12.ts'
import type { MovedRegister } from './moved-fields.ts'

type Row = readonly [field: Vmcs12Field, register: MovedRegister]

/**
 * Guest state that is the same in a VMCS and in a processor: what an entry loads and an exit saves without looking at it.
 * Segments have their access rights in the form of VMX in both. CR0 is as it is written: that ET is one is the processors' affair, and
 * KVM tells of it what L1 said.
 *
 * Source: SDM 3C 25.4.1 Guest Register State; 27.3.2 Loading Guest State; 28.3 Saving Guest State.
 */
export const guestRegisters = [
  ['GUEST_ES_SELECTOR',   'ES.selector'],
  ['GUEST_ES_BASE',       'ES.base'],
  ['GUEST_ES_LIMIT',      'ES.limit'],
  ['GUEST_ES_AR_BYTES',   'ES.access'],
  ['GUEST_CS_SELECTOR',   'CS.selector'],
  ['GUEST_CS_BASE',       'CS.base'],
  ['GUEST_CS_LIMIT',      'CS.limit'],
  ['GUEST_CS_AR_BYTES',   'CS.access'],
  ['GUEST_SS_SELECTOR',   'SS.selector'],
  ['GUEST_SS_BASE',       'SS.base'],
  ['GUEST_SS_LIMIT',      'SS.limit'],
  ['GUEST_SS_AR_BYTES',   'SS.access'],
  ['GUEST_DS_SELECTOR',   'DS.selector'],
  ['GUEST_DS_BASE',       'DS.base'],
  ['GUEST_DS_LIMIT',      'DS.limit'],
  ['GUEST_DS_AR_BYTES',   'DS.access'],
  ['GUEST_FS_SELECTOR',   'FS.selector'],
  ['GUEST_FS_BASE',       'FS.base'],
  ['GUEST_FS_LIMIT',      'FS.limit'],
  ['GUEST_FS_AR_BYTES',   'FS.access'],
  ['GUEST_GS_SELECTOR',   'GS.selector'],
  ['GUEST_GS_BASE',       'GS.base'],
  ['GUEST_GS_LIMIT',      'GS.limit'],
  ['GUEST_GS_AR_BYTES',   'GS.access'],
  ['GUEST_LDTR_SELECTOR', 'LDTR.selector'],
  ['GUEST_LDTR_BASE',     'LDTR.base'],
  ['GUEST_LDTR_LIMIT',    'LDTR.limit'],
  ['GUEST_LDTR_AR_BYTES', 'LDTR.access'],
  ['GUEST_TR_SELECTOR',   'TR.selector'],
  ['GUEST_TR_BASE',       'TR.base'],
  ['GUEST_TR_LIMIT',      'TR.limit'],
  ['GUEST_TR_AR_BYTES',   'TR.access'],
  ['GUEST_GDTR_BASE',     'GDTR.base'],
  ['GUEST_GDTR_LIMIT',    'GDTR.limit'],
  ['GUEST_IDTR_BASE',     'IDTR.base'],
  ['GUEST_IDTR_LIMIT',    'IDTR.limit'],
  ['GUEST_SYSENTER_CS',   'IA32_SYSENTER_CS'],
  ['GUEST_SYSENTER_ESP',  'IA32_SYSENTER_ESP'],
  ['GUEST_SYSENTER_EIP',  'IA32_SYSENTER_EIP'],
  ['GUEST_CR0',           'CR0'],
  ['GUEST_CR3',           'CR3'],
  ['GUEST_CR4',           'CR4'],
  ['GUEST_RIP',           'RIP'],
  ['GUEST_RFLAGS',        'RFLAGS'],
  ['GUEST_RSP',           'RSP'],
] as const satisfies readonly Row[]

/**
 * State of CET, where a processor has that: every exit saves it, and an entry loads it where its controls say so.
 *
 * Source: SDM 3C 27.3.2.1 Loading Guest Control Registers, Debug Registers, and MSRs; 28.3 Saving Guest State.
 */
export const guestEnforcement = [
  ['GUEST_S_CET',          'IA32_S_CET'],
  ['GUEST_SSP',            'SSP'],
  ['GUEST_INTR_SSP_TABLE', 'IA32_INTERRUPT_SSP_TABLE_ADDR'],
] as const satisfies readonly Row[]

/**
 * What PAE paging keeps of its uppermost entries: with EPT they are in the VMCS.
 *
 * Source: SDM 3C 25.4.2 Guest Non-Register State.
 */
export const guestPagePointers = [
  ['GUEST_PDPTR0', 'PDPTE0'],
  ['GUEST_PDPTR1', 'PDPTE1'],
  ['GUEST_PDPTR2', 'PDPTE2'],
  ['GUEST_PDPTR3', 'PDPTE3'],
] as const satisfies readonly Row[]

/**
 * What an entry gives to the processor of the controls, beside guest state.
 *
 * Source: SDM 3C 25.6.6 Guest/Host Masks and Read Shadows for CR0 and CR4.
 */
export const guestControls = [
  ['CR0_GUEST_HOST_MASK', 'CR0_MASK'],
  ['CR0_READ_SHADOW',     'CR0_SHADOW'],
  ['CR4_GUEST_HOST_MASK', 'CR4_MASK'],
  ['CR4_READ_SHADOW',     'CR4_SHADOW'],
] as const satisfies readonly Row[]

/**
 * What an entry gives to the processor of its second-level paging, where it has that.
 *
 * Source: SDM 3C 25.6.11 Extended-Page-Table Pointer (EPTP).
 */
export const guestSecondLevel = [
  ['EPT_POINTER', 'EPTP'],
] as const satisfies readonly Row[]

/**
 * What an exit loads of the host-state area as it is.
 *
 * Source: SDM 3C 28.5 Loading Host State.
 */
export const hostRegisters = [
  ['HOST_CR0',               'CR0'],
  ['HOST_CR3',               'CR3'],
  ['HOST_CR4',               'CR4'],
  ['HOST_IA32_SYSENTER_CS',  'IA32_SYSENTER_CS'],
  ['HOST_IA32_SYSENTER_ESP', 'IA32_SYSENTER_ESP'],
  ['HOST_IA32_SYSENTER_EIP', 'IA32_SYSENTER_EIP'],
  ['HOST_ES_SELECTOR',       'ES.selector'],
  ['HOST_CS_SELECTOR',       'CS.selector'],
  ['HOST_SS_SELECTOR',       'SS.selector'],
  ['HOST_DS_SELECTOR',       'DS.selector'],
  ['HOST_FS_SELECTOR',       'FS.selector'],
  ['HOST_GS_SELECTOR',       'GS.selector'],
  ['HOST_TR_SELECTOR',       'TR.selector'],
  ['HOST_FS_BASE',           'FS.base'],
  ['HOST_GS_BASE',           'GS.base'],
  ['HOST_TR_BASE',           'TR.base'],
  ['HOST_GDTR_BASE',         'GDTR.base'],
  ['HOST_IDTR_BASE',         'IDTR.base'],
  ['HOST_RIP',               'RIP'],
  ['HOST_RSP',               'RSP'],
] as const satisfies readonly Row[]

/**
 * State of CET that an exit loads of the host-state area where its controls say so: else it stays.
 *
 * Source: SDM 3C 28.5 Loading Host State.
 */
export const hostEnforcement = [
  ['HOST_S_CET',          'IA32_S_CET'],
  ['HOST_SSP',            'SSP'],
  ['HOST_INTR_SSP_TABLE', 'IA32_INTERRUPT_SSP_TABLE_ADDR'],
] as const satisfies readonly Row[]
