import type { MsrHost } from '@vmm/msr'

const range = (first: number, count: number) => Array.from({ length: count }, (_, at) => first + at)
/** KVM_MAX_MCE_BANKS: what a vCPU has until KVM_X86_SETUP_MCE. */
const banks = 32
const masked = 0x1_0000n
/** What SGX starts from: the signer of Intel’s launch enclave. Source: arch/x86/kvm/vmx/sgx.c vcpu_setup_sgx_lepubkeyhash. */
const launchKey = [0xa605_3e05_1270_b7acn, 0x6cfb_e8ba_8b3b_413dn, 0xc491_6d99_f2b3_735dn, 0xd4f8_c059_09f9_bb3bn]

/**
 * What registers hold when a vCPU is made, where that is not what a processor has after reset: no sampling, CPUID that
 * can fault, banks of machine checks, interrupts of Hyper-V that are masked.
 * Source: arch/x86/kvm/x86.c kvm_arch_vcpu_create, kvm_vcpu_reset; hyperv.c synic_init (Linux 6.12).
 */
const always: readonly (readonly [index: number, value: bigint])[] = [
  [0xce, 1n << 31n],
  [0x179, BigInt(banks)],
  [0x17b, 0n],
  [0x1a0, 0x1800n],
  [0x4000_0023, 1_000_000_000n],
  [0x4000_0081, 1n],
  ...range(0x4000_0090, 16).map((index): [number, bigint] => [index, masked]),
]

/** Registers of a new vCPU that do not hold what their rows say. */
export function msrsAfterCreation({ module }: MsrHost): ReadonlyMap<number, bigint> {
  const onIntel = launchKey.map((part, at): [number, bigint] => [0x8c + at, part])
  return new Map([...always, ...(module === 'kvm_intel' ? onIntel : [])])
}

/** Agreements with the hypervisor that INIT ends, and the count of SMIs. Source: arch/x86/kvm/x86.c kvm_vcpu_reset. */
export const forgottenByInit: readonly number[] = [
  ...[0x12, 0x34, 0x4b56_4d01, 0x4b56_4d02, 0x4b56_4d03],
  ...[0x4b56_4d04, 0x4b56_4d06],
]
