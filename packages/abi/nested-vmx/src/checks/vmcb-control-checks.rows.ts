import { since } from '@vmm/rule'
import { isBitmap, isGuestAddress, type VmcbCheck } from './vmcb-check.ts'

const bitmapBytes = { ioPermission: 0x3000n, msrPermission: 0x2000n } as const
const beyond = 1n << 60n
const between510and515 = since({ absentIn: '5.10', presentIn: '5.15' })

/**
 * What KVM checks of a VMCB's control area before it enters L2, in its order. Each row is a promise.
 *
 * Source: arch/x86/kvm/svm/nested.c __nested_vmcb_check_controls (Linux 6.12.117, 6.1.192, 5.10.13).
 */
export const vmcbControlChecks = {
  'nested-svm-vmrun-intercept': {
    says: 'a hypervisor intercepts VMRUN',
    where: '__nested_vmcb_check_controls',
    fails: ({ read }) => (read('INTERCEPT_WORD4') & 1n) === 0n,
    broken: { INTERCEPT_WORD4: 0n },
  },
  'nested-svm-asid': {
    says: 'the address space identifier of a guest is not 0',
    where: '__nested_vmcb_check_controls',
    fails: ({ read }) => read('GUEST_ASID') === 0n,
    broken: { GUEST_ASID: 0n },
  },
  'nested-svm-nested-paging': {
    says: 'nested paging is asked for only where KVM itself uses it',
    where: '__nested_vmcb_check_controls',
    fails: ({ read, vcpu }) => (read('NESTED_CTL') & 1n) !== 0n && !vcpu.nestedPaging,
    broken: { NESTED_CTL: 1n },
    around: { nestedPaging: false },
  },
  'nested-svm-nested-cr3': {
    says: 'the CR3 of nested paging is an address that the guest can have',
    where: '__nested_vmcb_check_controls',
    lifetime: since({ absentIn: '6.19', presentIn: '7.1' }, { '6.1': '6.1.175', '6.6': '6.6.139', '6.12': '6.12.86', '6.18': 'unread', '6.19': 'unread' }),
    fails: (entry) => (entry.read('NESTED_CTL') & 1n) !== 0n && !isGuestAddress(entry, entry.read('N_CR3')),
    broken: { NESTED_CTL: 1n, N_CR3: beyond },
  },
  'nested-svm-msr-bitmap': {
    says: 'the bitmap of MSRs lies where the guest can have memory',
    where: 'nested_svm_check_bitmap_pa',
    lifetime: between510and515,
    fails: (entry) => !isBitmap(entry, entry.read('MSRPM_BASE_PA'), bitmapBytes.msrPermission),
    broken: { MSRPM_BASE_PA: beyond },
  },
  'nested-svm-io-bitmap': {
    says: 'the bitmap of ports lies where the guest can have memory',
    where: 'nested_svm_check_bitmap_pa',
    lifetime: between510and515,
    fails: (entry) => !isBitmap(entry, entry.read('IOPM_BASE_PA'), bitmapBytes.ioPermission),
    broken: { IOPM_BASE_PA: beyond },
  },
  'nested-svm-virtual-nmi': {
    says: 'NMIs are virtual only where they are intercepted',
    where: '__nested_vmcb_check_controls',
    lifetime: since('6.4'),
    by: ['0977cfac6e76', 'KVM: nSVM: Implement support for nested VNMI'],
    fails: ({ read }) => (read('INT_CTL') & (1n << 26n)) !== 0n && (read('INTERCEPT_WORD3') & 2n) === 0n,
    broken: { INT_CTL: 1n << 26n },
  },
} as const satisfies Readonly<Record<string, VmcbCheck>>
