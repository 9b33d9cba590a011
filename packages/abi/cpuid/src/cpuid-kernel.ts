import { type Pipeline, type Profile, promiseOf, type ResolvedPipeline, resolve, versionInForce } from '@vmm/rule'
import type { CpuidTable } from './entry.ts'
import type { GetCpuid2Call } from './get-cpuid2-call.ts'
import { getCpuid2Pipeline } from './get-cpuid2-steps.ts'
import { keyOf, profileNamed, type Where } from './kernel-of.ts'
import { rtSgxXfrm } from './rules/runtime/rt-sgx-xfrm.rule.ts'
import { rtXenTsc } from './rules/runtime/rt-xen-tsc.rule.ts'
import type { RuntimeUpdate } from './rules/runtime/runtime-state.ts'
import type { SetCpuidCall, SetCpuidName } from './set-cpuid-call.ts'
import type { Following } from './set-cpuid-runtime.ts'
import { registerPipeline, setCpuid2Pipeline, setCpuidPipeline } from './set-cpuid-steps.ts'

/** What a kernel does with CPUID tables: every call as that kernel has it. */
export interface CpuidKernel {
  readonly set: Readonly<Record<SetCpuidName, ResolvedPipeline<SetCpuidCall>>>
  readonly get: ResolvedPipeline<GetCpuid2Call>
  /** A register that tables show is written. */
  readonly written: ResolvedPipeline<SetCpuidCall>
  /** The clock of a VM is updated. */
  readonly ticked: (update: RuntimeUpdate) => CpuidTable
  /** What this kernel has made of a table that it stored, whatever the registers are. */
  readonly made: (update: RuntimeUpdate) => CpuidTable
}

const known = new Map<string, CpuidKernel>()

/** The kernel that is meant. Throws a `RangeError` for a release that nobody lists. */
export function kernelAt({ kernel }: Pick<Where, 'kernel'>): CpuidKernel {
  const profile = profileNamed(kernel)
  const found = known.get(keyOf(profile)) ?? cpuidKernel(profile)
  known.set(keyOf(profile), found)
  return found
}

/** What a profile does with CPUID tables, as if the promises of these names had never been made. */
export function cpuidKernel(profile: Profile, disabled: readonly string[] = []): CpuidKernel {
  const kept = <State>(pipeline: Pipeline<State>): ResolvedPipeline<State> => {
    const steps = pipeline.steps.filter((step) => !disabled.includes(promiseOf(step).id))
    const { undo, ...rest } = pipeline
    const resolved = undo === undefined || disabled.includes(undo.id) ? rest : pipeline
    return resolve({ ...resolved, steps }, profile)
  }
  const alone = (following: Following) => {
    const found = disabled.includes(following.id) ? undefined : versionInForce(following, profile)
    return found?.kind === 'version' ? found.version.does : ({ table }: RuntimeUpdate) => table
  }
  return {
    set: { KVM_SET_CPUID: kept(setCpuidPipeline), KVM_SET_CPUID2: kept(setCpuid2Pipeline) },
    get: kept(getCpuid2Pipeline),
    written: kept(registerPipeline),
    ticked: alone(rtXenTsc),
    made: alone(rtSgxXfrm),
  }
}
