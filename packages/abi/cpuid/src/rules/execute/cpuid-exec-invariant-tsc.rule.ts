import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anExecution, type CpuidExecution } from '../../cpuid-execution.ts'
import { entry } from '../../entry.ts'
import { executed612 } from './where-read.ts'

const powerLeaf = 0x8000_0007
const invariantTsc = 1 << 8

const found = entry(powerLeaf, { edx: invariantTsc })
const answer = { eax: 0, ebx: 0, ecx: 0, edx: invariantTsc }
const asked = anExecution({
  table: [found],
  leaf: powerLeaf,
  answering: powerLeaf,
  found,
  answer,
  invariantTscHidden: true,
})

/** A guest that knows the MSR writes 1 to it, and sees the bit from then on. */
export const cpuidExecInvariantTsc = behaviour<CpuidExecution, CpuidExecution>({
  id: 'cpuid-exec-invariant-tsc',
  catalogue: 'cpuid-exec-tweaks',
  says: 'a guest of Hyper-V sees the invariant TSC only after it wrote HV_X64_MSR_TSC_INVARIANT_CONTROL',
  sources: [executed612, kernelSource('arch/x86/kvm/hyperv.h', 'kvm_hv_invtsc_suppressed', '6.12.117')],
  evidence: 'source',
  versions: [
    { lifetime: until('6.3'), does: (call) => call, witness: { in: asked, out: asked } },
    {
      lifetime: since('6.3'),
      does: (call) => {
        const hidden = call.found !== undefined && call.answering === powerLeaf && call.invariantTscHidden
        return hidden ? { ...call, answer: { ...call.answer, edx: (call.answer.edx & ~invariantTsc) >>> 0 } } : call
      },
      witness: { in: asked, out: { ...asked, answer: { ...answer, edx: 0 } } },
    },
  ],
})
