import { type CpuidTable, type Feature, findEntry, type Host, has, xsaveComponents } from '@vmm/cpuid'
import type { HostFacts } from '@vmm/kvm-uapi'
import { allowedCr4, type VcpuHost } from '@vmm/vcpu'

/** KVM_MAX_VCPUS where the configuration does not say. Source: arch/x86/include/asm/kvm_host.h (Linux 6.12). */
const usualVcpus = 1024

/** What capabilities depend on, of a host. What the host does not say is as distributions have it. */
export function factsOf(host: Host, nestedStateBytes = 0): HostFacts {
  const { kconfig, params, vendorModule } = host
  const set = (option: string, otherwise = true) => kconfig[`CONFIG_${option}`] ?? otherwise
  const param = (name: string, otherwise: number) => params[name] ?? otherwise
  const owns = (feature: Feature) => has(host.cpuid, feature) && !host.cleared.has(feature)
  const intel = vendorModule === 'kvm_intel'
  const smm = set('KVM_SMM') !== false
  const amd = vendorModule === 'kvm_amd'
  const paging = intel ? 'kvm_intel.ept' : 'kvm_amd.npt'
  // a module that is neither shadows the page tables of its guests
  const tdp = (intel || amd) && param(paging, 1) !== 0
  const privateMemory = set('KVM_SW_PROTECTED_VM', false) !== false
  return {
    processorsOnline: param('host.processors', 1),
    maxVcpus: Number(kconfig['CONFIG_KVM_MAX_NR_VCPUS'] ?? usualVcpus),
    hyperv: set('KVM_HYPERV') !== false,
    xen: set('KVM_XEN') !== false,
    smm,
    sgx: set('X86_SGX_KVM') !== false,
    memoryAttributes: privateMemory,
    schedInfo: set('SCHED_INFO', set('SCHEDSTATS') !== false) !== false,
    tdp,
    xsave: owns('XSAVE'),
    tscScaling: param('host.tsc_scaling', param('kvm_amd.tsc_scaling', 1)) !== 0,
    busLockExit: param('host.bus_lock_exit', 0) !== 0,
    notifyExit: param('host.notify_exit', 0) !== 0,
    mwait: owns('MONITOR') && owns('ARAT'),
    smtRsbMitigated: param('kvm.mitigate_smt_rsb', 0) !== 0,
    pmu: param('kvm.enable_pmu', 1) !== 0,
    smallerMaxphyaddr: !tdp || param('kvm_intel.allow_smaller_maxphyaddr', 0) !== 0,
    acceleratedTpr: param('host.accelerated_tpr', 1) !== 0,
    nestedStateBytes,
    enlightenedVmcs: intel,
    // only where KVM itself runs on Hyper-V
    directTlbFlush: param('host.on_hyperv', 0) !== 0,
    xsaveBytes: 4096,
    vmTypes: privateMemory && tdp ? 3 : 1,
    // without self-snooping the PAT of guests is never heeded; AMD's module has no say in it
    ignorePatQuirk: amd || owns('SS'),
  }
}

/** The host as a vCPU's own calls show it; `supported` is what KVM supports there. */
export function processorHost({ cpuid, cleared, vendorModule }: Host, supported: CpuidTable): VcpuHost {
  const owns = (feature: Feature) => has(cpuid, feature) && !cleared.has(feature)
  const offered = findEntry(cpuid, 0x0d, 0)?.eax ?? 0
  // Linux takes a component where the feature is whose state it is: arch/x86/kernel/fpu/xstate.c
  const components = xsaveComponents
    .filter(({ bit, kind, needs }) => kind === 'user' && ((offered >>> bit) & 1) === 1 && owns('XSAVE') && owns(needs))
    .reduce((sum, { bit }) => sum | (1n << BigInt(bit)), 0n)
  const drivers = { kvm_intel: 'vmx', kvm_amd: 'svm' } as const
  return {
    drivenBy: vendorModule in drivers ? drivers[vendorModule as keyof typeof drivers] : 'software',
    components,
    // a module that is neither says by itself what it has
    cr4: vendorModule in drivers ? allowedCr4((feature) => has(supported, feature)) : ~0n,
    misalignedSse: owns('MISALIGN_SSE'),
  }
}
