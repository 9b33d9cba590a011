import { type CpuidTable, findEntry, type Host, has } from '@vmm/cpuid'
import type { PerfmonGuest } from './msr.ts'

/** Counters of an AMD processor that does not count them: of the first kind, and of the extended one. */
const amdCounters = { old: 4, core: 6 } as const

/**
 * The performance monitoring unit that a guest's CPUID describes, as far as the host can serve it; none where KVM has
 * none to give. Source: arch/x86/kvm/vmx/pmu_intel.c intel_pmu_refresh, arch/x86/kvm/svm/pmu.c amd_pmu_refresh (Linux 6.12).
 */
export function guestPerfmon(host: Host, table: CpuidTable): PerfmonGuest | undefined {
  if ((host.params['kvm.enable_pmu'] ?? 1) === 0) return undefined
  return host.vendorModule === 'kvm_amd' ? onAmd(host, table) : onIntel(host, table)
}

function onIntel(host: Host, table: CpuidTable): PerfmonGuest | undefined {
  const [own, most] = [countedBy(table), countedBy(host.cpuid)]
  if (own.version === 0 || most.version === 0) return undefined
  return {
    version: own.version,
    generalCounters: Math.min(own.general, most.general),
    fixedCounters: own.version === 1 ? 0 : Math.min(own.fixed, most.fixed),
  }
}

function onAmd(host: Host, table: CpuidTable): PerfmonGuest {
  return {
    version: has(table, 'PERFMON_V2') ? 2 : 1,
    generalCounters: Math.min(amdCountersOf(table), amdCountersOf(host.cpuid)),
    fixedCounters: 0,
  }
}

function amdCountersOf(table: CpuidTable): number {
  if (has(table, 'PERFMON_V2')) return (findEntry(table, 0x8000_0022, 0)?.ebx ?? 0) & 0xf
  return has(table, 'PERF_CTR_EXT_CORE') ? amdCounters.core : amdCounters.old
}

function countedBy(table: CpuidTable): { readonly version: number; readonly general: number; readonly fixed: number } {
  const { eax = 0, edx = 0 } = findEntry(table, 0x0a, 0) ?? {}
  return { version: eax & 0xff, general: (eax >>> 8) & 0xff, fixed: edx & 0x1f }
}
