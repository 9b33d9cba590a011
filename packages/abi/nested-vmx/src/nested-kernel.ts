import {
  deedInForce,
  type Outcome,
  type Profile,
  type Promised,
  type Refusal,
  type ResolvedPipeline,
  resolve,
  run,
} from '@vmm/rule'
import type { NestedFormat, NestedState } from './nested-state.ts'
import { nestedHeaderBytes, toldNestedState } from './nested-state-bytes.ts'
import type { EnableEvmcs } from './rules/enable-evmcs/call.ts'
import { enableEvmcsPipeline } from './rules/enable-evmcs/index.ts'
import type { GetNestedState } from './rules/get-nested-state/call.ts'
import { getNestedStatePipeline } from './rules/get-nested-state/index.ts'
import { nestedVmxDeadlineTold } from './rules/get-nested-state/nested-vmx-deadline-told.rule.ts'
import { nestedGuestModeFlag } from './rules/in-l2/nested-guest-mode-flag.rule.ts'
import type { EferSet, SmmSet } from './rules/leave/call.ts'
import { nestedResetLeft } from './rules/leave/nested-reset-left.rule.ts'
import { nestedSmmLeft } from './rules/leave/nested-smm-left.rule.ts'
import { nestedSvmeCleared } from './rules/leave/nested-svme-cleared.rule.ts'
import { nestedCapBytes } from './rules/nested-cap/nested-cap-bytes.rule.ts'
import { nestedFormat } from './rules/nested-cap/nested-format.rule.ts'
import type { NestedModule } from './rules/nested-cap/nested-module.ts'
import type { GivenNestedState, NestedVcpu, SetNestedState } from './rules/set-nested-state/call.ts'
import { setSvmNestedStatePipeline, setVmxNestedStatePipeline } from './rules/set-nested-state/index.ts'
import type { NestedSregs } from './rules/set-sregs/call.ts'
import { nestedSregsPipeline } from './rules/set-sregs/index.ts'

/** KVM_SET_NESTED_STATE, with what the vCPU is and has. */
export interface NestedStateToSet {
  readonly given: GivenNestedState
  readonly vcpu: NestedVcpu
  readonly state: NestedState
}

/** What came of KVM_SET_NESTED_STATE. A refusal leaves a state, too: not always the one that was there. */
export type NestedStateSet =
  | {
      readonly kind: 'done'
      readonly state: NestedState
      /** What the call returns: 0, or what a kernel's own code let out. */
      readonly returned: number
      readonly unread: readonly Promised[]
    }
  | (Refusal & { readonly state: NestedState })

/** KVM_GET_NESTED_STATE, with what user space has room for. */
export type NestedStateToGet = Pick<GetNestedState, 'readable' | 'size' | 'writable' | 'state' | 'hasVmx' | 'supported'>

/** What came of KVM_GET_NESTED_STATE: what is written, whether the call failed or not. */
export type NestedStateGot =
  | { readonly kind: 'done'; readonly bytes: Uint8Array }
  | (Refusal & {
      /** Nothing, or the header with what follows it. */
      readonly bytes: Uint8Array
      /** The size that is written over the header's. */
      readonly toldSize: number | undefined
    })

/** Nested state as one release has it. */
export class NestedKernel {
  readonly #profile: Profile
  readonly #set: Readonly<Record<NestedFormat, ResolvedPipeline<SetNestedState>>>
  readonly #get: ResolvedPipeline<GetNestedState>
  readonly #sregs: ResolvedPipeline<NestedSregs>
  readonly #evmcs: ResolvedPipeline<EnableEvmcs>

  constructor(profile: Profile) {
    this.#profile = profile
    this.#set = {
      vmx: resolve(setVmxNestedStatePipeline, profile),
      svm: resolve(setSvmNestedStatePipeline, profile),
    }
    this.#get = resolve(getNestedStatePipeline, profile)
    this.#sregs = resolve(nestedSregsPipeline, profile)
    this.#evmcs = resolve(enableEvmcsPipeline, profile)
  }

  /** What nested state a vendor module has in this release, if any. */
  formatOf(module: NestedModule): NestedFormat | undefined {
    return deedInForce(nestedFormat, this.#profile)?.(module)
  }

  /** What KVM_CHECK_EXTENSION says of KVM_CAP_NESTED_STATE. */
  bytesOf(format: NestedFormat | undefined): number {
    return deedInForce(nestedCapBytes, this.#profile)?.(format) ?? 0
  }

  /** KVM_SET_NESTED_STATE. */
  set({ given, vcpu, state }: NestedStateToSet): NestedStateSet {
    const call: SetNestedState = { given, vcpu, state, progress: 'asked', returned: 0 }
    const outcome = run(this.#set[vcpu.format ?? state.format], call)
    if (outcome.kind === 'refused') return { ...outcome.refusal, state: outcome.state.state }
    return { kind: 'done', state: outcome.state.state, returned: outcome.state.returned, unread: outcome.unread }
  }

  /** KVM_GET_NESTED_STATE. */
  get(asked: NestedStateToGet): NestedStateGot {
    const outcome = run(this.#get, { ...asked, needed: 0, written: 0, toldSize: undefined })
    const { written, needed, toldSize } = outcome.state
    const state = deedInForce(nestedVmxDeadlineTold, this.#profile)?.(asked.state) ?? asked.state
    const all = toldNestedState(state, asked.hasVmx, needed)
    const bytes =
      outcome.kind === 'refused' && outcome.refusal.errno === 'EFAULT' ? all.slice(0, 0) : all.slice(0, written)
    return outcome.kind === 'refused' ? { ...outcome.refusal, bytes, toldSize } : { kind: 'done', bytes }
  }

  /** Who has something against control registers that user space sets. */
  refusesSregs(sregs: NestedSregs): Refusal | undefined {
    const outcome = run(this.#sregs, sregs)
    return outcome.kind === 'refused' ? outcome.refusal : undefined
  }

  /** What user space that writes EFER leaves of a state. */
  eferSet(efer: EferSet): NestedState {
    return deedInForce(nestedSvmeCleared, this.#profile)?.(efer) ?? efer.state
  }

  /** What user space leaves of a state that says whether a vCPU is in SMM. */
  smmSet(smm: SmmSet): NestedState {
    return deedInForce(nestedSmmLeft, this.#profile)?.(smm) ?? smm.state
  }

  /** What a reset by INIT leaves of a state. */
  initialized(state: NestedState): NestedState {
    return deedInForce(nestedResetLeft, this.#profile)?.(state) ?? state
  }

  /** What kvm_run.flags say beside other things. */
  runFlags(l2Active: boolean): number {
    return deedInForce(nestedGuestModeFlag, this.#profile)?.(l2Active) ?? 0
  }

  /** KVM_ENABLE_CAP of KVM_CAP_HYPERV_ENLIGHTENED_VMCS on a vCPU. */
  enableEvmcs(asked: Pick<EnableEvmcs, 'supported' | 'hasVmx' | 'writable'>): Outcome<EnableEvmcs> {
    return run(this.#evmcs, { ...asked, enabled: false, version: 0 })
  }
}

/** Nested state as one release has it. */
export function nestedKernel(profile: Profile): NestedKernel {
  return new NestedKernel(profile)
}

/** Bytes with which every nested state can be told: what KVM_GET_NESTED_STATE never needs more than. */
export const mostNestedStateBytes: number = nestedHeaderBytes + 0x2000
