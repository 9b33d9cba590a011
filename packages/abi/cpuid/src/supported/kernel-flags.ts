import type { Feature } from '../all.ts'
import { findEntry } from '../entry.ts'
import { has } from '../has.ts'
import type { Host } from '../host.ts'
import { signatureOf, vendorOf } from '../text.ts'

/** What the kernel of a host works out for itself; no CPUID bit says it. The kernel's names, without prefix. */
export type KernelFlag =
  | 'IBRS'
  | 'IBPB'
  | 'STIBP'
  | 'LS_CFG_SSBD'
  | 'LFENCE_RDTSC'
  | 'SPEC_STORE_BYPASS'
  | 'NULL_SEG'
  | 'EIBRS_PBRSB'
  | 'SBPB'
  | 'IBPB_BRTYPE'
  | 'TSA_NO'
  | 'TSA_FILL_NO'
  | 'VERW_CLEAR'

const capabilities = 0x10a

/**
 * The kernel's flags for a host, as 6.1 and 6.12 work them out; `params` with the flag's name in lower case and
 * `host.` before it (`host.null_seg`) overrule one, for hosts whose /proc/cpuinfo says otherwise.
 *
 * Source: arch/x86/kernel/cpu/common.c init_speculation_control, cpu_set_bug_bits, check_null_seg_clears_base;
 * arch/x86/kernel/cpu/{amd,intel}.c.
 */
export function kernelFlags(host: Host): ReadonlySet<KernelFlag> {
  const derived: readonly (readonly [KernelFlag, boolean])[] = [
    ['IBRS', uses(host, 'SPEC_CTRL') || uses(host, 'AMD_IBRS')],
    ['IBPB', uses(host, 'SPEC_CTRL') || uses(host, 'AMD_IBPB')],
    ['STIBP', uses(host, 'STIBP') || uses(host, 'AMD_STIBP')],
    ['LS_CFG_SSBD', hasLsCfg(host)],
    ['LFENCE_RDTSC', uses(host, 'SSE2') && isKnownVendor(host)],
    ['SPEC_STORE_BYPASS', bypassesStores(host)],
    ['NULL_SEG', keepsBases(host)],
    ['SBPB', false],
    ['IBPB_BRTYPE', isBare(host, 0x17) && uses(host, 'AMD_IBPB')],
    ['VERW_CLEAR', clearsByVerw(host)],
    ['TSA_FILL_NO', isAmd(host) && !has(host.cpuid, 'HYPERVISOR') && familyOf(host) !== 0x1a],
    ['TSA_NO', isAmd(host) && !has(host.cpuid, 'HYPERVISOR') && familyOf(host) !== 0x19],
    ['EIBRS_PBRSB', capability(host, 1) && !capability(host, 24)],
  ]
  const flags = derived.filter(([flag, derivedValue]) => {
    const told = host.params[`host.${flag.toLowerCase()}`]
    return told === undefined ? derivedValue : told !== 0
  })
  return new Set(flags.map(([flag]) => flag))
}

function uses(host: Host, feature: Feature): boolean {
  return has(host.cpuid, feature) && !host.cleared.has(feature)
}

function capability(host: Host, bit: number): boolean {
  return (((host.msrs.get(capabilities) ?? 0n) >> BigInt(bit)) & 1n) === 1n
}

const isAmd = (host: Host) => ['AuthenticAMD', 'HygonGenuine'].includes(vendorOf(host.cpuid))
const isKnownVendor = (host: Host) => isAmd(host) || vendorOf(host.cpuid) === 'GenuineIntel'
const familyOf = (host: Host) => signatureOf(findEntry(host.cpuid, 1, 0)?.eax ?? 0).family

/** Zen and Zen 2 on bare metal; what later parts do depends on their microcode, which no dump tells. */
function isBare(host: Host, family: number): boolean {
  return isAmd(host) && familyOf(host) === family && !has(host.cpuid, 'HYPERVISOR')
}

/** Families 15H to 17H set a bit of LS_CFG where there is neither AMD_SSBD nor VIRT_SSBD. */
function hasLsCfg(host: Host): boolean {
  const family = familyOf(host)
  const own = uses(host, 'AMD_SSBD') || uses(host, 'VIRT_SSBD') || has(host.cpuid, 'HYPERVISOR')
  return isAmd(host) && family >= 0x15 && family <= 0x17 && !own
}

function bypassesStores(host: Host): boolean {
  if (has(host.cpuid, 'AMD_SSB_NO') || capability(host, 4)) return false
  return !(vendorOf(host.cpuid) === 'AuthenticAMD' && familyOf(host) >= 0x0f && familyOf(host) <= 0x12)
}

/** Whether a null selector leaves the base as it was: AMD's parts before Zen 2, and every one that is itself a guest. */
function keepsBases(host: Host): boolean {
  if (!isAmd(host) || has(host.cpuid, 'NULL_SELECT_CLEARS_BASE')) return false
  if (has(host.cpuid, 'HYPERVISOR')) return true
  const { family, model } = signatureOf(findEntry(host.cpuid, 1, 0)?.eax ?? 0)
  return !(family === 0x17 && model >= 0x30)
}

const patchLevel = 0x8b

/**
 * The oldest microcode of each Zen 3 and Zen 4 part with which VERW clears buffers.
 *
 * Source: arch/x86/kernel/cpu/amd.c 6.12.117, amd_check_tsa_microcode.
 */
const clearingMicrocode: readonly number[] = [
  0x0a00_11d7, 0x0a00_123b, 0x0a00_820d, 0x0a10_114c, 0x0a10_124c, 0x0a10_8109, 0x0a20_102e, 0x0a20_1211, 0x0a40_4108,
  0x0a50_0012, 0x0a60_120a, 0x0a70_4108, 0x0a70_5208, 0x0a70_8008, 0x0a70_c008, 0x0aa0_0216,
]

/** Whether the part runs on one of them; a host without MSR 8BH is taken for one with older microcode. */
function clearsByVerw(host: Host): boolean {
  const level = Number((host.msrs.get(patchLevel) ?? 0n) & 0xffff_ffffn)
  if (!isAmd(host) || familyOf(host) !== 0x19 || has(host.cpuid, 'HYPERVISOR')) return false
  return clearingMicrocode.some((least) => least >> 8 === level >> 8 && level >= least)
}
