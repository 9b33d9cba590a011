import { rule, since } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { missingFeatures } from './dynamic-features.ts'
import { asked, check612 } from './where-read.ts'

const tiles = aCall({ incoming: [entry(0xd, { eax: 0x6_0007 }, 0)] })

/** Only leaf DH is looked at, not the AMX bits of leaf 7. */
export const setCpuidDynamicXfeatures = rule<SetCpuidCall>({
  id: 'set-cpuid-dynamic-xfeatures',
  catalogue: 'set-cpuid-dynamic-xfeatures',
  says: 'the process must be permitted to give guests the dynamic XCR0 bits that leaf DH has',
  lifetime: since('5.17'),
  errno: 'EPERM',
  sources: [
    check612,
    kernelSource('arch/x86/kernel/fpu/xstate.c', '__xfd_enable_feature', '6.1.192'),
    mail(
      '20211229131328.12283-9-yang.zhong@intel.com',
      'kvm: x86: Check and enable permitted dynamic xfeatures at KVM_SET_CPUID2',
    ),
    asked,
  ],
  evidence: 'recorded',
  refuses: (call) => (missingFeatures(call) & ~call.permitted) !== 0n,
  witness: { refused: tiles, accepted: { ...tiles, permitted: 1n << 18n } },
})
