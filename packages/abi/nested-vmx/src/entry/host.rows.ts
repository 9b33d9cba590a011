import { sdm } from '@vmm/source'
import { cr0, cr4, efer } from '../checks/registers.ts'
import { all, any, type Condition, canonical, entry, equals, every, exit, fixed, not, ones, only, physical, told, zeros } from './condition.ts'
import type { EntryChecks } from './entry-check.ts'
import { controlsOf, longControls, mixedControls } from './sound-vmcs.ts'

const registers = sdm('3C', '27.2.2', 'Checks on Host Control Registers, MSRs, and SSP')
const segments = sdm('3C', '27.2.3', 'Checks on Host Segment and Descriptor-Table Registers')
const size = sdm('3C', '27.2.4', 'Checks Related to Address-Space Size')
const upper = 0xffff_ffff_0000_0000n
const notCanonical = 0x8000_0000_0000n
const highest = 0x7fff_ffff_ffffn
const unchecked = cr0.CD | cr0.NW
const masking = (1n << 61n) | (1n << 62n)
const lam = told('IA32_VMX_CR4_FIXED1', 1n << 28n)
const suppressed = 1n << 10n
const tracked = 1n << 11n
const longMode: Condition = { op: 'fact', fact: 'longMode' }
const selectors = ['HOST_ES_SELECTOR', 'HOST_CS_SELECTOR', 'HOST_SS_SELECTOR', 'HOST_DS_SELECTOR', 'HOST_FS_SELECTOR', 'HOST_GS_SELECTOR', 'HOST_TR_SELECTOR'] as const
const bases = ['HOST_FS_BASE', 'HOST_GS_BASE', 'HOST_GDTR_BASE', 'HOST_IDTR_BASE', 'HOST_TR_BASE'] as const
const loadsCet = longControls({ exit: ['LOAD_CET'] })
const long = efer.LMA | efer.LME

/**
 * Checks of the host state, in the manual's order.
 *
 * Source: SDM 3C 27.2.2 to 27.2.4.
 */
