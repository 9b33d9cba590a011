import { always, behaviour } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'

/** A write of MSR_KVM_WALL_CLOCK or its new number. */
export interface WallClockWrite {
  readonly gpa: bigint
  /** The version that stands there now, 32 bits; none where guest memory cannot be read. */
  readonly version: number | undefined
  /** When the VM booted, in nanoseconds of the host's wall clock. */
  readonly bootNs: bigint
}

/** What is written to guest memory, one after the other: 32-bit words from an address on. */
export type MemoryWrites = readonly { readonly gpa: bigint; readonly words: readonly number[] }[]

const junk: WallClockWrite = { gpa: 0x1000n, version: 7, bootNs: 1_700_000_000_123_456_789n }

/** The version is odd while the time is written. */
export const wallClockWritten = behaviour<WallClockWrite, MemoryWrites>({
  id: 'wall-clock-written',
  catalogue: 'pvmsr-wall-clock',
  says: 'the time at which the VM booted is written at once, between an odd version and an even one; what is not mapped is left',
  sources: [
    kernelDoc('Documentation/virt/kvm/x86/msr.rst', 'MSR_KVM_WALL_CLOCK_NEW'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_write_wall_clock', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: writesOf,
      witness: {
        in: junk,
        out: [
          { gpa: 0x1000n, words: [9] },
          { gpa: 0x1000n, words: [9, 1_700_000_000, 123_456_789] },
          { gpa: 0x1000n, words: [10] },
        ],
      },
    },
  ],
})

function writesOf({ gpa, version, bootNs }: WallClockWrite): MemoryWrites {
  if (gpa === 0n || version === undefined) return []
  const odd = ((version & 1) === 1 ? version + 2 : version + 1) >>> 0
  const seconds = Number((bootNs / 1_000_000_000n) & 0xffff_ffffn)
  const nanoseconds = Number(bootNs % 1_000_000_000n)
  return [
    { gpa, words: [odd] },
    { gpa, words: [odd, seconds, nanoseconds] },
    { gpa, words: [(odd + 1) >>> 0] },
  ]
}
