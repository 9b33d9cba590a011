import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** What kvmclock tells of a counter: see `@vmm/kvmclock`. */
export interface ReferenceClock {
  readonly multiplier: number
  readonly shift: number
  /** Nanoseconds, when the counter was at `timeStamp`. */
  readonly systemTime: bigint
  readonly timeStamp: bigint
}

/** How guests make units of 100 ns of the counter: times the scale, in whose upper half it ends, plus the offset. */
export interface ReferenceScale {
  readonly scale: bigint
  readonly offset: bigint
}

const wrapped = (value: bigint) => BigInt.asUintN(64, value)
const unit = 100n
const gigahertz: ReferenceClock = { multiplier: 0x8000_0000, shift: 1, systemTime: 5000n, timeStamp: 3000n }

export const referencePage: Behaviour<ReferenceClock, ReferenceScale | 'too slow'> = behaviour<
  ReferenceClock,
  ReferenceScale | 'too slow'
>({
  id: 'hyperv-reference-page',
  catalogue: 'hv-msrs',
  says: 'the page of the reference time tells how it follows from the time-stamp counter, unless that is too slow for its scale',
  sources: [
    kernelSource('arch/x86/kvm/hyperv.c', 'compute_tsc_page_parameters', '6.12.117'),
    kernelSource('arch/x86/kvm/hyperv.c', 'compute_tsc_page_parameters', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ multiplier, shift, systemTime, timeStamp }) => {
        if (BigInt(multiplier) >= unit << BigInt(32 - shift)) return 'too slow'
        const scale = ((1n << BigInt(32 + shift)) * BigInt(multiplier)) / unit
        return { scale, offset: wrapped(systemTime / unit - ((timeStamp * scale) >> 64n)) }
      },
      witness: { in: gigahertz, out: { scale: (1n << 64n) / 100n, offset: 21n } },
    },
  ],
})
