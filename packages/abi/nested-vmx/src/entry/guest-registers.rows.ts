import { sdm } from '@vmm/source'
import { cr0, cr4, efer } from '../checks/registers.ts'
import { all, any, canonical, entry, fixed, not, ones, only, part, physical, same, secondary, told, zeros } from './condition.ts'
import type { EntryChecks } from './entry-check.ts'
import { longControls, mixedControls } from './sound-vmcs.ts'

const source = sdm('3C', '27.3.1.1', 'Checks on Guest Control Registers, Debug Registers, and MSRs')
const upper = 0xffff_ffff_0000_0000n
const notCanonical = 0x8000_0000_0000n
const highest = 0x7fff_ffff_ffffn
const unchecked = cr0.CD | cr0.NW
const masking = (1n << 61n) | (1n << 62n)
const long = entry('IA32E_MODE')
const loadsDebug = longControls({ entry: ['LOAD_DEBUG'] })
const loadsEfer = longControls({ entry: ['LOAD_EFER'] })
const loadsCet = longControls({ entry: ['LOAD_CET'] })
const lma = part('GUEST_IA32_EFER', 10, 10)

/**
 * Checks of the guest's control registers, debug registers and MSRs, in the manual's order.
 *
 * Source: SDM 3C 27.3.1.1 Checks on Guest Control Registers, Debug Registers, and MSRs.
 */
