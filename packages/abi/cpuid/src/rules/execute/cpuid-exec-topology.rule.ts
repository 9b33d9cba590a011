import { behaviour, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { anExecution, type CpuidExecution, noAnswer } from '../../cpuid-execution.ts'
import { entry } from '../../entry.ts'
import { findSubleaf } from '../kernel-lookup.ts'
import { executed61, executed612 } from './where-read.ts'

const table = [entry(0x0b, { ebx: 1, edx: 5 }, 0), entry(0x0b, { ebx: 4, edx: 5 }, 1)]
const asked = anExecution({ table, leaf: 0x0b, answering: 0x0b, index: 0x107 })

/** Where a leaf out of range is answered by 0BH or 1FH, too. */
export const cpuidExecTopology = behaviour<CpuidExecution, CpuidExecution>({
  id: 'cpuid-exec-topology',
  catalogue: 'cpuid-exec-tweaks',
  says: 'a sub-leaf of 0BH or 1FH that does not exist answers with its number in CL and the x2APIC ID in EDX',
  sources: [executed61, executed612],
  evidence: 'source',
  versions: [
    { lifetime: until('5.5'), does: (call) => call, witness: { in: asked, out: asked } },
    {
      lifetime: since('5.5'),
      sources: [commit('43561123ab37', 'kvm: x86: Improve emulation of CPUID leaves 0BH and 1FH')],
      does: (call) => {
        if (call.found !== undefined || (call.answering !== 0x0b && call.answering !== 0x1f)) return call
        const known = findSubleaf(call.table, call.answering, 1, 'first')
        if (known === undefined) return call
        return { ...call, answer: { ...noAnswer, ecx: call.index & 0xff, edx: known.edx } }
      },
      witness: { in: asked, out: { ...asked, answer: { ...noAnswer, ecx: 7, edx: 5 } } },
    },
  ],
})
