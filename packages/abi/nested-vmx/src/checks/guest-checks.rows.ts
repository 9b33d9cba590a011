import { since, until } from '@vmm/rule'
import { noAddress } from '../nested-state.ts'
import { entryControls as control } from '../vmcs12/controls.ts'
import { shadowIndicator, vmcs12Revision } from '../vmcs12/vmcs12.ts'
import { hasFixedBits } from '../vmcs12/vmx-limits.ts'
import { cr0, cr4, efer, isCr4, isEfer, isEnforcement, isPat, notCanonical } from './registers.ts'
import { has, hasSecondary, type L2Entry, noPage, type VmcsCheck } from './vmcs-check.ts'
import { withCet } from './with-cet.ts'

const isLong = (entry: L2Entry): boolean => has(entry, 'VM_ENTRY_CONTROLS', control.IA32E_MODE)
const leastEntry = 0x11fbn
const long = leastEntry | control.IA32E_MODE
const between52and510 = since({ absentIn: '5.2', presentIn: '5.10' })
const cet = since('6.18', { '6.12': '6.12.78', '6.6': 'unread', '6.17': 'unread' })
/** Of the stable series: mail 20230320145432.956767455@linuxfoundation.org and those for the others of that day; for 4.19 it was mailed alone. */
const modes = since('6.3', { '4.19': 'unread', '5.4': '5.4.238', '5.10': '5.10.176', '5.15': '5.15.104', '6.1': '6.1.21', '6.2': '6.2.8' })
const modesCommit = ['112e66017bff', 'KVM: nVMX: add missing consistency checks for CR0 and CR4'] as const
const debugctl = since('6.17', { '5.4': 'unread', '5.10': 'unread', '5.15': 'unread', '6.1': '6.1.149', '6.6': '6.6.103', '6.12': '6.12.43', '6.15': 'unread', '6.16': 'unread' })
const enforcement = { lifetime: since('6.18'), by: ['62f7533a6b3a', 'KVM: nVMX: Add consistency checks for CET states'] } as const
const loadsCet = (entry: L2Entry): boolean => has(entry, 'VM_ENTRY_CONTROLS', control.LOAD_CET)
const isAlikeBeyond = (address: bigint, width: number): boolean => BigInt.asIntN(width + 1, address) === BigInt.asIntN(64, address)
const linked = 0x3000n
const shadowRevision = (vmcs12Revision | shadowIndicator) >>> 0
const isLinked = ({ read }: L2Entry): boolean => read('VMCS_LINK_POINTER') !== noAddress
const unrestricted = { CPU_BASED_VM_EXEC_CONTROL: 0x8400_6172n, SECONDARY_VM_EXEC_CONTROL: 0x82n, EPT_POINTER: 0x101en } as const

/** Branch trace and last-branch records: KVM lets them pass though it does not have them. */
const passedDebugctl = 3n
const freezeInSmm = 1n << 14n

/**
 * What KVM checks of a VMCS's guest state before it enters L2, in its order. Each row is a promise.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_check_guest_state (Linux 6.12.117, 6.1.192, 5.10.13, 5.2).
 */
