import { since, until } from '@vmm/rule'
import { exitControls as exit } from '../vmcs12/controls.ts'
import { hasFixedBits } from '../vmcs12/vmx-limits.ts'
import { cr0, cr4, efer, isCr4, isEfer, isEnforcement, isHostSelector, isPat, notCanonical } from './registers.ts'
import { has, isLegalCr3, type L2Entry, type VmcsCheck } from './vmcs-check.ts'
import { withCet } from './with-cet.ts'

const is64Bit = (entry: L2Entry): boolean => has(entry, 'VM_EXIT_CONTROLS', exit.HOST_64_BIT)
const leastExit = 0x0003_6dfbn
const host64 = leastExit | exit.HOST_64_BIT
const odd = 1n << 50n
const enforcement = { lifetime: since('6.18'), by: ['62f7533a6b3a', 'KVM: nVMX: Add consistency checks for CET states'] } as const
const loadsCet = (entry: L2Entry): boolean => has(entry, 'VM_EXIT_CONTROLS', exit.LOAD_CET)
const between52and510 = since({ absentIn: '5.2', presentIn: '5.10' })
const cet = since('6.18', { '6.12': '6.12.78', '6.6': 'unread', '6.17': 'unread' })

/** The vCPU's own EFER instead of the VMCS's: wrong where user space restores state in another order. */
const byOwnEfer = until('5.16', { '5.4': 'unread', '5.10': { until: '5.10.82' }, '5.14': 'unread', '5.15': { until: '5.15.5' } })
const ownEferCommit = ['af957eebfcc1', 'KVM: nVMX: don’t use vcpu->arch.efer when checking host state on nested state load'] as const

/**
 * What KVM checks of a VMCS's host state before it enters L2, in its order. Each row is a promise.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_check_host_state (Linux 6.12.117, 6.1.192, 5.10.13, 5.2).
 */
