import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import { standardXsaveSize } from '../../xsave.ts'
import { amended, placeOfSubleaf } from '../kernel-lookup.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aRuntimeUpdate } from './a-runtime-update.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

/** CPUID.D.0:EBX. */
export const rtXsaveSize = behaviour({
  id: 'rt-xsave-size',
  catalogue: 'rt-xsave-size',
  says: "CPUID.D.0:EBX is the size of the standard XSAVE area for XCR0, of the host's components",
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'xstate_required_size', '6.12'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ table, shown, lookup, registers, host }: RuntimeUpdate) => {
        const place = placeOfSubleaf(table, 0xd, 0, lookup)
        if (registers.xcr0 !== undefined) {
          return amended(table, place, { ebx: standardXsaveSize(registers.xcr0, host.components) })
        }
        const current = shown[placeOfSubleaf(shown, 0xd, 0, lookup)]
        return current === undefined ? table : amended(table, place, { ebx: current.ebx })
      },
      witness: {
        in: aRuntimeUpdate([entry(0xd, { ebx: 99 }, 0)], { registers: { xcr0: 7n } }),
        out: [entry(0xd, { ebx: 832 }, 0)],
      },
    },
  ],
})
