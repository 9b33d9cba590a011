import { rule } from '@vmm/rule'
import { mail } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'

const proposed = mail(
  'CALMp9eR-ssCUT_6oZntZ=-5SEN7Y8q-HnraKW=WDHuAn9gYZfQ@mail.gmail.com',
  'Re: [RFC PATCH] KVM: x86: Disallow KVM_SET_CPUID{2} if the vCPU is in guest mode',
)

/** A question in the thread, with the error of the patch that it answers. Two years later 5.16 did so. */
export const askCpuidAfterPowerOn = rule<SetCpuidCall>({
  id: 'ask-cpuid-after-power-on',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'once a vCPU has been powered on, the CPUID table cannot be set',
  lifetime: { proposal: 'ask-cpuid-after-power-on', proposed, on: '5.4' },
  errno: 'EBUSY',
  sources: [proposed],
  evidence: 'mail',
  refuses: ({ hasRun }) => hasRun,
  witness: { refused: aCall({ hasRun: true, stored: tableTo(1) }), accepted: aCall() },
})
