import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetMpStateCall } from '../calls.ts'
import { aSetMpState } from '../witnesses.ts'

export const mpStateInitInSmm = rule<SetMpStateCall>({
  id: 'mp-state-init-in-smm',
  catalogue: 'mp-state',
  says: 'in SMM, and with an SMI on its way, a vCPU neither waits for SIPI nor has had it',
  lifetime: until({ absentIn: '5.17', presentIn: '6.1' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '5.15')],
  evidence: 'memory',
  refuses: ({ given: { mp_state }, inSmm, smiPending }) => (mp_state === 2 || mp_state === 4) && (inSmm || smiPending),
  witness: {
    refused: aSetMpState({ given: { mp_state: 2 }, inSmm: true }),
    accepted: aSetMpState({ given: { mp_state: 3 }, inSmm: true }),
  },
})
