import { capabilityNumbered } from '@vmm/kvm-uapi'
import { resolve, run } from '@vmm/rule'
import { type Answer, done, notModelled } from '../answer.ts'
import { enableVcpuCapPipeline } from '../rules/enable-vcpu-cap/index.ts'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'
import { capArguments, type EnableCap, enables, type VcpuCapabilities, type WriteUser } from './enable-cap.ts'

/** Every capability that a vCPU can enable. */
const vcpuCapabilities: VcpuCapabilities = {
  KVM_CAP_HYPERV_SYNIC: ({ msrs }) => {
    msrs.synicActive = true
    return done(0)
  },
  KVM_CAP_HYPERV_SYNIC2: ({ msrs }) => {
    msrs.synicActive = true
    return done(0)
  },
  KVM_CAP_HYPERV_ENLIGHTENED_VMCS: ({ nesting }, [address], write) =>
    nesting.enableEvmcs((version) => write(address, version)),
  KVM_CAP_HYPERV_ENFORCE_CPUID: ({ msrs }, [enforced]) => {
    msrs.enforcesHypervCpuid = enforced !== 0n
    return done(0)
  },
  KVM_CAP_ENFORCE_PV_FEATURE_CPUID: ({ msrs, processor }, [enforced]) => {
    msrs.enforcesPvCpuid = enforced !== 0n
    processor.vcpu.featureBits = msrs.enforcesPvCpuid ? 'enforced' : 'advisory'
    return done(0)
  },
}

/** Whether a kernel without CONFIG_KVM_HYPERV does not know it. */
const isOfHyperv = (name = '') => name.startsWith('KVM_CAP_HYPERV_')

/** KVM_ENABLE_CAP on a vCPU of a VM. */
export function enableVcpuCap(
  { kvm, interrupts }: Vm,
  vcpu: KvmVcpu,
  { cap, flags = 0, args = [] }: EnableCap,
  write: WriteUser,
): Answer<number> {
  const capability = capabilityNumbered(cap)
  const given = capArguments(args)
  const outcome = run(resolve(enableVcpuCapPipeline, kvm.profile), {
    ...{ capability: cap, flags, argument: given[0] },
    known: enables(capability, 'vcpu', kvm.profile) && (kvm.facts.hyperv || !isOfHyperv(capability?.name)),
    irqchip: interrupts.mode !== 'none',
    enlightenedVmcs: kvm.host.vendorModule === 'kvm_intel',
    directFlush: kvm.facts.directTlbFlush,
  })
  if (outcome.kind === 'refused') return outcome.refusal
  const name = capability?.name ?? `${cap}`
  return vcpuCapabilities[name]?.(vcpu, given, write) ?? notModelled(`KVM_ENABLE_CAP(${name})`)
}
