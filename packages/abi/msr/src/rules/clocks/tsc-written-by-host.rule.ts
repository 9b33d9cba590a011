import { behaviour, since, until } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'

/** User space writes IA32_TIME_STAMP_COUNTER of one vCPU. */
export interface HostTscWrite {
  readonly data: bigint
  /** The last write to any vCPU of the VM, what the counter should show there by now, and the rate it was for. */
  readonly last: { readonly expected: bigint; readonly kHz: number }
  /** The rate of this vCPU; 0 before it is known. */
  readonly kHz: number
  /** User space has written one before. */
  readonly userHasSet: boolean
}

const early: HostTscWrite = {
  data: 5n,
  last: { expected: 1_000_000n, kHz: 2_000_000 },
  kHz: 2_000_000,
  userHasSet: false,
}

/** Whether the value is taken for an attempt to set what the other vCPUs have: then it gets their offset instead. */
export const tscWrittenByHost = behaviour<HostTscWrite, boolean>({
  id: 'tsc-written-by-host',
  catalogue: 'tsc',
  says: 'a counter set to 0, or to within a second of what user space set another to, is kept in step with it',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_synchronize_tsc', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: until({ absentIn: '6.6', presentIn: '6.8' }),
      says: 'or of what the vCPUs were created with',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_synchronize_tsc', '6.1')],
      does: (write) => isInStep(write),
      witness: { in: early, out: true },
    },
    {
      lifetime: since({ absentIn: '6.6', presentIn: '6.8' }),
      sources: [
        mail(
          '20231008025335.7419-1-likexu@tencent.com',
          "[PATCH v7] KVM: x86/tsc: Don't sync user-written TSC against startup values",
        ),
      ],
      does: (write) => (write.data === 0n || write.userHasSet) && isInStep(write),
      witness: { in: early, out: false },
    },
  ],
})

function isInStep({ data, last, kHz }: HostTscWrite): boolean {
  if (kHz === 0 || kHz !== last.kHz) return false
  const second = BigInt(kHz) * 1000n
  return data === 0n || (data < last.expected + second && data + second > last.expected)
}
