import { behaviour, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'
import { allocateDynamically } from './where-read.ts'

const [one, two] = [tableTo(1)[0]!, tableTo(2)[0]!]
const { request } = aCall({ incoming: [two, two] })
const halfRead = aCall({ stored: [one, one], incoming: [two, two], request: { ...request, readable: 1 } })

/** The count is not touched yet: entries that a fault cuts off stay as they were. */
export const setCpuidCopyInPlace = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-copy-in-place',
  catalogue: 'set-cpuid-atomicity',
  says: "the entries are copied over the vCPU's own, as far as they can be read",
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_set_cpuid2', '5.2'), allocateDynamically],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.10'),
      bug: 'a fault left half a table of each',
      does: (call) => {
        const { readable, nent } = call.request
        if (readable >= nent) return call
        const read = call.incoming.slice(0, readable)
        return { ...call, stored: call.stored.map((old, at) => read[at] ?? old) }
      },
      witness: { in: halfRead, out: { ...halfRead, stored: [two, one] } },
    },
    {
      lifetime: { mainline: { since: '5.10' } },
      says: 'into memory of their own',
      does: (call) => call,
      witness: { in: halfRead, out: halfRead },
    },
  ],
})
