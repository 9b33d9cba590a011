import { type CpuidTable, entry, findEntry } from '@vmm/cpuid'
import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

const table: CpuidTable = [entry(1, { eax: 0x806f8 })]

/** RDX after INIT and at creation, when there is no table yet. */
export const edxAfterReset: Behaviour<CpuidTable, number> = behaviour<CpuidTable, number>({
  id: 'edx-after-reset',
  catalogue: 'edx-after-reset',
  says: 'a reset leaves family, model and stepping in RDX as leaf 1 tells them, or 600H without that leaf',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_reset', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_reset', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (table) => findEntry(table, 1, 0)?.eax ?? 0x600,
      witness: { in: table, out: 0x806f8 },
    },
  ],
})
