import { kernelDoc, kernelSource, type Source } from '@vmm/source'
import type { Feature } from '../all.ts'

/** A feature that a VMM may offer though KVM_GET_SUPPORTED_CPUID does not report it. */
export interface OfferedFeature {
  readonly feature: Feature
  readonly says: string
  readonly source: Source
}

const runtime = kernelSource('arch/x86/kvm/cpuid.c', '__kvm_update_cpuid_runtime', '6.12.117')
const api = (section: string) => kernelDoc('Documentation/virt/kvm/api.rst', section)

const row = (feature: Feature, says: string, source: Source): OfferedFeature => ({ feature, says, source })

export const offered: readonly OfferedFeature[] = [
  row('OSXSAVE',      'KVM sets it from CR4',                                     runtime),
  row('OSPKE',        'KVM sets it from CR4',                                     runtime),
  row('TSC_DEADLINE', 'KVM_CAP_TSC_DEADLINE_TIMER tells of it',                   api('4.46 KVM_GET_SUPPORTED_CPUID')),
  row('MONITOR',      'KVM_CAP_X86_DISABLE_EXITS tells of it',                    api('7.13 KVM_CAP_X86_DISABLE_EXITS')),
  row('HYPERVISOR',   'The VMM says that there is a hypervisor',                  api('4.46 KVM_GET_SUPPORTED_CPUID')),
  row('HTT',          'The topology is the VMM\'s',                               api('4.46 KVM_GET_SUPPORTED_CPUID')),
  row('CMP_LEGACY',   'The topology is the VMM\'s',                               api('4.46 KVM_GET_SUPPORTED_CPUID')),
]
