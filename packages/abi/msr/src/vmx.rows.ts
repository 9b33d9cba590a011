import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { type Msr, msr } from './msr.ts'

const basic = sdm('3D', 'A.1', 'Basic VMX Information')
const pin = sdm('3D', 'A.3.1', 'Pin-Based VM-Execution Controls')
const primary = sdm('3D', 'A.3.2', 'Primary Processor-Based VM-Execution Controls')
const secondary = sdm('3D', 'A.3.3', 'Secondary Processor-Based VM-Execution Controls')
const tertiary = sdm('3D', 'A.3.4', 'Tertiary Processor-Based VM-Execution Controls')
const exits = sdm('3D', 'A.4.1', 'Primary VM-Exit Controls')
const moreExits = sdm('3D', 'A.4.2', 'Secondary VM-Exit Controls')
const entries = sdm('3D', 'A.5', 'VM-Entry Controls')
const misc = sdm('3D', 'A.6', 'Miscellaneous Data')
const cr0 = sdm('3D', 'A.7', 'VMX-Fixed Bits in CR0')
const cr4 = sdm('3D', 'A.8', 'VMX-Fixed Bits in CR4')
const enumeration = sdm('3D', 'A.9', 'VMCS Enumeration')
const translation = sdm('3D', 'A.10', 'VPID and EPT Capabilities')
const functions = sdm('3D', 'A.11', 'VM Functions')

const needs = ['VMX'] as const

/** The low half says which controls must be 1, the high half which may be. */
const controls = (index: number, name: string, source: typeof pin): Msr =>
  msr(index, name, source, 'plain', {
    needs,
    access: 'read-only',
    fields: { ALLOWED_0: bits(31, 0, 'Controls that must be 1'), ALLOWED_1: bits(63, 32, 'Controls that may be 1') },
  })

const fixedBits = (index: number, name: string, source: typeof pin): Msr => msr(index, name, source, 'plain', { needs, access: 'read-only' })