export const guestRegisterRows = {
  'guest-cr0': {
    says: 'the guest’s CR0 has the bits that VMX fixes, but that an unrestricted guest needs neither paging nor protected mode; CD and NW are not looked at',
    source,
    holds: any(fixed('GUEST_CR0', 'CR0', unchecked), all(secondary('UNRESTRICTED_GUEST'), fixed('GUEST_CR0', 'CR0', unchecked | cr0.PE | cr0.PG))),
    kvm: ['nested-vmx-guest-cr0'],
    witness: {
      breaks: [
        [{ GUEST_CR0: 0x8001_0013n }, { GUEST_CR0: 0x8001_0033n }],
        [{ GUEST_CR0: 0x1_8001_0033n }, { GUEST_CR0: 0xe001_0033n }],
        [{ ...mixedControls({}), GUEST_CR0: 0x30n }, { ...mixedControls({ secondary: ['EPT', 'UNRESTRICTED_GUEST'] }), GUEST_CR4: 0x2000n, GUEST_CS_AR_BYTES: 0x9bn, GUEST_CS_LIMIT: 0xffffn }],
      ],
    },
  },
  'guest-paging-protected': {
    says: 'the guest has paging only in protected mode',
    source,
    when: ones('GUEST_CR0', cr0.PG),
    holds: ones('GUEST_CR0', cr0.PE),
    kvm: ['nested-vmx-guest-paging'],
    witness: { from: 'real', breaks: [[{ GUEST_CR0: 0x8000_0030n }, { GUEST_CR0: 0x8000_0031n }]] },
  },
  'guest-cr4': {
    says: 'the guest’s CR4 has the bits that VMX fixes',
    source,
    holds: fixed('GUEST_CR4', 'CR4'),
    kvm: ['nested-vmx-guest-cr4'],
    witness: { breaks: [[{ GUEST_CR4: 0x20n }, { GUEST_CR4: 0x2020n }], [{ GUEST_CR4: 0x8_2020n }, { GUEST_CR4: 0x2020n }]] },
  },
  'guest-cet-without-wp': {
    says: 'the guest has control-flow enforcement only with write protection',
    source,
    when: ones('GUEST_CR4', cr4.CET),
    holds: ones('GUEST_CR0', cr0.WP),
    kvm: ['nested-vmx-guest-cet-without-wp'],
    witness: { breaks: [[{ GUEST_CR4: 0x2020n | cr4.CET, GUEST_CR0: 0x8000_0033n }, { GUEST_CR0: 0x8001_0033n }]] },
  },
  'guest-debugctl': {
    says: 'the guest’s IA32_DEBUGCTL, where an entry loads it, has no reserved bit',
    source,
    when: entry('LOAD_DEBUG'),
    holds: only('GUEST_IA32_DEBUGCTL', 'allowedDebugctl'),
    kvm: ['nested-vmx-guest-debugctl'],
    witness: { breaks: [[{ ...loadsDebug, GUEST_IA32_DEBUGCTL: 0x20n }, { GUEST_IA32_DEBUGCTL: 0x40n }]] },
  },
  'guest-long-paging': {
    says: 'a guest in IA-32e mode has paging and physical-address extension',
    source,
    when: long,
    holds: all(ones('GUEST_CR0', cr0.PG), ones('GUEST_CR4', cr4.PAE)),
    kvm: ['nested-vmx-guest-long-mode'],
    witness: {
      breaks: [
        [{ GUEST_CR4: 0x2000n }, { GUEST_CR4: 0x2020n }],
        [{ ...longControls({ secondary: ['EPT', 'UNRESTRICTED_GUEST'] }), GUEST_CR0: 0x1_0033n }, { GUEST_CR0: 0x8001_0033n }],
      ],
    },
  },
  'guest-pcide': {
    says: 'a guest outside IA-32e mode has no process-context identifiers',
    source,
    when: not(long),
    holds: zeros('GUEST_CR4', cr4.PCIDE),
    witness: { from: 'legacy', breaks: [[{ GUEST_CR4: 0x2000n | cr4.PCIDE }, { GUEST_CR4: 0x2000n }]] },
  },
  'guest-cr3': {
    says: 'the guest’s CR3 is within the physical-address width; but for linear-address masking where there is such',
    source,
    holds: any(physical('GUEST_CR3'), all(told('IA32_VMX_CR4_FIXED1', 1n << 28n), physical('GUEST_CR3', 0, masking))),
    witness: { breaks: [[{ GUEST_CR3: 1n << 46n }, { GUEST_CR3: 1n << 45n }], [{ GUEST_CR3: 1n << 63n }, { GUEST_CR3: masking }]] },
  },
  'guest-dr7': {
    says: 'the guest’s DR7, where an entry loads it, has 32 bits',
    source,
    when: entry('LOAD_DEBUG'),
    holds: zeros('GUEST_DR7', upper),
    kvm: ['nested-vmx-guest-dr7'],
    witness: { breaks: [[{ ...loadsDebug, GUEST_DR7: 0x1_0000_0400n }, { GUEST_DR7: 0x400n }]] },
  },
  'guest-sysenter': {
    says: 'the guest’s SYSENTER addresses are canonical',
    source,
    holds: all(canonical('GUEST_SYSENTER_ESP'), canonical('GUEST_SYSENTER_EIP')),
    witness: { breaks: [[{ GUEST_SYSENTER_ESP: notCanonical }, { GUEST_SYSENTER_ESP: highest }], [{ GUEST_SYSENTER_EIP: notCanonical }, { GUEST_SYSENTER_EIP: highest }]] },
  },
  'guest-perf-global-ctrl': {
    says: 'the guest’s IA32_PERF_GLOBAL_CTRL, where an entry loads it, has no reserved bit',
    source,
    when: entry('LOAD_PERF_GLOBAL_CTRL'),
    holds: only('GUEST_IA32_PERF_GLOBAL_CTRL', 'allowedPerfGlobalCtrl'),
    kvm: ['nested-vmx-guest-perf-global-ctrl'],
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_PERF_GLOBAL_CTRL'] }), GUEST_IA32_PERF_GLOBAL_CTRL: 1n << 63n }, { GUEST_IA32_PERF_GLOBAL_CTRL: 1n << 34n }]] },
  },
  'guest-pat': {
    says: 'the guest’s IA32_PAT, where an entry loads it, has memory types that there are',
    source,
    when: entry('LOAD_PAT'),
    holds: { op: 'pat', field: 'GUEST_IA32_PAT' },
    kvm: ['nested-vmx-guest-pat'],
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_PAT'] }), GUEST_IA32_PAT: 3n }, { GUEST_IA32_PAT: 7n }]] },
  },
  'guest-efer': {
    says: 'the guest’s IA32_EFER, where an entry loads it, has no reserved bit',
    source,
    when: entry('LOAD_EFER'),
    holds: only('GUEST_IA32_EFER', 'allowedEfer'),
    kvm: ['nested-vmx-guest-efer'],
    witness: { breaks: [[{ ...loadsEfer, GUEST_IA32_EFER: 0x1500n }, { GUEST_IA32_EFER: 0x500n }]] },
  },
  'guest-efer-active': {
    says: 'LMA of the guest’s IA32_EFER, where an entry loads it, is as the entry says of IA-32e mode',
    source,
    when: entry('LOAD_EFER'),
    holds: any(all(long, ones('GUEST_IA32_EFER', efer.LMA)), all(not(long), zeros('GUEST_IA32_EFER', efer.LMA))),
    kvm: ['nested-vmx-guest-efer'],
    witness: { breaks: [[{ ...loadsEfer, GUEST_IA32_EFER: 0x100n }, { GUEST_IA32_EFER: 0x500n }], [{ ...mixedControls({ entry: ['LOAD_EFER'] }), GUEST_IA32_EFER: 0x400n }, { GUEST_IA32_EFER: 0n }]] },
  },
  'guest-efer-enabled': {
    says: 'LME of the guest’s IA32_EFER, where an entry loads it and the guest has paging, is as LMA',
    source,
    when: all(entry('LOAD_EFER'), ones('GUEST_CR0', cr0.PG)),
    holds: same(lma, part('GUEST_IA32_EFER', 8, 8)),
    kvm: ['nested-vmx-guest-efer'],
    witness: { breaks: [[{ ...loadsEfer, GUEST_IA32_EFER: 0x400n }, { GUEST_IA32_EFER: 0x500n }]] },
  },
  'guest-bndcfgs-reserved': {
    says: 'reserved bits of the guest’s IA32_BNDCFGS, where an entry loads it, are clear',
    source,
    when: entry('LOAD_BNDCFGS'),
    holds: zeros('GUEST_BNDCFGS', 0xffcn),
    kvm: ['nested-vmx-guest-bndcfgs'],
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_BNDCFGS'] }), GUEST_BNDCFGS: 0x1004n }, { GUEST_BNDCFGS: 0x1003n }]] },
  },
  'guest-bndcfgs-canonical': {
    says: 'the address in the guest’s IA32_BNDCFGS, where an entry loads it, is canonical',
    source,
    when: entry('LOAD_BNDCFGS'),
    holds: canonical('GUEST_BNDCFGS'),
    kvm: ['nested-vmx-guest-bndcfgs'],
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_BNDCFGS'] }), GUEST_BNDCFGS: notCanonical }, { GUEST_BNDCFGS: 0x7fff_ffff_f000n }]] },
  },
  'guest-rtit-ctl': {
    says: 'the guest’s IA32_RTIT_CTL, where an entry loads it, has no reserved bit',
    source,
    when: entry('LOAD_RTIT_CTL'),
    holds: only('GUEST_IA32_RTIT_CTL', 'allowedRtitCtl'),
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_RTIT_CTL'] }), GUEST_IA32_RTIT_CTL: 1n << 40n }, { GUEST_IA32_RTIT_CTL: 1n }]] },
  },
  'guest-s-cet': {
    says: 'the guest’s IA32_S_CET, where an entry loads it, has no reserved bit, and does not both suppress and wait for ENDBRANCH',
    source,
    when: entry('LOAD_CET'),
    holds: all(zeros('GUEST_S_CET', 0x3c0n), not(ones('GUEST_S_CET', 0xc00n))),
    kvm: ['nested-vmx-guest-cet'],
    witness: { breaks: [[{ ...loadsCet, GUEST_S_CET: 0x200n }, { GUEST_S_CET: 0x20n }], [{ ...loadsCet, GUEST_S_CET: 0xc00n }, { GUEST_S_CET: 0x800n }]] },
  },
  'guest-s-cet-width': {
    says: 'the guest’s IA32_S_CET, where an entry loads it, is canonical in IA-32e mode, and below 4 GiB else',
    source,
    when: entry('LOAD_CET'),
    holds: any(all(long, canonical('GUEST_S_CET')), all(not(long), zeros('GUEST_S_CET', upper))),
    witness: {
      breaks: [
        [{ ...loadsCet, GUEST_S_CET: notCanonical }, { GUEST_S_CET: 0x7fff_ffff_c000n }],
        [{ ...mixedControls({ entry: ['LOAD_CET'] }), GUEST_CR4: 0x2000n, GUEST_S_CET: 1n << 32n }, { GUEST_S_CET: 1n << 31n }],
      ],
    },
  },
  'guest-ssp-table': {
    says: 'the guest’s IA32_INTERRUPT_SSP_TABLE_ADDR, where an entry loads it, is canonical',
    source,
    when: entry('LOAD_CET'),
    holds: canonical('GUEST_INTR_SSP_TABLE'),
    kvm: ['nested-vmx-guest-cet'],
    witness: { breaks: [[{ ...loadsCet, GUEST_INTR_SSP_TABLE: notCanonical }, { GUEST_INTR_SSP_TABLE: highest }]] },
  },
  'guest-lbr-ctl': {
    says: 'the guest’s IA32_LBR_CTL, where an entry loads it, has no reserved bit',
    source,
    when: entry('LOAD_LBR_CTL'),
    holds: only('GUEST_IA32_LBR_CTL', 'allowedLbrCtl'),
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_LBR_CTL'] }), GUEST_IA32_LBR_CTL: 0x10n }, { GUEST_IA32_LBR_CTL: 0xfn }]] },
  },
  'guest-pkrs': {
    says: 'the guest’s IA32_PKRS, where an entry loads it, has 32 bits',
    source,
    when: entry('LOAD_PKRS'),
    holds: zeros('GUEST_IA32_PKRS', upper),
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_PKRS'] }), GUEST_IA32_PKRS: 1n << 32n }, { GUEST_IA32_PKRS: 0xffff_ffffn }]] },
  },
  'guest-uinv': {
    says: 'the guest’s user-interrupt notification vector, where an entry loads it, has eight bits',
    source,
    when: entry('LOAD_UINV'),
    holds: zeros('GUEST_UINV', 0xff00n),
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_UINV'] }), GUEST_UINV: 0x100n }, { GUEST_UINV: 0xffn }]] },
  },
} as const satisfies EntryChecks
