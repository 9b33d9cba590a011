import { findEntry } from '../entry.ts'
import { has } from '../has.ts'
import type { Host } from '../host.ts'
import { signatureOf, vendorOf } from '../text.ts'
import { kernelFlags } from './kernel-flags.ts'

/** What a report can depend on besides the bit itself. */
export type Condition = keyof typeof conditions

const param = (host: Host, name: string, otherwise: number) => (host.params[name] ?? otherwise) !== 0
const option = (host: Host, name: string) => (host.kconfig[name] ?? true) !== false
const uses = (host: Host, feature: Parameters<typeof has>[1]) => has(host.cpuid, feature) && !host.cleared.has(feature)

/**
 * Whether VMX allows a control to be 1. The capability MSR holds that in its upper half; a dump without the MSR is
 * taken for one of a CPU that allows it.
 *
 * Source: SDM 3D A.3 VM-Execution Controls, A.5 VM-Entry Controls.
 */
function allows(host: Host, msr: number, bit: number): boolean {
  const value = host.msrs.get(msr)
  return value === undefined || ((value >> BigInt(32 + bit)) & 1n) === 1n
}

const secondaryControls = 0x48b
const entryControls = 0x484

/** Whether the second level of address translation is in use: EPT, or nested paging. */
export function usesTdp(host: Host): boolean {
  if (host.vendorModule === 'kvm_intel') return param(host, 'kvm_intel.ept', 1) && allows(host, secondaryControls, 1)
  return host.vendorModule === 'kvm_amd' && param(host, 'kvm_amd.npt', 1) && has(host.cpuid, 'NP')
}

/** Models whose PEBS works in guests since it does at all. Source: arch/x86/events/intel/core.c, intel_pmu_init. */
const iceLakeServers: readonly number[] = [0x6a, 0x6c]
/** Models that the kernel names for it later, all of PEBS format 5. */
const laterServers: readonly number[] = [0x8f, 0xcf, 0xad, 0xae]

function isOneOf(host: Host, models: readonly number[]): boolean {
  const { family, model } = signatureOf(findEntry(host.cpuid, 1, 0)?.eax ?? 0)
  return vendorOf(host.cpuid) === 'GenuineIntel' && family === 6 && models.includes(model)
}

const perfCapabilities = 0x345

function pebsFormat(host: Host): number {
  const capabilities = host.msrs.get(perfCapabilities) ?? 0n
  return Number((capabilities >> 8n) & 0xfn)
}

/** Whether KVM gives its guests performance counters. */
export function usesPmu(host: Host): boolean {
  if (!param(host, 'kvm.enable_pmu', 1) || uses(host, 'HYBRID')) return false
  return vendorOf(host.cpuid) !== 'GenuineIntel' || ((findEntry(host.cpuid, 0x0a, 0)?.eax ?? 0) & 0xff) > 0
}

/** Every condition by its name. */
export const conditions = {
  tdp: usesTdp,
  'shadow paging': (host: Host) => !usesTdp(host),
  'nested is on': (host: Host) => param(host, `${host.vendorModule}.nested`, 1),
  'nested was asked for': (host: Host) => param(host, `${host.vendorModule}.nested`, 0),
  pmu: usesPmu,
  'PEBS of Ice Lake servers': (host: Host) => usesPmu(host) && isOneOf(host, iceLakeServers),
  'PEBS of format 5': (host: Host) => usesPmu(host) && (isOneOf(host, laterServers) || pebsFormat(host) >= 5),
  'protection keys are in use': (host: Host) => uses(host, 'PKU'),
  'trace in guests was asked for': (host: Host) => param(host, 'kvm_intel.pt_mode', 0),
  'enclave memory for guests': (host: Host) =>
    option(host, 'CONFIG_X86_SGX_KVM') && allows(host, secondaryControls, 15),
  'RDTSCP can be enabled': (host: Host) => allows(host, secondaryControls, 3),
  'INVPCID can be enabled': (host: Host) => allows(host, secondaryControls, 12),
  'XSAVES can be enabled': (host: Host) => allows(host, secondaryControls, 20),
  'user waits can be enabled': (host: Host) => allows(host, secondaryControls, 26),
  'descriptor tables exit': (host: Host) => !uses(host, 'UMIP') && allows(host, secondaryControls, 2),
  'bounds are loaded on entry': (host: Host) => allows(host, entryControls, 16),
  'CET is loaded on entry': (host: Host) => allows(host, entryControls, 20),
  vGIF: (host: Host) => param(host, 'kvm_amd.vgif', 1) && has(host.cpuid, 'VGIF'),
  'enough core counters': (host: Host) => usesPmu(host) && uses(host, 'PERF_CTR_EXT_CORE'),
  SEV: (host: Host) => option(host, 'CONFIG_KVM_AMD_SEV') && param(host, 'kvm_amd.sev', 1) && usesTdp(host),
  'SNP is set up': (host: Host) => param(host, 'kvm_amd.sev_snp', 0),
  'full address width': (host: Host) => !param(host, 'kvm_intel.allow_smaller_maxphyaddr', 0),
  tiles: (host: Host) => uses(host, 'AMX_TILE'),
  AVX10: (host: Host) => uses(host, 'AVX10'),
  'run-queue statistics': (host: Host) => option(host, 'CONFIG_SCHED_INFO'),
  IBRS: (host: Host) => kernelFlags(host).has('IBRS'),
  IBPB: (host: Host) => kernelFlags(host).has('IBPB'),
  STIBP: (host: Host) => kernelFlags(host).has('STIBP'),
  "AMD's IBPB and IBRS": (host: Host) => uses(host, 'AMD_IBPB') && uses(host, 'AMD_IBRS'),
  "AMD's IBPB clears returns": (host: Host) => uses(host, 'IBPB_RET'),
  "AMD's SSBD": (host: Host) => uses(host, 'AMD_SSBD'),
  "Intel's SSBD": (host: Host) => uses(host, 'SSBD'),
  "Intel's SPEC_CTRL": (host: Host) => uses(host, 'SPEC_CTRL'),
  'SSBD by LS_CFG': (host: Host) => kernelFlags(host).has('LS_CFG_SSBD'),
  'no SSBD of its own': (host: Host) => !uses(host, 'AMD_SSBD'),
  'no speculative store bypass': (host: Host) => !kernelFlags(host).has('SPEC_STORE_BYPASS'),
  'LFENCE serializes': (host: Host) => kernelFlags(host).has('LFENCE_RDTSC'),
  'null selectors clear bases': (host: Host) => !kernelFlags(host).has('NULL_SEG'),
  'the kernel found SBPB': (host: Host) => kernelFlags(host).has('SBPB'),
  'IBPB clears branch types': (host: Host) => kernelFlags(host).has('IBPB_BRTYPE'),
  'microcode makes VERW clear': (host: Host) => kernelFlags(host).has('VERW_CLEAR'),
  'a family without TSA of fills': (host: Host) => kernelFlags(host).has('TSA_FILL_NO'),
  'a family without TSA': (host: Host) => kernelFlags(host).has('TSA_NO'),
  'post-barrier returns are safe': (host: Host) => !kernelFlags(host).has('EIBRS_PBRSB'),
} as const satisfies Readonly<Record<string, (host: Host) => boolean>>
