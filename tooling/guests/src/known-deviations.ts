import { executedVmxMsrs } from '@vmm/nested-vmx'
import { sdm } from '@vmm/source'
import { bochsVmxMsrs, type Deviation, deviations } from './deviations.rows.ts'
import { unofferedWitnesses } from './kernels/vmx-witnesses.ts'

/** Witnesses of checks of what the capability MSRs of a host do not offer: the hypervisor says so instead of trying. */
function unoffered(host: 'vmm' | 'bochs', msrs: ReadonlyMap<number, bigint>): readonly Deviation[] {
  const told = {
    says: 'A control that the capability MSRs do not offer cannot be set: they offer no more than there is.',
    source: sdm('3C', 'A.2', 'Reserved Controls and Default Settings'),
  }
  const { vmxWitnesses, vmxNearest } = unofferedWitnesses(msrs)
  return [
    ...vmxWitnesses.map((check) => ({ ...told, host, kernel: 'vmxWitnesses', check, answer: 'ok dead 0' })),
    ...vmxNearest.map((check) => ({ ...told, host, kernel: 'vmxNearest', check, answer: 'ok dead' })),
  ]
}

/** Where someone is known not to do what the manual says. */
export const knownDeviations: readonly Deviation[] = [
  ...deviations,
  ...unoffered('vmm', executedVmxMsrs({ has: () => true })),
  ...unoffered('bochs', new Map(bochsVmxMsrs)),
]