export const hostChecks = {
  'nested-vmx-host-cr0': {
    says: 'the host’s CR0 has the bits that VMX fixes',
    where: 'nested_vmx_check_host_state',
    fails: ({ read, vcpu }) => !hasFixedBits(vcpu.vmx, 'CR0', read('HOST_CR0')),
    broken: { HOST_CR0: 1n },
  },
  'nested-vmx-host-cr4': {
    says: 'the host’s CR4 has the bits that VMX fixes, and none that the guest may not set',
    where: 'nested_vmx_check_host_state',
    fails: ({ read, vcpu }) => !isCr4(vcpu, read('HOST_CR4')),
    broken: { HOST_CR4: cr4.PAE },
  },
  'nested-vmx-host-cr3': {
    says: 'the host’s CR3 is an address that the guest can have',
    where: 'nested_vmx_check_host_state',
    fails: (entry) => !isLegalCr3(entry, entry.read('HOST_CR3')),
    broken: { HOST_CR3: odd },
  },
  'nested-vmx-host-cet-without-wp': {
    says: 'the host has control-flow enforcement only with write protection',
    where: 'nested_vmx_check_host_state',
    lifetime: cet,
    fails: (entry) => has(entry, 'HOST_CR4', cr4.CET) && !has(entry, 'HOST_CR0', cr0.WP),
    broken: { HOST_CR4: 0x2020n | cr4.CET },
    around: withCet,
  },
  'nested-vmx-host-sysenter': {
    says: 'the host’s SYSENTER addresses are canonical',
    where: 'nested_vmx_check_host_state',
    fails: (entry) => notCanonical(entry, 'HOST_IA32_SYSENTER_ESP', 'HOST_IA32_SYSENTER_EIP'),
    broken: { HOST_IA32_SYSENTER_EIP: 1n << 62n },
  },
  'nested-vmx-host-pat': {
    says: 'the host’s PAT, where an exit loads it, has memory types that there are',
    where: 'nested_vmx_check_host_state',
    fails: (entry) => has(entry, 'VM_EXIT_CONTROLS', exit.LOAD_PAT) && !isPat(entry.read('HOST_IA32_PAT')),
    broken: { VM_EXIT_CONTROLS: host64 | exit.LOAD_PAT, HOST_IA32_PAT: 2n },
  },
  'nested-vmx-host-perf-global-ctrl': {
    says: 'the host’s IA32_PERF_GLOBAL_CTRL, where an exit loads it, names counters that there are',
    where: 'nested_vmx_check_host_state',
    lifetime: between52and510,
    fails: ({ read, vcpu }) =>
      (read('VM_EXIT_CONTROLS') & exit.LOAD_PERF_GLOBAL_CTRL) !== 0n && (read('HOST_IA32_PERF_GLOBAL_CTRL') & ~vcpu.allowedPerfGlobalCtrl) !== 0n,
    broken: { VM_EXIT_CONTROLS: host64 | exit.LOAD_PERF_GLOBAL_CTRL, HOST_IA32_PERF_GLOBAL_CTRL: 1n << 63n },
  },
  'nested-vmx-host-width-of-vcpu': {
    says: 'a host has 64 bits where the vCPU is in long mode now, and not where it is not',
    where: 'nested_vmx_check_host_state',
    lifetime: byOwnEfer,
    by: ownEferCommit,
    fails: (entry) => is64Bit(entry) !== ((entry.vcpu.efer & efer.LMA) !== 0n),
    broken: { VM_EXIT_CONTROLS: leastExit, VM_ENTRY_CONTROLS: 0x11fbn },
  },
  'nested-vmx-host-without-pae': {
    says: 'a host with 64 bits has physical-address extension',
    where: 'nested_vmx_check_host_state',
    lifetime: between52and510,
    fails: (entry) => is64Bit(entry) && !has(entry, 'HOST_CR4', cr4.PAE),
    broken: { HOST_CR4: 0x2000n },
  },
  'nested-vmx-host-32-bit': {
    says: 'a host without 64 bits has no guest in long mode, no process-context identifiers, and RIP below 4 GiB',
    where: 'nested_vmx_check_host_state',
    lifetime: between52and510,
    fails: (entry) =>
      !is64Bit(entry) &&
      (has(entry, 'VM_ENTRY_CONTROLS', 0x200n) || has(entry, 'HOST_CR4', cr4.PCIDE) || entry.read('HOST_RIP') >> 32n !== 0n),
    broken: { VM_EXIT_CONTROLS: leastExit },
    around: { efer: 0n },
  },
  'nested-vmx-host-selectors': {
    says: 'the host’s selectors name descriptors of the global table with privilege 0',
    where: 'nested_vmx_check_host_state',
    lifetime: between52and510,
    fails: ({ read }) =>
      !(['CS', 'SS', 'DS', 'ES', 'FS', 'GS', 'TR'] as const).every((name) => isHostSelector(read(`HOST_${name}_SELECTOR`))),
    broken: { HOST_DS_SELECTOR: 3n },
  },
  'nested-vmx-host-no-code': {
    says: 'the host has code and task segments, and without 64 bits a stack segment',
    where: 'nested_vmx_check_host_state',
    lifetime: between52and510,
    fails: (entry) =>
      entry.read('HOST_CS_SELECTOR') === 0n || entry.read('HOST_TR_SELECTOR') === 0n || (!is64Bit(entry) && entry.read('HOST_SS_SELECTOR') === 0n),
    broken: { HOST_CS_SELECTOR: 0n },
  },
  'nested-vmx-host-addresses': {
    says: 'the host’s segment bases, descriptor tables and RIP are canonical',
    where: 'nested_vmx_check_host_state',
    lifetime: between52and510,
    fails: (entry) =>
      notCanonical(entry, 'HOST_FS_BASE', 'HOST_GS_BASE', 'HOST_GDTR_BASE', 'HOST_IDTR_BASE', 'HOST_TR_BASE', 'HOST_RIP'),
    broken: { HOST_GDTR_BASE: 1n << 62n },
  },
  'nested-vmx-host-efer': {
    says: 'the host’s EFER, where an exit loads it, has bits that the guest may set, and long mode exactly with 64 bits',
    where: 'nested_vmx_check_host_state',
    fails: (entry) => {
      const host = entry.read('HOST_IA32_EFER')
      const long = is64Bit(entry) ? efer.LMA | efer.LME : 0n
      return has(entry, 'VM_EXIT_CONTROLS', exit.LOAD_EFER) && (!isEfer(entry.vcpu, host) || (host & (efer.LMA | efer.LME)) !== long)
    },
    broken: { VM_EXIT_CONTROLS: host64 | exit.LOAD_EFER, HOST_IA32_EFER: efer.LMA },
  },
  'nested-vmx-host-cet': {
    says: 'the host’s state of CET, where an exit loads it, is one that the guest may have: SSP a multiple of four, the address of the table canonical',
    where: 'nested_vmx_check_host_state',
    ...enforcement,
    fails: (entry) => loadsCet(entry) && !isEnforcement(entry, 'HOST'),
    broken: { VM_EXIT_CONTROLS: host64 | exit.LOAD_CET, HOST_SSP: 2n },
    around: withCet,
  },
  'nested-vmx-host-cet-width': {
    says: 'the host’s IA32_S_CET and SSP, where an exit loads them, are canonical with 64 bits, and below 4 GiB without',
    where: 'nested_vmx_check_host_state',
    ...enforcement,
    fails: (entry) =>
      loadsCet(entry) &&
      (is64Bit(entry) ? notCanonical(entry, 'HOST_S_CET', 'HOST_SSP') : entry.read('HOST_S_CET') >> 32n !== 0n || entry.read('HOST_SSP') >> 32n !== 0n),
    broken: { VM_EXIT_CONTROLS: host64 | exit.LOAD_CET, HOST_SSP: 1n << 62n },
    around: withCet,
  },
} as const satisfies Readonly<Record<string, VmcsCheck>>
