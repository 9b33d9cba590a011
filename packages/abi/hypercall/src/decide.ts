import { deedOf, knownSeries, type Profile, profileOf, readVersion, resolve, run } from '@vmm/rule'
import { hypercallErrors } from './errors.ts'
import type { HyperVCall } from './hyper-v.ts'
import { type HyperVStatus, hyperVStatuses } from './hyper-v-status.rows.ts'
import { type Hypercall, returnValue } from './hypercall.ts'
import { type AnsweredHypercall, mapGpaComplete } from './rules/exits/map-gpa-complete.behaviour.ts'
import { type HypercallRecord, mapGpaExit } from './rules/exits/map-gpa-exit.behaviour.ts'
import type { HyperVContext, HyperVVerdict } from './rules/hyper-v/case.ts'
import { hyperVPipeline } from './rules/hyper-v/index.ts'
import type { HypercallContext } from './rules/hypercall/case.ts'
import { hypercallPipeline } from './rules/hypercall/index.ts'
import type { InstructionCase, InstructionVerdict } from './rules/instruction/case.ts'
import { foreignInstruction } from './rules/instruction/foreign-instruction.behaviour.ts'
import type { HypercallVerdict } from './verdict.ts'

/** Decides hypercalls of KVM's own interface. */
export type HypercallDecider = (call: Hypercall, context: HypercallContext) => HypercallVerdict

/**
 * What one kernel makes of hypercalls: privilege first, then the number, its feature bit, its arguments. The decider is
 * pure and total: whatever a guest puts into its registers has an answer.
 */
export function hypercallDecider(profile: Profile): HypercallDecider {
  const steps = resolve(hypercallPipeline, profile)
  return (call, context) => {
    const outcome = run(steps, { call, context, verdict: undefined })
    if (outcome.kind === 'refused') {
      return { kind: 'return', value: returnValue(call, -hypercallErrors[outcome.refusal.errno]) }
    }
    return outcome.state.verdict ?? { kind: 'return', value: returnValue(call, -hypercallErrors.KVM_ENOSYS) }
  }
}

/** What RAX gets of a hypercall that user space has answered. */
export type HypercallCompleter = (answered: AnsweredHypercall) => bigint

/** How one kernel completes hypercalls. */
export function hypercallCompleter(profile: Profile): HypercallCompleter {
  return deedOf(mapGpaComplete, profile)
}

/** How one kernel tells user space of a hypercall: the words of `kvm_run.hypercall` that have a history. */
export function hypercallRecorder(profile: Profile): (call: { readonly width: 64 | 32 }) => HypercallRecord {
  return deedOf(mapGpaExit, profile)
}

/** Decides what comes of either vendor's hypercall instruction. */
export type HypercallPatcher = (made: InstructionCase) => InstructionVerdict

/** What one kernel makes of the other vendor's hypercall instruction. */
export function hypercallPatcher(profile: Profile): HypercallPatcher {
  return deedOf(foreignInstruction, profile)
}

/** Decides hypercalls of Hyper-V's interface. */
export type HyperVDecider = (call: HyperVCall, context: HyperVContext) => HyperVVerdict

/** What one kernel makes of Hyper-V's hypercalls. The decider is total; it reads guest memory through its context. */
export function hyperVDecider(profile: Profile): HyperVDecider {
  const steps = resolve(hyperVPipeline, profile)
  return (call, context) => {
    const outcome = run(steps, { call, context, verdict: undefined })
    if (outcome.kind === 'done') return outcome.state.verdict ?? refused('HV_STATUS_INVALID_HYPERCALL_CODE')
    const { errno } = outcome.refusal
    return errno === '#UD' ? { kind: 'fault', vector: 6 } : refused(errno)
  }
}

/** Decides a hypercall as the newest kernel does that is known. */
export const decideHypercall: HypercallDecider = hypercallDecider(newest())

function newest(): Profile {
  const read = readVersion(knownSeries().at(-1) ?? '')
  if (read.kind === 'bad-version') throw new RangeError(read.says)
  return profileOf(read.version)
}

function refused(status: HyperVStatus): HyperVVerdict {
  return { kind: 'return', result: BigInt(hyperVStatuses[status]) }
}
