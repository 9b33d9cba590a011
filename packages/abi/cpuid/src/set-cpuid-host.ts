import type { Feature } from './all.ts'
import { type CpuidTable, findEntry } from './entry.ts'
import { has } from './has.ts'
import type { Host } from './host.ts'
import { keyOf, profileNamed, type Where } from './kernel-of.ts'
import { wide } from './rules/kernel-lookup.ts'
import type { SetCpuidHost } from './set-cpuid-call.ts'
import { supportedCpuid } from './supported/supported-cpuid.ts'
import { componentsOf } from './xsave.ts'

/** CET's state components, the first that KVM lets guests have in IA32_XSS. */
const cetStates = 0x1800n

type Facts = Omit<SetCpuidHost, 'supported'>

const known = new WeakMap<Host, Facts>()

/** What of a host decides how CPUID tables are taken on it. Worked out once for each host. */
function factsOf(host: Host): Facts {
  const before = known.get(host)
  if (before !== undefined) return before
  const facts = workOut(host)
  known.set(host, facts)
  return facts
}

function workOut({ cpuid, cleared, kconfig, params, physicalAddressWidth, vendorModule }: Host): Facts {
  const on = (feature: Feature) => has(cpuid, feature) && !cleared.has(feature)
  const main = findEntry(cpuid, 0xd, 0)
  const supervisor = findEntry(cpuid, 0xd, 1)
  const paging = vendorModule === 'kvm_amd' ? params['kvm_amd.npt'] : params['kvm_intel.ept']
  return {
    xsave: on('XSAVE'),
    pku: on('PKU'),
    components: componentsOf(cpuid),
    supportedXcr0: main === undefined || !on('XSAVE') ? 0n : wide(main.eax, main.edx),
    supportedXss: supervisor === undefined || !on('XSAVES') ? 0n : wide(supervisor.ecx, supervisor.edx) & cetStates,
    hyperv: Boolean(kconfig['CONFIG_KVM_HYPERV'] ?? true),
    xen: Boolean(kconfig['CONFIG_KVM_XEN'] ?? true),
    tdp: paging !== 0,
    gbpages: on('PAGE_1GB'),
    nx: on('NX'),
    physicalAddressWidth,
    smallerMaxPhyAddr: vendorModule === 'kvm_intel' && Boolean(params['kvm_intel.allow_smaller_maxphyaddr'] ?? 0),
  }
}

/** The facts of where a call is made, with what KVM supports there. */
export function factsAt({ kernel, host, supported }: Where): SetCpuidHost {
  return supported === undefined ? factsThere(kernel, host) : { ...factsOf(host), supported: () => supported }
}

const knownThere = new WeakMap<Host, Map<string, SetCpuidHost>>()

/** What is supported is asked for at most once for each host and kernel, and only where a release needs it. */
function factsThere(kernel: Where['kernel'], host: Host): SetCpuidHost {
  const profile = profileNamed(kernel)
  const before = knownThere.get(host)?.get(keyOf(profile))
  if (before !== undefined) return before
  let entries: CpuidTable | undefined
  const ask = () => {
    entries ??= supportedCpuid({ kernel: profile, host }).entries
    return entries
  }
  const facts = { ...factsOf(host), supported: ask }
  knownThere.set(host, (knownThere.get(host) ?? new Map<string, SetCpuidHost>()).set(keyOf(profile), facts))
  return facts
}
