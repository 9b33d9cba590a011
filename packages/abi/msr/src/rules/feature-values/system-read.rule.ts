import { between, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrError } from '../../kvm-call.ts'
import { eightB, type SystemRead } from './system-read.ts'

export const systemRead = rule<SystemRead, MsrError>({
  id: 'system-read',
  catalogue: 'msr-get-system',
  says: 'on /dev/kvm, KVM_GET_MSRS reads feature MSRs and nothing else, unless ignore_msrs is on',
  lifetime: between('4.17', '6.12'),
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'do_get_msr_feature', '6.1')],
  evidence: 'recorded',
  refuses: ({ index, told, ignoreMsrs }) => !told.has(index) && ignoreMsrs !== true,
  witness: { refused: { ...eightB, index: 0x10 }, accepted: eightB },
})
