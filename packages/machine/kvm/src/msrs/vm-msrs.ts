import {
  enableUserSpaceMsrCall,
  filterKept,
  type MsrFilter,
  type MsrVm,
  type SetFilterCall,
  setMsrFilterCall,
} from '@vmm/msr'
import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { inRelease } from '../in-release.ts'

/** What of a VM its MSRs ask, beside what they are told. */
export interface VmMsrOptions {
  readonly kernel: Profile
  readonly isMapped: MsrVm['isMapped']
}

/** What the vCPUs of a VM have in common of their MSRs: what user space was asked, and the registers that are the VM's. */
export class VmMsrs {
  /** Which accesses of guests are let through; none: every one. */
  filter: MsrFilter | undefined
  /** KVM_CAP_X86_USER_SPACE_MSR: which failures exit to user space. */
  userSpaceMask = 0
  /** KVM_CAP_MSR_PLATFORM_INFO. */
  guestReadsPlatformInfo = true
  /** The MSR that KVM_XEN_HVM_CONFIG chose; 0: none. */
  xenMsr = 0
  /** KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL: Xen's hypercalls are KVM's. */
  xenHypercalls = false
  readonly isMapped: MsrVm['isMapped']
  readonly #kernel: Profile
  readonly #values = new Map<number, bigint>()

  constructor({ kernel, isMapped }: VmMsrOptions) {
    this.#kernel = kernel
    this.isMapped = isMapped
  }

  /** KVM_X86_SET_MSR_FILTER. */
  setFilter(call: SetFilterCall): Answer<number> {
    const outcome = run(resolve(setMsrFilterCall, this.#kernel), call)
    if (outcome.kind === 'refused') return outcome.refusal
    this.filter = inRelease(filterKept, this.#kernel)(call)
    return done(0, outcome.unread)
  }

  /** KVM_ENABLE_CAP with KVM_CAP_X86_USER_SPACE_MSR. */
  exitFor(mask: bigint): Answer<number> {
    const outcome = run(resolve(enableUserSpaceMsrCall, this.#kernel), { mask })
    if (outcome.kind === 'refused') return outcome.refusal
    this.userSpaceMask = Number(BigInt.asUintN(32, mask))
    return done(0, outcome.unread)
  }

  /** Whether a register is the VM's, and not each vCPU's own. Source: arch/x86/kvm/x86.c and hyperv.c, struct kvm_arch. */
  isShared(index: number): boolean {
    return shared.has(index)
  }

  read(index: number): bigint | undefined {
    return this.#values.get(index)
  }

  write(index: number, value: bigint): void {
    this.#values.set(index, value)
  }
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at)

/** The wall clock by both its numbers, and what Hyper-V calls the partition's. */
const shared: ReadonlySet<number> = new Set([
  ...[0x11, 0x4b56_4d00, 0x4000_0000, 0x4000_0001, 0x4000_0021, 0x4000_00ff, 0x4000_0118],
  ...range(0x4000_00f1, 0x4000_00f5),
  ...range(0x4000_0100, 0x4000_0108),
])
