import { rule, until } from '@vmm/rule'
import { mail } from '@vmm/source'
import type { SetMpStateCall } from '../calls.ts'
import { aSetMpState } from '../witnesses.ts'

export const mpStateInitInSmm = rule<SetMpStateCall>({
  id: 'mp-state-init-in-smm',
  catalogue: 'mp-state',
  says: 'in SMM, and with an SMI on its way, a vCPU neither waits for SIPI nor has had it',
  lifetime: until('5.5'),
  errno: 'EINVAL',
  sources: [
    mail(
      '20191111091640.92660-3-liran.alon@oracle.com',
      '[PATCH 2/2] KVM: x86: Prevent set vCPU into INIT/SIPI_RECEIVED state when INIT are latched',
    ),
  ],
  evidence: 'mail',
  errata: ['the boundary between the two was told as some release after 5.17, at the latest 6.1; it is 5.5'],
  refuses: ({ given: { mp_state }, inSmm, smiPending }) => (mp_state === 2 || mp_state === 4) && (inSmm || smiPending),
  witness: {
    refused: aSetMpState({ given: { mp_state: 2 }, inSmm: true }),
    accepted: aSetMpState({ given: { mp_state: 3 }, inSmm: true }),
  },
})
