import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { missingFeatures } from './dynamic-features.ts'
import { check612 } from './where-read.ts'

const features = 1n << 18n
const tiles = aCall({ incoming: [entry(0xd, { eax: 0x6_0007 }, 0)], permitted: features })

/** It stays for good: nothing makes the area smaller again. */
export const setCpuidFpuEnlarge = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-fpu-enlarge',
  catalogue: 'set-cpuid-dynamic-xfeatures',
  says: "the vCPU's XSAVE area grows for the dynamic XCR0 bits of the table",
  sources: [check612, kernelSource('arch/x86/kernel/fpu/core.c', 'fpu_enable_guest_xfd_features', '6.1.192')],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.17'),
      does: (call) => {
        const features = missingFeatures(call)
        if (features === 0n) return call
        return { ...call, fpu: call.fpu | features, effects: [...call.effects, { kind: 'fpu-enlarged', features }] }
      },
      witness: { in: tiles, out: { ...tiles, fpu: features, effects: [{ kind: 'fpu-enlarged', features }] } },
    },
  ],
})
