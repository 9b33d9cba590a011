import { behaviour, between, since, type Undone, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetCpuidCall, SetCpuidEffect } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'
import { allocateDynamically, resetOnFailure, set616, updateCurrentFirst } from './where-read.ts'

const before = aCall({ stored: tableTo(1), incoming: tableTo(2) })
const at: SetCpuidCall = { ...before, stored: tableTo(2), installed: true, hypervContext: true }

function putBack({ before, at }: Undone<SetCpuidCall>): SetCpuidCall {
  const done = at.effects.some(({ kind }) => kind === 'pending-update-done')
  const lost: readonly SetCpuidEffect[] =
    before.pending && !at.pending && !done ? [{ kind: 'pending-update-lost' }] : []
  return {
    ...before,
    stored: done ? at.incoming : before.stored,
    pending: at.pending,
    hypervContext: at.hypervContext,
    fpu: at.fpu,
    effects: [...at.effects, ...lost],
  }
}

/** What stays in every release: the Hyper-V state, and the larger XSAVE area. */
export const setCpuidAtomicity = behaviour<Undone<SetCpuidCall>, SetCpuidCall>({
  id: 'set-cpuid-atomicity',
  catalogue: 'set-cpuid-atomicity',
  says: 'a refused call leaves the table that the vCPU had',
  sources: [set616, allocateDynamically],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.9'),
      says: 'what was copied stays',
      sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_set_cpuid2', '5.2'), resetOnFailure],
      bug: 'the refused table stayed in place',
      does: ({ at }) => at,
      witness: { in: { before, at }, out: at },
    },
    {
      lifetime: between('5.9', '5.10'),
      says: 'a table that its check refused leaves none',
      sources: [resetOnFailure, allocateDynamically],
      bug: 'the table there was before was lost',
      does: ({ at }) => (at.installed ? { ...at, stored: [] } : at),
      witness: { in: { before, at }, out: { ...at, stored: [] } },
    },
    {
      lifetime: since('5.10'),
      says: 'and the update done on it, where one was due',
      sources: [updateCurrentFirst],
      does: putBack,
      witness: { in: { before, at }, out: { ...before, hypervContext: true } },
    },
  ],
})
