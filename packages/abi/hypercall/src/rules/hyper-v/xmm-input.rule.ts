import { rule, since } from '@vmm/rule'
import { type HyperVRule, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'

const xmmInput = 4
const rights = { featuresEbx: -1, featuresEdx: ~(1 << xmmInput), recommendationsEax: -1, recommendationsEbx: 1 }

export const hyperVXmmInput: HyperVRule = rule({
  id: 'hv-hc-xmm-input',
  catalogue: 'hv-hc-access',
  says: "where Hyper-V's CPUID is enforced, arguments in XMM registers are an invalid opcode unless they were shown",
  lifetime: since('5.14'),
  errno: '#UD',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: (made) => {
    const { call, context } = made
    const taken = call.fast && hyperVRowOf(made)?.fastInput === 'xmm'
    return taken && context.cpuid === 'enforced' && ((context.rights.featuresEdx >>> xmmInput) & 1) === 0
  },
  witness: {
    refused: hyperVMade('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE', {}, { cpuid: 'enforced', rights }),
    accepted: hyperVMade('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE', {}, { cpuid: 'enforced' }),
  },
})
