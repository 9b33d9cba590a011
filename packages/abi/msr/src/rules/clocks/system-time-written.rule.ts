import { always, behaviour } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'

/** A write of MSR_KVM_SYSTEM_TIME (`old`) or its new number. */
export interface SystemTimeWrite {
  readonly data: bigint
  readonly old: boolean
  readonly initiator: 'guest' | 'host'
  /** The number of the vCPU. */
  readonly vcpu: number
  /** The boot vCPU used the old number last. */
  readonly bootUsesOld: boolean
}

/** What follows: where the clock page is kept up to date from the next entry on, and whether all clocks start anew. */
export interface SystemTimeKept {
  readonly page: bigint | undefined
  readonly bootUsesOld: boolean
  readonly updatesMasterClock: boolean
}

const booting: SystemTimeWrite = { data: 0x2001n, old: false, initiator: 'guest', vcpu: 0, bootUsesOld: true }

/** What a write of MSR_KVM_SYSTEM_TIME leads to. */
export const systemTimeWritten = behaviour<SystemTimeWrite, SystemTimeKept>({
  id: 'system-time-written',
  catalogue: 'pvmsr-system-time',
  says: 'bit 0 switches the clock page on, at any address; the boot vCPU says with its number how all clocks are kept',
  sources: [
    kernelDoc('Documentation/virt/kvm/x86/msr.rst', 'MSR_KVM_SYSTEM_TIME_NEW'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_write_system_time', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ data, old, initiator, vcpu, bootUsesOld }) => {
        const decides = vcpu === 0 && initiator === 'guest'
        return {
          page: (data & 1n) === 0n ? undefined : data & ~1n,
          bootUsesOld: decides ? old : bootUsesOld,
          updatesMasterClock: decides && bootUsesOld !== old,
        }
      },
      witness: { in: booting, out: { page: 0x2000n, bootUsesOld: false, updatesMasterClock: true } },
    },
  ],
})
