import { behaviour, between, since, until } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { allowEqual, disallowInL2, forbidAfterRun, set612 } from './where-read.ts'

const frozenBy =
  (is: (call: SetCpuidCall) => boolean) =>
  (call: SetCpuidCall): SetCpuidCall =>
    is(call) === call.frozen ? call : { ...call, frozen: is(call) }

/** When the model of a vCPU is fixed: what KVM has made of its table is then in use. */
export const setCpuidFrozen = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-frozen',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'whether the CPUID table of a vCPU can still change depends on what it has done',
  sources: [set612, allowEqual],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.16'),
      says: 'it can always change',
      sources: [forbidAfterRun],
      does: frozenBy(() => false),
      witness: { in: aCall({ hasRun: true }), out: aCall({ hasRun: true }) },
    },
    {
      lifetime: between('5.16', '7.0'),
      says: 'not once the vCPU has entered the guest',
      does: frozenBy(({ hasRun }) => hasRun),
      witness: {
        in: aCall({ hasRun: true, l2Active: true }),
        out: aCall({ hasRun: true, l2Active: true, frozen: true }),
      },
    },
    {
      lifetime: since('7.0'),
      says: 'not once the vCPU has entered the guest, nor while L2 is active',
      sources: [disallowInL2],
      does: frozenBy(({ hasRun, l2Active }) => hasRun || l2Active),
      witness: { in: aCall({ l2Active: true }), out: aCall({ l2Active: true, frozen: true }) },
    },
  ],
})
