import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aFilter, aRange, defaultDeny, type MsrFilter, type SetFilterCall } from './filter.ts'

/** What the VM holds once nothing refused. A call that was refused leaves the filter that was there. */
export const filterKept = behaviour<SetFilterCall, MsrFilter>({
  id: 'filter-kept',
  catalogue: 'msr-filter-set',
  says: 'a new MSR filter takes the place of the old one as a whole, without the ranges that count nothing',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_msr_filter', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ flags, ranges }) => ({
        allowsByDefault: (flags & defaultDeny) === 0,
        ranges: ranges.flatMap(({ flags: on, base, count, bitmap }) =>
          count === 0 || bitmap === undefined ? [] : [{ flags: on, base, count, bitmap }],
        ),
      }),
      witness: {
        in: { ...aFilter, ranges: [{ ...aRange, count: 0 }, aRange] },
        out: { allowsByDefault: true, ranges: [{ flags: 3, base: 0x400, count: 8, bitmap: new Uint8Array([0xf0]) }] },
      },
    },
  ],
})
