import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import {
  aFilter,
  aRange,
  bitmapBytes,
  type FilterRange,
  filterRead,
  filterWrite,
  mostBitmapBytes,
  type SetFilterCall,
} from './filter.ts'

const isBad = ({ flags, count }: FilterRange): boolean =>
  (flags & ~(filterRead | filterWrite)) !== 0 || flags === 0 || bitmapBytes(count) > mostBitmapBytes

/** The first range that is wrong in some way decides: a bitmap that cannot be read, in an earlier one, wins. */
const firstWrong = ({ ranges }: SetFilterCall): FilterRange | undefined =>
  ranges.find((range) => range.count > 0 && (isBad(range) || range.bitmap === undefined))

const withRange = (range: Partial<FilterRange>): SetFilterCall => ({ ...aFilter, ranges: [{ ...aRange, ...range }] })

export const filterRange = rule<SetFilterCall>({
  id: 'filter-range',
  catalogue: 'msr-filter-set',
  says: 'a range that counts MSRs decides on reads, writes or both, and its bitmap has at most 1536 bytes',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_add_msr_filter', '6.12')],
  evidence: 'recorded',
  refuses: (call) => {
    const wrong = firstWrong(call)
    return wrong !== undefined && isBad(wrong)
  },
  witness: { refused: withRange({ flags: 4 }), accepted: withRange({ flags: 4, count: 0 }) },
})
