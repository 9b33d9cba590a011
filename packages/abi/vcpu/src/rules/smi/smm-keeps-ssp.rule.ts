import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { EnterSmmCall } from '../calls.ts'

const withStack: EnterSmmCall = { written: true, shadow: 0, ssp: 0x1000n }

export const smmKeepsSsp = behaviour<EnterSmmCall, EnterSmmCall>({
  id: 'smm-keeps-ssp',
  catalogue: 'smi',
  says: 'the shadow-stack pointer of a guest with shadow stacks is saved on the way into SMM, and given back by RSM',
  sources: [
    kernelSource('arch/x86/kvm/smm.c', 'enter_smm_save_state_64', '6.18'),
    kernelSource('arch/x86/kvm/smm.c', 'rsm_load_state_64', '6.18'),
    kernelSource('arch/x86/kvm/smm.c', 'enter_smm_save_state_64', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.18'),
      does: (call) => ({ ...call, ssp: undefined }),
      witness: { in: withStack, out: { ...withStack, ssp: undefined } },
    },
    { lifetime: since('6.18'), does: (call) => call, witness: { in: withStack, out: withStack } },
  ],
})