export const vmxMsrs = [
  msr(0x480, 'IA32_VMX_BASIC', basic, 'plain', {
    needs,
    access: 'read-only',
    fields: {
      REVISION:           bits(30,  0, 'VMCS revision identifier'),
      VMCS_SIZE:          bits(44, 32, 'Bytes of a VMCS or VMXON region'),
      ADDRESS_32:         bit (48,     'Physical addresses of VMX structures have 32 bits'),
      DUAL_MONITOR:       bit (49,     'Dual-monitor treatment of SMM'),
      MEMORY_TYPE:        bits(53, 50, 'Memory type of the VMCS'),
      INS_OUTS:           bit (54,     'VM exits tell of INS and OUTS'),
      TRUE_CONTROLS:      bit (55,     'Default 1 controls may be 0'),
      ANY_ERROR_CODE:     bit (56,     'Exceptions can be injected with or without an error code'),
    },
  }),
  controls(0x481, 'IA32_VMX_PINBASED_CTLS',  pin),
  controls(0x482, 'IA32_VMX_PROCBASED_CTLS', primary),
  controls(0x483, 'IA32_VMX_EXIT_CTLS',      exits),
  controls(0x484, 'IA32_VMX_ENTRY_CTLS',     entries),
  msr(0x485, 'IA32_VMX_MISC', misc, 'plain', {
    needs,
    access: 'read-only',
    fields: {
      TIMER_RATE:         bits( 4,  0, 'The VMX-preemption timer counts by this bit of the TSC'),
      SAVE_LMA:           bit ( 5,     'VM exits store IA32_EFER.LMA in the VM-entry controls'),
      HLT_STATE:          bit ( 6,     'Activity state HLT'),
      SHUTDOWN_STATE:     bit ( 7,     'Activity state shutdown'),
      WAIT_FOR_SIPI:      bit ( 8,     'Activity state wait-for-SIPI'),
      PT_IN_VMX:          bit (14,     'Processor Trace in VMX operation'),
      SMBASE_READABLE:    bit (15,     'RDMSR reads IA32_SMBASE in SMM'),
      CR3_TARGETS:        bits(24, 16, 'CR3-target values'),
      MSR_LIST_SIZE:      bits(27, 25, '512 times one more than this MSRs are recommended in a list'),
      BLOCK_SMI:          bit (28,     'IA32_SMM_MONITOR_CTL bit 2'),
      VMWRITE_ANY:        bit (29,     'VMWRITE writes VM-exit information fields'),
      INJECT_LENGTH_0:    bit (30,     'Software events can be injected with instruction length 0'),
      MSEG_REVISION:      bits(63, 32, 'MSEG revision identifier'),
    },
  }),
  fixedBits(0x486, 'IA32_VMX_CR0_FIXED0', cr0),
  fixedBits(0x487, 'IA32_VMX_CR0_FIXED1', cr0),
  fixedBits(0x488, 'IA32_VMX_CR4_FIXED0', cr4),
  fixedBits(0x489, 'IA32_VMX_CR4_FIXED1', cr4),
  msr(0x48a, 'IA32_VMX_VMCS_ENUM', enumeration, 'plain', {
    needs,
    access: 'read-only',
    fields: { HIGHEST_INDEX: bits(9, 1, 'Highest index of a VMCS field’s encoding') },
  }),
  controls(0x48b, 'IA32_VMX_PROCBASED_CTLS2', secondary),
  msr(0x48c, 'IA32_VMX_EPT_VPID_CAP', translation, 'plain', {
    needs,
    access: 'read-only',
    fields: {
      EXECUTE_ONLY:           bit ( 0,     'EPT entries may allow nothing but fetches'),
      LEVELS_4:               bit ( 6,     'EPT walks of four levels'),
      LEVELS_5:               bit ( 7,     'EPT walks of five levels'),
      UNCACHEABLE:            bit ( 8,     'EPT structures may be uncacheable'),
      WRITE_BACK:             bit (14,     'EPT structures may be write-back'),
      PAGES_2M:               bit (16,     'EPT maps pages of 2 MBytes'),
      PAGES_1G:               bit (17,     'EPT maps pages of 1 GByte'),
      INVEPT:                 bit (20,     'INVEPT'),
      ACCESSED_DIRTY:         bit (21,     'Accessed and dirty flags for EPT'),
      VIOLATION_INFORMATION:  bit (22,     'EPT violations tell of the linear address’s page'),
      SHADOW_STACKS:          bit (23,     'Supervisor shadow-stack pages'),
      INVEPT_SINGLE:          bit (25,     'INVEPT of a single context'),
      INVEPT_ALL:             bit (26,     'INVEPT of all contexts'),
      INVVPID:                bit (32,     'INVVPID'),
      INVVPID_ADDRESS:        bit (40,     'INVVPID of an individual address'),
      INVVPID_SINGLE:         bit (41,     'INVVPID of a single context'),
      INVVPID_ALL:            bit (42,     'INVVPID of all contexts'),
      INVVPID_GLOBALS:        bit (43,     'INVVPID of a single context that retains globals'),
      HLAT_PREFIX:            bits(53, 48, 'Maximum HLAT prefix size'),
    },
  }),
  controls(0x48d, 'IA32_VMX_TRUE_PINBASED_CTLS',  pin),
  controls(0x48e, 'IA32_VMX_TRUE_PROCBASED_CTLS', primary),
  controls(0x48f, 'IA32_VMX_TRUE_EXIT_CTLS',      exits),
  controls(0x490, 'IA32_VMX_TRUE_ENTRY_CTLS',     entries),
  msr(0x491, 'IA32_VMX_VMFUNC', functions, 'plain', {
    needs,
    access: 'read-only',
    fields: { EPTP_SWITCHING: bit(0, 'VM function 0: switch EPT pointers') },
  }),
  msr(0x492, 'IA32_VMX_PROCBASED_CTLS3', tertiary, 'plain', { needs, access: 'read-only', fields: { ALLOWED_1: bits(63, 0, 'Controls that may be 1') } }),
  msr(0x493, 'IA32_VMX_EXIT_CTLS2', moreExits, 'plain', { needs, access: 'read-only', fields: { ALLOWED_1: bits(63, 0, 'Controls that may be 1') } }),
]
