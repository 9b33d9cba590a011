import { always, behaviour } from '@vmm/rule'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { bitOf, findLeaf } from '../kernel-lookup.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { after612 } from '../set-cpuid/where-read.ts'
import { derived } from './derive.ts'

const deadline = aCall({ stored: [entry(1, { ecx: 1 << 24 })] })

/** By the table itself, also where KVM does not support the bit. */
export const timerModes = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'timer-modes',
  catalogue: 'set-cpuid-side-effects',
  says: 'the in-kernel APIC timer has a TSC-deadline mode where leaf 1 says so; without leaf 1 it keeps the modes it had',
  sources: [after612],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const version = findLeaf(call.stored, 1, call.lookup)
        if (version === undefined || !call.apicInKernel) return call
        return derived(call, { tscDeadline: bitOf(version.ecx, 24) })
      },
      witness: { in: deadline, out: derived(deadline, { tscDeadline: true }) },
    },
  ],
})
