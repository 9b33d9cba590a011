import { type ResolvedPipeline, resolve, run, versionInForce } from '@vmm/rule'
import type { CpuidTable } from './entry.ts'
import { keyOf, profileNamed, type Where } from './kernel-of.ts'
import { rtXenTsc } from './rules/runtime/rt-xen-tsc.rule.ts'
import type { RuntimeUpdate, ShownRegisters } from './rules/runtime/runtime-state.ts'
import { callOf } from './set-cpuid.ts'
import type { SetCpuidCall } from './set-cpuid-call.ts'
import { registerPipeline } from './set-cpuid-steps.ts'
import { type CpuidVcpu, type CpuidVm, vcpuAfter } from './set-cpuid-vcpu.ts'

/** What a kernel does to tables between two calls. */
interface Between {
  readonly written: ResolvedPipeline<SetCpuidCall>
  readonly ticked: (update: RuntimeUpdate) => CpuidTable
}

const resolved = new Map<string, Between>()

function betweenCalls({ kernel }: Where): Between {
  const profile = profileNamed(kernel)
  const before = resolved.get(keyOf(profile))
  if (before !== undefined) return before
  const xen = versionInForce(rtXenTsc, profile)
  const ticked = xen.kind === 'version' ? xen.version.does : ({ table }: RuntimeUpdate) => table
  const found = { written: resolve(registerPipeline, profile), ticked }
  resolved.set(keyOf(profile), found)
  return found
}

/**
 * A vCPU after registers that its table shows were written: its table follows at once, or is noted to be behind, as the
 * release has it. Registers that are not given keep what they were.
 *
 * Source: arch/x86/kvm/cpuid.c, kvm_update_cpuid_runtime.
 */
export function registersWritten(
  where: Where,
  vcpu: CpuidVcpu,
  registers: ShownRegisters,
  vm: CpuidVm = {},
): CpuidVcpu {
  const now = { ...vcpu, registers: { ...vcpu.registers, ...registers } }
  const { state } = run(betweenCalls(where).written, callOf(where, { table: [], vcpu: now, vm }))
  return vcpuAfter(now, state)
}

/**
 * A vCPU after a clock update: from 6.3 to 6.14 its table tells Xen guests how the TSC runs.
 *
 * Source: arch/x86/kvm/xen.c, kvm_xen_update_tsc_info (Linux 6.12).
 */
export function clockUpdated(where: Where, vcpu: CpuidVcpu, tsc: NonNullable<ShownRegisters['tsc']>): CpuidVcpu {
  const call = callOf(where, { table: [], vcpu: { ...vcpu, registers: { ...vcpu.registers, tsc } } })
  return { ...vcpu, current: betweenCalls(where).ticked({ ...call, table: call.stored }) }
}
