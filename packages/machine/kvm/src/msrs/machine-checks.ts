import {
  type MachineCheckState,
  type MachineError,
  type MsrHost,
  mceSetUp,
  mceSupported,
  setMceCall,
  setupMceCall,
} from '@vmm/msr'
import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { inRelease } from '../in-release.ts'
import type { VcpuMsrs } from './vcpu-msrs.ts'

const registers = { cap: 0x179, status: 0x17a, ctl: 0x17b, bank: 0x400, ctl2: 0x280 } as const
/** `KVM_MAX_MCE_BANKS`. */
const banks = Array.from({ length: 32 }, (_, at) => at)

/** Where machine checks of a vCPU are kept, and how its processor is. */
export interface CheckedVcpu {
  readonly kernel: Profile
  readonly module: MsrHost['module']
  readonly msrs: VcpuMsrs
  /** CR4.MCE. */
  readonly checksEnabled: boolean
  readonly apicInKernel: boolean
}

/** KVM_X86_GET_MCE_CAP_SUPPORTED. */
export function mceCapSupported(kernel: Profile, module: MsrHost['module']): bigint {
  return inRelease(mceSupported, kernel)({ module })
}

/** KVM_X86_SETUP_MCE. */
export function setupMce({ kernel, module, msrs }: CheckedVcpu, mcgCap: bigint): Answer<number> {
  const call = { mcgCap, supported: mceCapSupported(kernel, module), module, state: stateOf(msrs) }
  const outcome = run(resolve(setupMceCall, kernel), call)
  if (outcome.kind === 'refused') return outcome.refusal
  keep(msrs, inRelease(mceSetUp, kernel)(call))
  return done(0, outcome.unread)
}

/** KVM_X86_SET_MCE: what becomes of the vCPU at its next run. */
export function setMce(
  { kernel, msrs, checksEnabled, apicInKernel }: CheckedVcpu,
  error: MachineError,
): Answer<'machine check' | 'shutdown' | 'corrected interrupt' | 'nothing'> {
  const outcome = run(resolve(setMceCall, kernel), { error, checksEnabled, apicInKernel, state: stateOf(msrs) })
  if (outcome.kind === 'refused') return outcome.refusal
  keep(msrs, outcome.state.state)
  return done(outcome.state.outcome ?? 'nothing', outcome.unread)
}

function stateOf(msrs: VcpuMsrs): MachineCheckState {
  const held = (index: number) => msrs.held(index) ?? 0n
  return {
    mcgCap: held(registers.cap),
    mcgStatus: held(registers.status),
    mcgCtl: held(registers.ctl),
    banks: banks.map((at) => {
      const first = registers.bank + 4 * at
      return [held(first), held(first + 1), held(first + 2), held(first + 3)]
    }),
    ctl2: banks.map((at) => held(registers.ctl2 + at)),
  }
}

function keep(msrs: VcpuMsrs, state: MachineCheckState): void {
  msrs.hold(registers.cap, state.mcgCap)
  msrs.hold(registers.status, state.mcgStatus)
  msrs.hold(registers.ctl, state.mcgCtl)
  for (const [at, bank] of state.banks.entries())
    for (const [register, value] of bank.entries()) msrs.hold(registers.bank + 4 * at + register, value)
  for (const [at, value] of state.ctl2.entries()) msrs.hold(registers.ctl2 + at, value)
}
