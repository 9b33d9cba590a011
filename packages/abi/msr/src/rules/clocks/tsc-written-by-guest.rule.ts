import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** A guest's write of IA32_TIME_STAMP_COUNTER or IA32_TSC_ADJUST. All values are taken modulo 64 bits. */
export interface GuestTscWrite {
  readonly register: 'TSC' | 'TSC_ADJUST'
  readonly data: bigint
  /** The host's counter, scaled as the guest's is. */
  readonly hostTsc: bigint
  /** What is added to it. */
  readonly offset: bigint
  readonly adjust: bigint
}

const written: GuestTscWrite = { register: 'TSC', data: 500n, hostTsc: 1000n, offset: 0n, adjust: 7n }
const minus500 = BigInt.asUintN(64, -500n)

/** What a guest’s write of its counter leaves. */
export const tscWrittenByGuest = behaviour<GuestTscWrite, Pick<GuestTscWrite, 'offset' | 'adjust'>>({
  id: 'tsc-written-by-guest',
  catalogue: 'tsc',
  says: 'a guest moves its counter for itself: writing the one moves the other by as much',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ register, data, hostTsc, offset, adjust }) => {
        const moved = BigInt.asUintN(64, register === 'TSC' ? data - hostTsc - offset : data - adjust)
        return { offset: BigInt.asUintN(64, offset + moved), adjust: BigInt.asUintN(64, adjust + moved) }
      },
      witness: { in: written, out: { offset: minus500, adjust: BigInt.asUintN(64, -493n) } },
    },
  ],
})
