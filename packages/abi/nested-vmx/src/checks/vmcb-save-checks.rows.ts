import { since } from '@vmm/rule'
import { cr0, cr4, efer, isEfer } from './registers.ts'
import { isGuestAddress, type VmcbCheck, type VmcbEntry } from './vmcb-check.ts'

const isLong = ({ read }: VmcbEntry): boolean => (read('EFER') & efer.LME) !== 0n && (read('CR0') & cr0.PG) !== 0n
const between510and515 = since({ absentIn: '5.10', presentIn: '5.15' })
const codeBoth = { CS: (0x600n << 16n) | 8n } as const

/**
 * What KVM checks of the hypervisor's own state, in the place of a VMCB's save area, before it restores its guest, in its
 * order. Each row is a promise.
 *
 * Source: arch/x86/kvm/svm/nested.c svm_set_nested_state, __nested_vmcb_check_save (Linux 6.12.117, 6.1.192, 5.10.13).
 */
export const vmcbSaveChecks = {
  'nested-svm-host-paging': {
    says: 'the hypervisor has paging',
    where: 'svm_set_nested_state',
    fails: ({ read }) => (read('CR0') & cr0.PG) === 0n,
    broken: { CR0: 1n },
  },
  'nested-svm-host-protected': {
    says: 'the hypervisor is in protected mode',
    where: 'svm_set_nested_state',
    lifetime: between510and515,
    fails: ({ read }) => (read('CR0') & cr0.PE) === 0n,
    broken: { CR0: cr0.PG },
  },
  'nested-svm-host-virtual-8086': {
    says: 'the hypervisor is not in virtual-8086 mode',
    where: 'svm_set_nested_state',
    lifetime: between510and515,
    fails: ({ read }) => (read('RFLAGS') & (1n << 17n)) !== 0n,
    broken: { RFLAGS: 0x2_0002n },
  },
  'nested-svm-host-svme': {
    says: 'the hypervisor has EFER.SVME',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: ({ read }) => (read('EFER') & efer.SVME) === 0n,
    broken: { EFER: 0x500n },
  },
  'nested-svm-host-cr0-cache': {
    says: 'the hypervisor’s CR0 is not NW without CD',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: ({ read }) => (read('CR0') & (cr0.CD | cr0.NW)) === cr0.NW,
    broken: { CR0: 0xa000_0011n },
  },
  'nested-svm-host-cr0-upper': {
    says: 'the upper half of the hypervisor’s CR0 is zero',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: ({ read }) => read('CR0') >> 32n !== 0n,
    broken: { CR0: 0x1_8000_0011n },
  },
  'nested-svm-host-dr6': {
    says: 'the hypervisor’s DR6 has 32 bits',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: ({ read }) => read('DR6') >> 32n !== 0n,
    broken: { DR6: 1n << 32n },
  },
  'nested-svm-host-dr7': {
    says: 'the hypervisor’s DR7 has 32 bits',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: ({ read }) => read('DR7') >> 32n !== 0n,
    broken: { DR7: 1n << 32n },
  },
  'nested-svm-host-long-mode': {
    says: 'a hypervisor in long mode has physical-address extension, and CR3 where the guest can have memory',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: (entry) => isLong(entry) && ((entry.read('CR4') & cr4.PAE) === 0n || !isGuestAddress(entry, entry.read('CR3'))),
    broken: { CR4: 0n },
  },
  'nested-svm-host-code-segment': {
    says: 'the code segment of a hypervisor in long mode is not of 64 and of 32 bits at once',
    where: '__nested_vmcb_check_save',
    lifetime: since({ absentIn: '6.19', presentIn: '7.1' }, { '6.1': '6.1.175', '6.6': '6.6.139', '6.12': '6.12.86', '6.18': 'unread', '6.19': 'unread' }),
    fails: (entry) => isLong(entry) && (entry.read('CS') & codeBoth.CS & ~0xffffn) === (codeBoth.CS & ~0xffffn),
    broken: codeBoth,
  },
  'nested-svm-host-cr4': {
    says: 'the hypervisor’s CR4 has no bit that the guest may not set',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: ({ read, vcpu }) => (read('CR4') & ~vcpu.allowedCr4) !== 0n,
    broken: { CR4: (1n << 40n) | cr4.PAE },
  },
  'nested-svm-host-efer': {
    says: 'the hypervisor’s EFER has no bit that the guest may not set',
    where: '__nested_vmcb_check_save',
    lifetime: between510and515,
    fails: ({ read, vcpu }) => !isEfer(vcpu, read('EFER')),
    broken: { EFER: 0x1500n | (1n << 40n) },
  },
} as const satisfies Readonly<Record<string, VmcbCheck>>
