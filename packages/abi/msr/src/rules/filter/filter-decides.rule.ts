import { always, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { filterRead, filterWrite, type MsrFilter } from './filter.ts'

/** An access of a guest, and the filter of its VM. */
export interface FilteredAccess {
  readonly index: number
  readonly access: 'read' | 'write'
  readonly filter: MsrFilter | undefined
}

const banks: MsrFilter = {
  allowsByDefault: false,
  ranges: [{ flags: filterRead, base: 0x400, count: 8, bitmap: new Uint8Array([0xf0]) }],
}

/** Whether a filter lets a guest's access through. The host is never asked. */
export const filterDecides = behaviour<FilteredAccess, boolean>({
  id: 'filter-decides',
  catalogue: 'msr-filter-eval',
  says: 'the first range that holds the MSR and decides on the access says whether it is allowed; x2APIC MSRs are not filtered',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_msr_allowed', '6.12'),
    probe('msr', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: decide,
      witness: { in: { index: 0x400, access: 'read', filter: banks }, out: false },
    },
  ],
})

function decide({ index, access, filter }: FilteredAccess): boolean {
  if (filter === undefined || (index >= 0x800 && index <= 0x8ff)) return true
  const flag = access === 'read' ? filterRead : filterWrite
  // The end of a range is 32 bits wide, as in the kernel: one that runs over the top holds nothing.
  const range = filter.ranges.find(
    ({ flags, base, count }) => (flags & flag) !== 0 && index >= base && index < (base + count) >>> 0,
  )
  if (range === undefined) return filter.allowsByDefault
  const at = index - range.base
  return (((range.bitmap[at >> 3] ?? 0) >> (at & 7)) & 1) === 1
}
