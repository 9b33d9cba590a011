import { executedVmxMsrs } from '@vmm/nested-vmx'
import { sdm } from '@vmm/source'
import { type Deviation, deviations } from './deviations.rows.ts'
import { unofferedWitnesses } from './kernels/vmx-witnesses.ts'

/** Witnesses of checks of what our own capability MSRs do not offer: the hypervisor says so instead of trying. */
function unoffered(): readonly Deviation[] {
  const told = {
    ...({ host: 'vmm', kernel: 'vmxWitnesses', answer: 'ok dead 0' } as const),
    says: 'A control that the capability MSRs do not offer cannot be set: ours offer no more than there is.',
    source: sdm('3C', 'A.2', 'Reserved Controls and Default Settings'),
  }
  return unofferedWitnesses(executedVmxMsrs({ has: () => true })).map((check) => ({ ...told, check }))
}

/** Where someone is known not to do what the manual says. */
export const knownDeviations: readonly Deviation[] = [...deviations, ...unoffered()]
