import type { Feature } from './all.ts'
import { type CpuidTable, findEntry } from './entry.ts'
import { has } from './has.ts'
import type { Host } from './host.ts'
import { wide } from './rules/kernel-lookup.ts'
import type { SetCpuidHost } from './set-cpuid-call.ts'
import { componentsOf } from './xsave.ts'

/** CET's state components, the first that KVM lets guests have in IA32_XSS. */
const cetStates = 0x1800n

const known = new WeakMap<Host, SetCpuidHost>()

/** What of a host decides how CPUID tables are taken on it. Worked out once for each host. */
export function factsOf(host: Host): SetCpuidHost {
  const before = known.get(host)
  if (before !== undefined) return before
  const facts = workOut(host)
  known.set(host, facts)
  return facts
}

function workOut({ cpuid, cleared, kconfig, params, vendorModule }: Host): SetCpuidHost {
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
    hyperv: kconfig['CONFIG_KVM_HYPERV'] ?? true,
    xen: kconfig['CONFIG_KVM_XEN'] ?? true,
    tdp: paging !== 0,
    gbpages: on('PAGE_1GB'),
    nx: on('NX'),
  }
}

/** A host's facts with what KVM_GET_SUPPORTED_CPUID answers on it, where that is known. */
export function factsWith(host: Host, supported: CpuidTable | undefined): SetCpuidHost {
  const facts = factsOf(host)
  return supported === undefined ? facts : { ...facts, supported }
}
