import { run } from '@vmm/rule'
import { type CpuidKernel, kernelAt } from './cpuid-kernel.ts'
import type { Where } from './kernel-of.ts'
import type { ShownRegisters } from './rules/runtime/runtime-state.ts'
import { callOf } from './set-cpuid.ts'
import { type CpuidVcpu, type CpuidVm, vcpuAfter } from './set-cpuid-vcpu.ts'

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
  kernel: CpuidKernel = kernelAt(where),
): CpuidVcpu {
  const now = { ...vcpu, registers: { ...vcpu.registers, ...registers } }
  const { state } = run(kernel.written, callOf(where, { table: [], vcpu: now, vm }))
  return vcpuAfter(now, state)
}

/**
 * A vCPU after a clock update: from 6.3 to 6.14 its table tells Xen guests how the TSC runs.
 *
 * Source: arch/x86/kvm/xen.c, kvm_xen_update_tsc_info (Linux 6.12).
 */
export function clockUpdated(where: Where, vcpu: CpuidVcpu, tsc: NonNullable<ShownRegisters['tsc']>): CpuidVcpu {
  const call = callOf(where, { table: [], vcpu: { ...vcpu, registers: { ...vcpu.registers, tsc } } })
  return { ...vcpu, current: kernelAt(where).ticked({ ...call, table: call.stored }) }
}