export const guestChecks = {
  'nested-vmx-guest-cr0': {
    says: 'the guest’s CR0 has the bits that VMX fixes; an unrestricted guest needs neither paging nor protected mode',
    where: 'nested_vmx_check_guest_state',
    fails: (entry) => {
      const free = hasSecondary(entry, 'UNRESTRICTED_GUEST') ? cr0.PE | cr0.PG : 0n
      return !hasFixedBits(entry.vcpu.vmx, 'CR0', entry.read('GUEST_CR0'), free)
    },
    broken: { GUEST_CR0: 1n },
  },
  'nested-vmx-guest-cr4': {
    says: 'the guest’s CR4 has the bits that VMX fixes, and none that the guest may not set',
    where: 'nested_vmx_check_guest_state',
    fails: ({ read, vcpu }) => !isCr4(vcpu, read('GUEST_CR4')),
    broken: { GUEST_CR4: cr4.PAE },
  },
  'nested-vmx-guest-cet-without-wp': {
    says: 'the guest has control-flow enforcement only with write protection',
    where: 'nested_vmx_check_guest_state',
    lifetime: cet,
    fails: (entry) => has(entry, 'GUEST_CR4', cr4.CET) && !has(entry, 'GUEST_CR0', cr0.WP),
    broken: { GUEST_CR4: 0x2020n | cr4.CET },
    around: withCet,
  },
  'nested-vmx-guest-dr7': {
    says: 'the guest’s DR7, where an entry loads it, has 32 bits',
    where: 'nested_vmx_check_guest_state',
    lifetime: between52and510,
    fails: (entry) => has(entry, 'VM_ENTRY_CONTROLS', control.LOAD_DEBUG) && entry.read('GUEST_DR7') >> 32n !== 0n,
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_DEBUG, GUEST_DR7: 1n << 32n },
  },
  'nested-vmx-guest-debugctl': {
    says: 'the guest’s IA32_DEBUGCTL, where an entry loads it, has bits that the guest may set; those of branches pass',
    where: 'nested_vmx_check_guest_state',
    lifetime: debugctl,
    fails: (entry) => {
      const passed = passedDebugctl | (entry.vcpu.freezeInSmmQuirk ? freezeInSmm : 0n)
      return has(entry, 'VM_ENTRY_CONTROLS', control.LOAD_DEBUG) && has(entry, 'GUEST_IA32_DEBUGCTL', ~(passed | entry.vcpu.allowedDebugctl))
    },
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_DEBUG, GUEST_IA32_DEBUGCTL: 1n << 9n },
  },
  'nested-vmx-guest-pat': {
    says: 'the guest’s PAT, where an entry loads it, has memory types that there are',
    where: 'nested_vmx_check_guest_state',
    fails: (entry) => has(entry, 'VM_ENTRY_CONTROLS', control.LOAD_PAT) && !isPat(entry.read('GUEST_IA32_PAT')),
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_PAT, GUEST_IA32_PAT: 3n },
  },
  'nested-vmx-link-address': {
    says: 'the VMCS link pointer, where there is one, is a page that the guest can have, with memory',
    where: 'nested_vmx_check_vmcs_link_ptr',
    fails: (entry) => isLinked(entry) && (noPage(entry, 'VMCS_LINK_POINTER') || entry.vcpu.linkedRevision === undefined),
    broken: { VMCS_LINK_POINTER: 0x3001n },
  },
  'nested-vmx-link-revision': {
    says: 'the VMCS that is linked has the revision, and is one to be shadowed exactly where VMCSs are shadowed',
    where: 'nested_vmx_check_vmcs_link_ptr',
    fails: (entry) => isLinked(entry) && entry.vcpu.linkedRevision !== (hasSecondary(entry, 'VMCS_SHADOWING') ? shadowRevision : vmcs12Revision),
    broken: { VMCS_LINK_POINTER: linked },
    around: { linkedRevision: 1 },
  },
  'nested-vmx-guest-perf-global-ctrl': {
    says: 'the guest’s IA32_PERF_GLOBAL_CTRL, where an entry loads it, names counters that there are',
    where: 'nested_vmx_check_guest_state',
    lifetime: between52and510,
    fails: ({ read, vcpu }) =>
      (read('VM_ENTRY_CONTROLS') & control.LOAD_PERF_GLOBAL_CTRL) !== 0n && (read('GUEST_IA32_PERF_GLOBAL_CTRL') & ~vcpu.allowedPerfGlobalCtrl) !== 0n,
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_PERF_GLOBAL_CTRL, GUEST_IA32_PERF_GLOBAL_CTRL: 1n << 63n },
  },
  'nested-vmx-guest-paging': {
    says: 'the guest has paging only in protected mode',
    where: 'nested_vmx_check_guest_state',
    lifetime: modes,
    by: modesCommit,
    fails: ({ read }) => (read('GUEST_CR0') & (cr0.PG | cr0.PE)) === cr0.PG,
    broken: { ...unrestricted, GUEST_CR0: 0x8000_0020n },
  },
  'nested-vmx-guest-long-mode': {
    says: 'a guest in long mode has physical-address extension and paging',
    where: 'nested_vmx_check_guest_state',
    lifetime: modes,
    by: modesCommit,
    fails: (entry) => isLong(entry) && (!has(entry, 'GUEST_CR4', cr4.PAE) || !has(entry, 'GUEST_CR0', cr0.PG)),
    broken: { GUEST_CR4: 0x2000n },
  },
  'nested-vmx-guest-efer': {
    says: 'the guest’s EFER, where a pending entry loads it, has bits that the guest may set, and long mode as the entry does',
    where: 'nested_vmx_check_guest_state',
    fails: (entry) => {
      if (!entry.runPending || !has(entry, 'VM_ENTRY_CONTROLS', control.LOAD_EFER)) return false
      const [active, enabled] = [has(entry, 'GUEST_IA32_EFER', efer.LMA), has(entry, 'GUEST_IA32_EFER', efer.LME)]
      const paging = has(entry, 'GUEST_CR0', cr0.PG)
      return !isEfer(entry.vcpu, entry.read('GUEST_IA32_EFER')) || active !== isLong(entry) || (paging && enabled !== isLong(entry))
    },
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_EFER, GUEST_IA32_EFER: 0n },
  },
  'nested-vmx-guest-bndcfgs': {
    says: 'the guest’s IA32_BNDCFGS, where an entry loads it, has a canonical address and no reserved bit',
    where: 'nested_vmx_check_guest_state',
    fails: (entry) =>
      has(entry, 'VM_ENTRY_CONTROLS', control.LOAD_BNDCFGS) && (notCanonical(entry, 'GUEST_BNDCFGS') || has(entry, 'GUEST_BNDCFGS', 0xffcn)),
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_BNDCFGS, GUEST_BNDCFGS: 4n },
    unasked: true,
  },
  'nested-vmx-guest-cet': {
    says: 'the guest’s state of CET, where an entry loads it, is one that the guest may have: SSP a multiple of four, the address of the table canonical',
    where: 'nested_vmx_check_guest_state',
    ...enforcement,
    fails: (entry) => loadsCet(entry) && !isEnforcement(entry, 'GUEST'),
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_CET, GUEST_S_CET: 0x40n },
    around: withCet,
  },
  'nested-vmx-guest-ssp': {
    says: 'bits of the guest’s SSP, where an entry loads it, beyond the linear-address width are alike',
    where: 'nested_vmx_check_guest_state',
    ...enforcement,
    fails: (entry) => loadsCet(entry) && !isAlikeBeyond(entry.read('GUEST_SSP'), entry.vcpu.linearAddressWidth),
    broken: { VM_ENTRY_CONTROLS: long | control.LOAD_CET, GUEST_SSP: 1n << 48n },
    around: withCet,
  },
  'nested-vmx-guest-activity-two': {
    says: 'the guest is active, or halted',
    where: 'nested_check_guest_non_reg_state',
    lifetime: until('5.11'),
    by: ['bf0cd88ce363', 'KVM: x86: emulate wait-for-SIPI and SIPI-VMExit'],
    fails: ({ read }) => read('GUEST_ACTIVITY_STATE') > 1n,
    broken: { GUEST_ACTIVITY_STATE: 2n },
  },
  'nested-vmx-guest-activity': {
    says: 'the guest is active, halted, or waits for SIPI',
    where: 'nested_check_guest_non_reg_state',
    lifetime: since('5.11'),
    by: ['bf0cd88ce363', 'KVM: x86: emulate wait-for-SIPI and SIPI-VMExit'],
    fails: ({ read }) => ![0n, 1n, 3n].includes(read('GUEST_ACTIVITY_STATE')),
    broken: { GUEST_ACTIVITY_STATE: 2n },
  },
} as const satisfies Readonly<Record<string, VmcsCheck>>
