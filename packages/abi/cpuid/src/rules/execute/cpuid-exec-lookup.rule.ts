import { behaviour, since, until } from '@vmm/rule'
import { commit, probe } from '@vmm/source'
import { anExecution, type CpuidExecution, noAnswer } from '../../cpuid-execution.ts'
import { entry } from '../../entry.ts'
import { findSubleaf, type KernelLookup } from '../kernel-lookup.ts'
import { executed61, executed612 } from './where-read.ts'

const found =
  (lookup: KernelLookup) =>
  (call: CpuidExecution): CpuidExecution => {
    const first = findSubleaf(call.table, call.leaf, call.index, lookup)
    if (first === undefined) return { ...call, found: undefined, answer: noAnswer }
    const { eax, ebx, ecx, edx } = first
    return { ...call, found: first, answer: { eax, ebx, ecx, edx } }
  }

const two = [entry(4, { eax: 1 }, 0), entry(4, { eax: 2 }, 1), entry(4, { eax: 3 }, 1)]
const asked = anExecution({ table: two, leaf: 4, index: 1, answering: 4 })
const answered = { ...asked, found: two[1], answer: { eax: 2, ebx: 0, ecx: 0, edx: 0 } }

/** An entry without a significant index answers for every index. */
export const cpuidExecLookup = behaviour<CpuidExecution, CpuidExecution>({
  id: 'cpuid-exec-lookup',
  catalogue: 'cpuid-exec-lookup',
  says: 'CPUID is answered by the first entry of its leaf and, where that is significant, of its index; otherwise by zeros',
  sources: [executed61, executed612, probe('instructions', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.7'),
      says: 'an entry with STATEFUL_FUNC answers only when it is the next to be read',
      does: found('stateful'),
      witness: { in: asked, out: answered },
    },
    {
      lifetime: since('5.7'),
      sources: [commit('7ff6c0350315', 'KVM: x86: Remove stateful CPUID handling')],
      does: found('first'),
      witness: { in: asked, out: answered },
    },
  ],
})
