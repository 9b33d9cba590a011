import { type Pipeline, type Promised, type Refusal, type ResolvedPipeline, resolve, run } from '@vmm/rule'
import { anExecution, type CpuidExecution } from './cpuid-execution.ts'
import type { CpuidAnswer, CpuidTable } from './entry.ts'
import { keyOf, profileNamed, type Where } from './kernel-of.ts'
import { cpuidExecInvariantTsc } from './rules/execute/cpuid-exec-invariant-tsc.rule.ts'
import { cpuidExecLookup } from './rules/execute/cpuid-exec-lookup.rule.ts'
import { cpuidExecTopology } from './rules/execute/cpuid-exec-topology.rule.ts'
import { cpuidExecTruncation } from './rules/execute/cpuid-exec-truncation.rule.ts'
import { cpuidExecTsx } from './rules/execute/cpuid-exec-tsx.rule.ts'
import { cpuidFaulting } from './rules/execute/cpuid-faulting.rule.ts'
import { cpuidOutOfRangeAmd } from './rules/execute/cpuid-out-of-range-amd.rule.ts'
import { cpuidOutOfRangeIntel } from './rules/execute/cpuid-out-of-range-intel.rule.ts'

/** A guest's CPUID as the list of KVM's steps, each with its releases. */
export const executeCpuidPipeline: Pipeline<CpuidExecution, '#GP(0)'> = {
  call: 'CPUID',
  steps: [
    { kind: 'check', rule: cpuidFaulting },
    { kind: 'act', behaviour: cpuidExecTruncation },
    { kind: 'act', behaviour: cpuidExecLookup },
    { kind: 'act', behaviour: cpuidOutOfRangeAmd },
    { kind: 'act', behaviour: cpuidOutOfRangeIntel },
    { kind: 'act', behaviour: cpuidExecTsx },
    { kind: 'act', behaviour: cpuidExecInvariantTsc },
    { kind: 'act', behaviour: cpuidExecTopology },
  ],
}

/** A CPUID instruction and what of its vCPU decides the answer. What is left out is as after reset, at CPL 0. */
export interface ExecuteCpuid
  extends Partial<Omit<CpuidExecution, 'leaf' | 'index' | 'answering' | 'found' | 'answer'>> {
  readonly table: CpuidTable
  readonly rax: bigint
  readonly rcx: bigint
}

/** What the guest gets, each register zero-extended; or the fault. */
export type ExecutedCpuid = { readonly unread: readonly Promised[] } & (
  | { readonly kind: 'answer'; readonly answer: CpuidAnswer }
  | Refusal<'#GP(0)'>
)

const resolved = new Map<string, ResolvedPipeline<CpuidExecution, '#GP(0)'>>()

/**
 * Executes CPUID as a release of KVM does: with its rules for leaves out of range, and with what it changes on the way
 * out. `lookup` is the same as a CPU does it. Throws a `RangeError` for a kernel that nobody lists.
 *
 * Source: arch/x86/kvm/cpuid.c, kvm_emulate_cpuid.
 */
export function executeCpuid(kernel: Where['kernel'], instruction: ExecuteCpuid): ExecutedCpuid {
  const { state, unread, ...outcome } = run(pipelineFor(kernel), anExecution(instruction))
  return outcome.kind === 'refused' ? { ...outcome.refusal, unread } : { kind: 'answer', answer: state.answer, unread }
}

function pipelineFor(kernel: Where['kernel']): ResolvedPipeline<CpuidExecution, '#GP(0)'> {
  const profile = profileNamed(kernel)
  const before = resolved.get(keyOf(profile))
  if (before !== undefined) return before
  const pipeline = resolve(executeCpuidPipeline, profile)
  resolved.set(keyOf(profile), pipeline)
  return pipeline
}
