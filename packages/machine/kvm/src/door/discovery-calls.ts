import { type Discovery, type DiscoveryIoctl, discoverCpuid, type HypervVcpu } from '@vmm/cpuid'
import { kvmCpuid2, kvmCpuidEntry2 } from '@vmm/kvm-uapi'
import { bytes } from '@vmm/layout'
import type { Kvm } from '../kvm.ts'
import type { KvmVcpu } from '../vcpu.ts'
import { type Call, type Handlers, type Result, taken } from './call.ts'
import { writeCpuid } from './cpuid-arguments.ts'

/** Calls on `/dev/kvm` that tell what CPUID guests can have. */
export const systemDiscoveryCalls: Handlers<Kvm> = {
  KVM_GET_SUPPORTED_CPUID: (kvm, call) => discovers(kvm, call, 'KVM_GET_SUPPORTED_CPUID'),
  KVM_GET_EMULATED_CPUID: (kvm, call) => discovers(kvm, call, 'KVM_GET_EMULATED_CPUID'),
  KVM_GET_SUPPORTED_HV_CPUID: (kvm, call) => discovers(kvm, call, 'KVM_GET_SUPPORTED_HV_CPUID'),
}

/** Calls on a vCPU that tell what CPUID its guest can have. */
export const vcpuDiscoveryCalls: Handlers<KvmVcpu> = {
  KVM_GET_SUPPORTED_HV_CPUID: (vcpu, call) => {
    const localApic = vcpu.msrs.localApic === 'user space' ? 'user space' : 'kernel'
    const asked = { localApic, enlightenedVmcs: vcpu.nesting.isEnlightened } as const
    return discovers(vcpu.vm.kvm, call, 'KVM_GET_SUPPORTED_HV_CPUID', asked)
  },
}

/** `KVM_MAX_CPUID_ENTRIES`. */
const most = 256

function discovers(kvm: Kvm, call: Call, ioctl: DiscoveryIoctl, vcpu?: HypervVcpu): Result {
  const header = taken(call, kvmCpuid2)
  const nent = header?.value.nent ?? 0
  const where = { kernel: kvm.profile, host: kvm.host, permitted: call.task.permitted ?? 0n }
  const padding = ioctl === 'KVM_GET_EMULATED_CPUID' ? paddingOf(call, nent) : 'zero'
  const asked: Discovery = { ioctl, nent, padding, ...(vcpu === undefined ? {} : { vcpu }) }
  const answer = discoverCpuid(where, header === undefined ? { ...asked, unusable: 'header' } : asked)
  if (answer.kind === 'refused') return answer
  return writeCpuid(call, answer.entries, answer.nent)
}

/** KVM_GET_EMULATED_CPUID alone looks at it: the last words of each entry that there is room for. */
function paddingOf(call: Call, nent: number): NonNullable<Discovery['padding']> {
  const words = bytes(12)
  const offset = kvmCpuid2.offset.entries + kvmCpuidEntry2.size - words.size
  const entries = Array.from({ length: Math.min(nent, most) }, (_, at) => BigInt(offset + at * kvmCpuidEntry2.size))
  const isZero = (at: bigint) => taken(call, words, at)?.value.every((byte) => byte === 0) === true
  return entries.every(isZero) ? 'zero' : 'not zero'
}
