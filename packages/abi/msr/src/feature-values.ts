import { type Behaviour, type Profile, versionInForce } from '@vmm/rule'
import { archCapabilities } from './rules/feature-values/arch-capabilities.rule.ts'
import { deCfgTold } from './rules/feature-values/de-cfg-told.rule.ts'
import type { FeatureHost } from './rules/feature-values/host.ts'
import { perfCapabilities } from './rules/feature-values/perf-capabilities.rule.ts'
import { platformInformation } from './rules/feature-values/platform-information.rule.ts'

/** What KVM_GET_MSRS on /dev/kvm reads of each feature MSR, by index, in one release on one host. */
export function featureMsrValues(profile: Profile, host: FeatureHost): ReadonlyMap<number, bigint> {
  const values = new Map<number, bigint>(host.module === 'kvm_intel' ? host.vmx : [])
  const tell = (index: number, told: Behaviour<FeatureHost, bigint>) => {
    const found = versionInForce(told, profile)
    if (found.kind === 'version') values.set(index, found.version.does(host))
  }
  if (host.module === 'kvm_amd') tell(0xc001_1029, deCfgTold)
  values.set(0x8b, host.readMsr(0x8b) ?? 0n)
  tell(0x10a, archCapabilities)
  tell(0x345, perfCapabilities)
  tell(0xce, platformInformation)
  return values
}
