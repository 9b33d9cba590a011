import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { ReferenceScale } from './reference-page.behaviour.ts'

/** The reference time now. */
export interface ReferenceNow {
  /** The VM's clock, in nanoseconds. */
  readonly clock: bigint
  /** The counter of the first vCPU, and what the page says of it, where there is one. */
  readonly timeStamp: bigint
  readonly page: ReferenceScale | undefined
}

const unset: ReferenceNow = { clock: 12_345n, timeStamp: 0n, page: undefined }

export const referenceTime: Behaviour<ReferenceNow, bigint> = behaviour({
  id: 'hyperv-reference-time',
  catalogue: 'hv-msrs',
  says: 'the reference time is the VM’s clock in units of 100 ns, and what the page says where it has been written',
  sources: [
    kernelSource('arch/x86/kvm/hyperv.c', 'get_time_ref_counter', '6.12.117'),
    kernelSource('arch/x86/kvm/hyperv.c', 'get_time_ref_counter', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ clock, timeStamp, page }) =>
        page === undefined ? clock / 100n : BigInt.asUintN(64, ((timeStamp * page.scale) >> 64n) + page.offset),
      witness: { in: unset, out: 123n },
    },
  ],
})