export const hostRows = {
  'host-cr0': {
    says: 'the host’s CR0 has the bits that VMX fixes; CD and NW are not looked at',
    source: registers,
    holds: fixed('HOST_CR0', 'CR0', unchecked),
    kvm: ['nested-vmx-host-cr0'],
    witness: { breaks: [[{ HOST_CR0: 0x8001_0013n }, { HOST_CR0: 0x8001_0033n }], [{ HOST_CR0: 0x1_8001_0033n }, { HOST_CR0: 0xe001_0033n }]] },
  },
  'host-cr4': {
    says: 'the host’s CR4 has the bits that VMX fixes',
    source: registers,
    holds: fixed('HOST_CR4', 'CR4'),
    kvm: ['nested-vmx-host-cr4'],
    witness: { breaks: [[{ HOST_CR4: 0x20n }, { HOST_CR4: 0x2020n }], [{ HOST_CR4: 0x8_2020n }, { HOST_CR4: 0x2020n }]] },
  },
  'host-cet-without-wp': {
    says: 'the host has control-flow enforcement only with write protection',
    source: registers,
    when: ones('HOST_CR4', cr4.CET),
    holds: ones('HOST_CR0', cr0.WP),
    kvm: ['nested-vmx-host-cet-without-wp'],
    witness: { breaks: [[{ HOST_CR4: 0x2020n | cr4.CET, HOST_CR0: 0x8000_0033n }, { HOST_CR0: 0x8001_0033n }]] },
  },
  'host-cr3': {
    says: 'the host’s CR3 is within the physical-address width; but for linear-address masking where there is such',
    source: registers,
    holds: any(physical('HOST_CR3'), all(lam, physical('HOST_CR3', 0, masking))),
    kvm: ['nested-vmx-host-cr3'],
    witness: { breaks: [[{ HOST_CR3: 1n << 46n }, { HOST_CR3: 1n << 45n }], [{ HOST_CR3: 1n << 63n }, { HOST_CR3: masking }]] },
  },
  'host-sysenter': {
    says: 'the host’s SYSENTER addresses are canonical',
    source: registers,
    holds: all(canonical('HOST_IA32_SYSENTER_ESP'), canonical('HOST_IA32_SYSENTER_EIP')),
    kvm: ['nested-vmx-host-sysenter'],
    witness: {
      breaks: [
        [{ HOST_IA32_SYSENTER_ESP: notCanonical }, { HOST_IA32_SYSENTER_ESP: highest }],
        [{ HOST_IA32_SYSENTER_EIP: notCanonical }, { HOST_IA32_SYSENTER_EIP: 0xffff_8000_0000_0000n }],
      ],
    },
  },
  'host-perf-global-ctrl': {
    says: 'the host’s IA32_PERF_GLOBAL_CTRL, where an exit loads it, has no reserved bit',
    source: registers,
    when: exit('LOAD_PERF_GLOBAL_CTRL'),
    holds: only('HOST_IA32_PERF_GLOBAL_CTRL', 'allowedPerfGlobalCtrl'),
    kvm: ['nested-vmx-host-perf-global-ctrl'],
    witness: { breaks: [[{ ...longControls({ exit: ['LOAD_PERF_GLOBAL_CTRL'] }), HOST_IA32_PERF_GLOBAL_CTRL: 0x100n }, { HOST_IA32_PERF_GLOBAL_CTRL: 0x80n }]] },
  },
  'host-pat': {
    says: 'the host’s IA32_PAT, where an exit loads it, has memory types that there are',
    source: registers,
    when: exit('LOAD_PAT'),
    holds: { op: 'pat', field: 'HOST_IA32_PAT' },
    kvm: ['nested-vmx-host-pat'],
    witness: {
      breaks: [
        [{ ...longControls({ exit: ['LOAD_PAT'] }), HOST_IA32_PAT: 2n }, { HOST_IA32_PAT: 0x0007_0406_0501_0406n }],
        [{ ...longControls({ exit: ['LOAD_PAT'] }), HOST_IA32_PAT: 0x0306_0606_0606_0606n }, { HOST_IA32_PAT: 0x0406_0606_0606_0606n }],
        [{ ...longControls({ exit: ['LOAD_PAT'] }), HOST_IA32_PAT: 0x8000n }, longControls({})],
      ],
    },
  },
  'host-efer': {
    says: 'the host’s IA32_EFER, where an exit loads it, has no reserved bit',
    source: registers,
    when: exit('LOAD_EFER'),
    holds: only('HOST_IA32_EFER', 'allowedEfer'),
    kvm: ['nested-vmx-host-efer'],
    witness: { breaks: [[{ ...longControls({ exit: ['LOAD_EFER'] }), HOST_IA32_EFER: 0x502n }, { HOST_IA32_EFER: 0x500n }]] },
  },
  'host-efer-long': {
    says: 'LMA and LME of the host’s IA32_EFER, where an exit loads it, are set exactly with 64 bits',
    source: registers,
    when: exit('LOAD_EFER'),
    holds: any(all(exit('HOST_64_BIT'), ones('HOST_IA32_EFER', long)), all(not(exit('HOST_64_BIT')), zeros('HOST_IA32_EFER', long))),
    kvm: ['nested-vmx-host-efer'],
    witness: {
      breaks: [
        [{ ...longControls({ exit: ['LOAD_EFER'] }), HOST_IA32_EFER: 0x100n }, { HOST_IA32_EFER: 0x500n }],
        [{ ...longControls({ exit: ['LOAD_EFER'] }), HOST_IA32_EFER: 0x400n }, { HOST_IA32_EFER: 0xd01n }],
      ],
    },
  },
  'host-s-cet': {
    says: 'the host’s IA32_S_CET, where an exit loads it, has no reserved bit, and does not both suppress and wait for ENDBRANCH',
    source: registers,
    when: exit('LOAD_CET'),
    holds: all(zeros('HOST_S_CET', 0x3c0n), not(ones('HOST_S_CET', suppressed | tracked))),
    kvm: ['nested-vmx-host-cet'],
    witness: { breaks: [[{ ...loadsCet, HOST_S_CET: 0x40n }, { HOST_S_CET: 0x20n }], [{ ...loadsCet, HOST_S_CET: suppressed | tracked }, { HOST_S_CET: tracked }]] },
  },
  'host-ssp-table': {
    says: 'the host’s IA32_INTERRUPT_SSP_TABLE_ADDR, where an exit loads it, is canonical',
    source: registers,
    when: exit('LOAD_CET'),
    holds: canonical('HOST_INTR_SSP_TABLE'),
    kvm: ['nested-vmx-host-cet'],
    witness: { breaks: [[{ ...loadsCet, HOST_INTR_SSP_TABLE: notCanonical }, { HOST_INTR_SSP_TABLE: highest }]] },
  },
  'host-ssp-alignment': {
    says: 'the host’s SSP, where an exit loads it, is a multiple of four',
    source: registers,
    when: exit('LOAD_CET'),
    holds: zeros('HOST_SSP', 3n),
    kvm: ['nested-vmx-host-cet'],
    witness: { breaks: [[{ ...loadsCet, HOST_SSP: 2n }, { HOST_SSP: 4n }]] },
  },
  'host-pkrs': {
    says: 'the host’s IA32_PKRS, where an exit loads it, has 32 bits',
    source: registers,
    when: exit('LOAD_PKRS'),
    holds: zeros('HOST_IA32_PKRS', upper),
    witness: { breaks: [[{ ...longControls({ exit: ['LOAD_PKRS'] }), HOST_IA32_PKRS: 1n << 32n }, { HOST_IA32_PKRS: 0xffff_ffffn }]] },
  },
  'host-selectors': {
    says: 'the host’s selectors name the global table and have privilege 0',
    source: segments,
    holds: every(selectors, (field) => zeros(field, 7n)),
    kvm: ['nested-vmx-host-selectors'],
    witness: {
      breaks: [
        [{ HOST_ES_SELECTOR: 0x13n }, { HOST_ES_SELECTOR: 0x10n }],
        [{ HOST_CS_SELECTOR: 0x09n }, { HOST_CS_SELECTOR: 0x08n }],
        [{ HOST_SS_SELECTOR: 0x14n }, { HOST_SS_SELECTOR: 0x10n }],
        [{ HOST_DS_SELECTOR: 0x04n }, { HOST_DS_SELECTOR: 0n }],
        [{ HOST_FS_SELECTOR: 0x02n }, { HOST_FS_SELECTOR: 0n }],
        [{ HOST_GS_SELECTOR: 0x04n }, { HOST_GS_SELECTOR: 0n }],
        [{ HOST_TR_SELECTOR: 0x1cn }, { HOST_TR_SELECTOR: 0x18n }],
      ],
    },
  },
  'host-code-and-task': {
    says: 'the host has code and task segments',
    source: segments,
    holds: all(not(equals('HOST_CS_SELECTOR', 0n)), not(equals('HOST_TR_SELECTOR', 0n))),
    kvm: ['nested-vmx-host-no-code'],
    witness: { breaks: [[{ HOST_CS_SELECTOR: 0n }, { HOST_CS_SELECTOR: 8n }], [{ HOST_TR_SELECTOR: 0n }, { HOST_TR_SELECTOR: 8n }]] },
  },
  'host-stack': {
    says: 'a host without 64 bits has a stack segment',
    source: segments,
    when: not(exit('HOST_64_BIT')),
    holds: not(equals('HOST_SS_SELECTOR', 0n)),
    kvm: ['nested-vmx-host-no-code'],
    witness: { from: 'legacy', breaks: [[{ HOST_SS_SELECTOR: 0n }, { HOST_SS_SELECTOR: 8n }]] },
  },
  'host-bases': {
    says: 'the bases of the host’s FS, GS, TR and descriptor tables are canonical',
    source: segments,
    holds: every(bases, canonical),
    kvm: ['nested-vmx-host-addresses'],
    witness: {
      breaks: [
        [{ HOST_FS_BASE: notCanonical }, { HOST_FS_BASE: highest }],
        [{ HOST_GS_BASE: notCanonical }, { HOST_GS_BASE: highest }],
        [{ HOST_GDTR_BASE: notCanonical }, { HOST_GDTR_BASE: highest }],
        [{ HOST_IDTR_BASE: 1n << 62n }, { HOST_IDTR_BASE: highest }],
        [{ HOST_TR_BASE: notCanonical }, { HOST_TR_BASE: highest }],
      ],
    },
  },
  'host-width-of-legacy': {
    says: 'outside IA-32e mode, no host has 64 bits, and no guest is in IA-32e mode',
    source: size,
    when: not(longMode),
    holds: not(any(entry('IA32E_MODE'), exit('HOST_64_BIT'))),
    kvm: ['vmlaunch-host-width'],
    witness: { from: 'legacy', breaks: [[mixedControls({}), controlsOf({})]] },
  },
  'host-width-of-long': {
    says: 'in IA-32e mode, the host has 64 bits',
    source: size,
    when: longMode,
    holds: exit('HOST_64_BIT'),
    kvm: ['vmlaunch-host-width', 'nested-vmx-host-width-of-vcpu'],
    witness: { from: 'pae', breaks: [[controlsOf({}), mixedControls({})]] },
  },
  'host-32-bit': {
    says: 'a host without 64 bits has no guest in IA-32e mode, no process-context identifiers, and RIP below 4 GiB',
    source: size,
    when: not(exit('HOST_64_BIT')),
    holds: all(not(entry('IA32E_MODE')), zeros('HOST_CR4', cr4.PCIDE), zeros('HOST_RIP', upper)),
    kvm: ['nested-vmx-host-32-bit'],
    witness: {
      from: 'legacy',
      breaks: [
        [{ HOST_CR4: 0x2020n | cr4.PCIDE }, { HOST_CR4: 0x2020n }],
        [{ HOST_RIP: 1n << 32n }, { HOST_RIP: 0xffff_fff0n }],
      ],
    },
  },
  'host-32-bit-shadow-stack': {
    says: 'a host without 64 bits has IA32_S_CET and SSP below 4 GiB, where an exit loads them',
    source: size,
    when: all(not(exit('HOST_64_BIT')), exit('LOAD_CET')),
    holds: all(zeros('HOST_S_CET', upper), zeros('HOST_SSP', upper)),
    kvm: ['nested-vmx-host-cet-width'],
    witness: {
      from: 'legacy',
      breaks: [
        [{ ...controlsOf({ exit: ['LOAD_CET'] }), HOST_S_CET: 1n << 32n }, { HOST_S_CET: 1n << 31n }],
        [{ ...controlsOf({ exit: ['LOAD_CET'] }), HOST_SSP: 1n << 32n }, { HOST_SSP: 1n << 31n }],
      ],
    },
  },
  'host-64-bit-pae': {
    says: 'a host with 64 bits has physical-address extension',
    source: size,
    when: exit('HOST_64_BIT'),
    holds: ones('HOST_CR4', cr4.PAE),
    kvm: ['nested-vmx-host-without-pae'],
    witness: { breaks: [[{ HOST_CR4: 0x2000n }, { HOST_CR4: 0x2020n }]] },
  },
  'host-64-bit-rip': {
    says: 'a host with 64 bits has RIP canonical',
    source: size,
    when: exit('HOST_64_BIT'),
    holds: canonical('HOST_RIP'),
    kvm: ['nested-vmx-host-addresses'],
    witness: { breaks: [[{ HOST_RIP: notCanonical }, { HOST_RIP: highest }]] },
  },
  'host-64-bit-shadow-stack': {
    says: 'a host with 64 bits has IA32_S_CET and SSP canonical, where an exit loads them',
    source: size,
    when: all(exit('HOST_64_BIT'), exit('LOAD_CET')),
    holds: all(canonical('HOST_S_CET'), canonical('HOST_SSP')),
    kvm: ['nested-vmx-host-cet-width'],
    witness: { breaks: [[{ ...loadsCet, HOST_S_CET: notCanonical }, { HOST_S_CET: highest & ~0xfffn }], [{ ...loadsCet, HOST_SSP: notCanonical }, { HOST_SSP: highest & ~3n }]] },
  },
} as const satisfies EntryChecks
