import { kvmCpuid2 } from '@vmm/kvm-uapi'
import type { KvmVcpu } from '../vcpu.ts'
import { type Call, faulted, type Handlers, type Result, taken } from './call.ts'
import { readCpuid, readLegacyCpuid, writeCpuid } from './cpuid-arguments.ts'

/** Calls about the CPUID table of a vCPU. */
export const cpuidCalls: Handlers<KvmVcpu> = {
  KVM_SET_CPUID: setsTable(readLegacyCpuid, 'setCpuid'),
  KVM_SET_CPUID2: setsTable(readCpuid, 'setCpuid2'),
  KVM_GET_CPUID2: getCpuid2,
}

/** A handler that reads a table in one of its two layouts, and gives it to the call of that name. */
function setsTable(read: typeof readCpuid, set: 'setCpuid' | 'setCpuid2'): (vcpu: KvmVcpu, call: Call) => Result {
  return (vcpu, call) => {
    const { table, unreadable } = read(call)
    const answer = vcpu[set](table, { permitted: call.task.permitted ?? 0n, unreadable })
    return answer.kind === 'refused' ? answer : 0
  }
}

function getCpuid2(vcpu: KvmVcpu, call: Call): Result {
  const header = taken(call, kvmCpuid2)
  if (header === undefined) return faulted(call.name)
  const answer = vcpu.getCpuid2(header.value.nent)
  return answer.kind === 'refused' ? answer : writeCpuid(call, answer.value.entries, answer.value.nent)
}
