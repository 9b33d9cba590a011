import { run } from '@vmm/rule'
import { exceptions } from '@vmm/x86-registers'
import type { Engine } from './engine-port.ts'
import type { EventState } from './event-state.ts'
import { type FailedEmulation, internalErrors, type VcpuExit } from './exit.ts'
import type { KeptPromises } from './kept-promises.ts'
import type { VcpuSwitches } from './switches.ts'

interface Parts {
  readonly engine: Engine
  readonly state: EventState
  readonly promises: KeptPromises
  readonly switches: VcpuSwitches
}

/** KVM would have to emulate it, and cannot: it is none of those that KVM has, or its bytes are where no memory is. */
export function notEmulated(
  { engine, state, promises, switches }: Parts,
  failed: FailedEmulation | undefined,
): VcpuExit | undefined {
  const cpl = Number(engine.get('CPL'))
  const asked = switches.exitsOnEmulationFailure
  const { raised, exits } = run(promises.emulationFails, { asked, cpl, raised: false, exits: false }).state
  if (raised) {
    const { vector } = exceptions.UD
    state.exception = { vector, errorCode: undefined, stage: 'raised', payload: undefined }
  }
  if (!exits) return undefined
  const how = failed === undefined ? {} : { failed }
  const says = `the instruction at ${engine.get('RIP').toString(16)} cannot be emulated`
  return { kind: 'internal-error', suberror: internalErrors.emulation, data: [0n], ...how, says }
}
