import { behaviour, between } from '@vmm/rule'
import { commit } from '@vmm/source'
import type { SetCpuidCall, SetCpuidEffect } from '../../set-cpuid-call.ts'
import { aCallAfterRun, tableTo } from './a-call.ts'
import { forbidAfterRun } from './where-read.ts'

const warnings: readonly SetCpuidEffect[] = [
  { kind: 'logged', line: 'KVM: KVM_SET_CPUID{,2} after KVM_RUN may cause guest instability' },
  { kind: 'logged', line: 'KVM: KVM_SET_CPUID{,2} will fail after KVM_RUN starting with Linux 5.16' },
]
const changed = aCallAfterRun(tableTo(1), tableTo(0))

/** Two releases told that the next would refuse. */
export const setCpuidWarning = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-warning',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'a table set after the vCPU has run is taken, with a warning in the log, at a limited rate',
  sources: [
    commit('63f5a1909f9e', 'KVM: x86: Alert userspace that KVM_SET_CPUID{,2} after KVM_RUN is broken'),
    forbidAfterRun,
  ],
  evidence: 'mail',
  versions: [
    {
      lifetime: between('5.14', '5.16'),
      does: (call) => (call.hasRun ? { ...call, effects: [...call.effects, ...warnings] } : call),
      witness: { in: changed, out: { ...changed, effects: warnings } },
    },
  ],
})
