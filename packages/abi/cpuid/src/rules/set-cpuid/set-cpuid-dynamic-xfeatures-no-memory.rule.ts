import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { missingFeatures } from './dynamic-features.ts'
import { check612 } from './where-read.ts'

const tiles = aCall({ incoming: [entry(0xd, { eax: 0x6_0007 }, 0)], permitted: 1n << 18n, failing: 'FPU state' })

/** The larger XSAVE area must be there before the guest may use it. */
export const setCpuidDynamicXfeaturesNoMemory = rule<SetCpuidCall>({
  id: 'set-cpuid-dynamic-xfeatures-no-memory',
  catalogue: 'set-cpuid-dynamic-xfeatures',
  says: 'there must be memory for the XSAVE area that the dynamic XCR0 bits need',
  lifetime: since('5.17'),
  errno: 'EFAULT',
  sources: [check612, kernelSource('arch/x86/kernel/fpu/xstate.c', '__xfd_enable_feature', '6.1.192')],
  evidence: 'source',
  refuses: (call) => call.failing === 'FPU state' && missingFeatures(call) !== 0n,
  witness: { refused: tiles, accepted: { ...tiles, fpu: 1n << 18n } },
})
