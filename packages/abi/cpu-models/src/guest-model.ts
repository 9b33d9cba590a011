import {
  brandOf,
  type Cache,
  type CpuidTable,
  type CpuModel,
  type Feature,
  features,
  has,
  lookup,
  placeOf,
  type Refused,
  type SupportedQuestion,
  signatureOf,
  supportedCpuid,
  virtualFeatures,
} from '@vmm/cpuid'
import type { NamedHost } from './host-row.ts'

/** What nobody gets with a host's name: who wants to be a hypervisor says so, as with the models of QEMU. */
const askedByName: readonly Feature[] = ['VMX']

/**
 * A named host as the CPU of a guest: what KVM of the release reports on it, with the host's family, brand and caches,
 * and what guests have of a hypervisor. Refuses AMD's, as what is executed here is an Intel CPU.
 */
export function modelOfHost(
  { name, part, source, host }: NamedHost,
  kernel: SupportedQuestion['kernel'],
): { readonly kind: 'model'; readonly model: CpuModel } | Refused {
  if (host.vendorModule !== 'kvm_intel')
    return { kind: 'refused', says: `the CPU model ${name} is AMD's (${part}): a guest can be given one of Intel's` }
  const { cpuid } = host
  const { entries } = supportedCpuid({ kernel, host })
  const reported = features.filter(
    (feature) => placeOf(feature).hypervisor === undefined && !askedByName.includes(feature) && has(entries, feature),
  )
  const model: CpuModel = {
    name,
    source,
    says: part,
    vendor: 'GenuineIntel',
    signature: signatureOf(lookup(cpuid, 1, 0).eax),
    brand: brandOf(cpuid),
    features: [...new Set([...reported, ...virtualFeatures])],
    caches: cachesOf(cpuid),
  }
  return { kind: 'model', model }
}

const kinds = [undefined, 'data', 'instruction', 'unified'] as const

/** The caches that leaf 04H tells. Source: SDM 2A §3.3 CPUID, Table 3-8. */
function cachesOf(table: CpuidTable): readonly Cache[] {
  const caches: Cache[] = []
  for (let index = 0; ; index += 1) {
    const { eax, ebx, ecx } = lookup(table, 0x04, index)
    const kind = kinds[eax & 0x1f]
    if (kind === undefined) return caches
    const [level, ways] = [(eax >>> 5) & 7, (ebx >>> 22) + 1]
    const bytesOfSet = ways * (((ebx >>> 12) & 0x3ff) + 1) * ((ebx & 0xfff) + 1)
    const kilobytes = ((ecx + 1) * bytesOfSet) / 1024
    caches.push({ level, kind, kilobytes, ways, sharedBy: level > 2 ? 'package' : 'processor' })
  }
}
