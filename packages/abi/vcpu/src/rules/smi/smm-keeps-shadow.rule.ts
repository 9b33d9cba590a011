import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { EnterSmmCall } from '../calls.ts'

const kept = { absentIn: '6.1', presentIn: '6.12' } as const
const behindSti: EnterSmmCall = { written: true, shadow: 2, ssp: undefined }

export const smmKeepsShadow = behaviour<EnterSmmCall, EnterSmmCall>({
  id: 'smm-keeps-shadow',
  catalogue: 'smi',
  says: 'what keeps interrupts off behind STI and MOV SS is saved on the way into SMM',
  sources: [
    kernelSource('arch/x86/kvm/smm.c', 'enter_smm_save_state_64', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'enter_smm_save_state_64', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until(kept),
      does: (call) => ({ ...call, shadow: 0 }),
      witness: { in: behindSti, out: { ...behindSti, shadow: 0 } },
    },
    { lifetime: since(kept), does: (call) => call, witness: { in: behindSti, out: behindSti } },
  ],
})
