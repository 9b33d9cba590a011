import { findEntry } from '@vmm/cpuid'
import { kvmDeviceAttr } from '@vmm/kvm-uapi'
import { u64 } from '@vmm/layout'
import { resolve, run } from '@vmm/rule'
import type { Kvm } from '../kvm.ts'
import { systemAttributePipeline } from '../rules/system-attribute/index.ts'
import { type Call, faulted, type Handlers, put, type Result, taken } from './call.ts'

/** Calls on attributes of `/dev/kvm`. */
export const systemAttributeCalls: Handlers<Kvm> = {
  KVM_HAS_DEVICE_ATTR: (kvm, call) => attribute(kvm, call, 'has'),
  KVM_GET_DEVICE_ATTR: (kvm, call) => attribute(kvm, call, 'get'),
}

const everyComponent = (1n << 64n) - 1n

function attribute(kvm: Kvm, call: Call, access: 'has' | 'get'): Result {
  const given = taken(call, kvmDeviceAttr)
  if (given === undefined) return faulted(call.name)
  const { group, attr, addr } = given.value
  const asked = { group, attribute: attr, writable: true }
  const steps = resolve(systemAttributePipeline, kvm.profile)
  const known = run(steps, asked)
  if (known.kind === 'refused') return known.refusal
  if (access === 'has') return 0
  const written = run(steps, { ...asked, writable: put({ ...call, argument: addr }, u64, componentsOf(kvm)) })
  return written.kind === 'refused' ? written.refusal : 0
}

/** Those too that a process must ask for first. */
function componentsOf(kvm: Kvm): bigint {
  const { eax = 0, edx = 0 } = findEntry(kvm.getSupportedCpuid(everyComponent), 0x0d, 0) ?? {}
  return BigInt(eax >>> 0) | (BigInt(edx >>> 0) << 32n)
}
