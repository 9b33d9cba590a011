import { kvmPreFaultMemory } from '@vmm/kvm-uapi'
import type { KvmVcpu } from '../vcpu.ts'
import { type Call, faulted, put, type Result, returned, taken } from './call.ts'

/** KVM_PRE_FAULT_MEMORY: what is left of the range is written back, whatever came of it. */
export function preFault(vcpu: KvmVcpu, call: Call): Result {
  const given = taken(call, kvmPreFaultMemory)
  if (given === undefined) return faulted(call.name)
  const { left, answer } = vcpu.preFaultMemory(given.value)
  return put(call, kvmPreFaultMemory, { ...given.value, ...left }) ? returned(answer) : faulted(call.name)
}
