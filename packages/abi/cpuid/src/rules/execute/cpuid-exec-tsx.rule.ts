import { behaviour, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { anExecution, type CpuidExecution } from '../../cpuid-execution.ts'
import { entry } from '../../entry.ts'
import { bitOf } from '../kernel-lookup.ts'
import { executed61, executed612 } from './where-read.ts'

const hle = 1 << 4
const rtm = 1 << 11
const clears = 1

const found = entry(7, { ebx: hle | rtm | 1 }, 0)
const answer = { eax: 0, ebx: hle | rtm | 1, ecx: 0, edx: 0 }
const asked = anExecution({ table: [found], leaf: 7, answering: 7, found, answer, tsxCtrl: 2n })

/** The stored table keeps the bits. */
export const cpuidExecTsx = behaviour<CpuidExecution, CpuidExecution>({
  id: 'cpuid-exec-tsx',
  catalogue: 'cpuid-exec-tweaks',
  says: 'leaf 7 does not tell of RTM and HLE while IA32_TSX_CTRL hides them',
  sources: [executed61, executed612],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.5', { '5.4': 'unread', '4.19': 'unread', '4.14': 'unread' }),
      does: (call) => call,
      witness: { in: asked, out: asked },
    },
    {
      lifetime: since('5.5', { '5.4': 'unread', '4.19': 'unread', '4.14': 'unread' }),
      sources: [commit('c11f83e0626b', 'KVM: vmx: implement MSR_IA32_TSX_CTRL disable RTM functionality')],
      does: (call) => {
        const hidden =
          call.found !== undefined && call.answering === 7 && call.index === 0 && bitOf(call.tsxCtrl ?? 0n, clears)
        return hidden ? { ...call, answer: { ...call.answer, ebx: (call.answer.ebx & ~(hle | rtm)) >>> 0 } } : call
      },
      witness: { in: asked, out: { ...asked, answer: { ...answer, ebx: 1 } } },
    },
  ],
})
