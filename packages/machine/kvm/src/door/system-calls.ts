import type { CpuidTable } from '@vmm/cpuid'
import { kvmCpuid2 } from '@vmm/kvm-uapi'
import type { Refusal } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { refusedAlways } from '../answer.ts'
import type { Kvm } from '../kvm.ts'
import { ProcessMemory } from '../user-memory.ts'
import { type Call, faulted, type Handlers, type Result, taken } from './call.ts'
import { writeCpuid } from './cpuid-arguments.ts'
import { KvmFile } from './kvm-file.ts'
import { systemMachineCheckCalls } from './machine-check-calls.ts'
import { systemMsrCalls } from './msr-calls.ts'

/** What `/dev/kvm` does with the calls that it knows. */
export const systemCalls: Handlers<Kvm> = {
  KVM_GET_API_VERSION: (kvm) => kvm.getApiVersion(),
  KVM_CHECK_EXTENSION: (kvm, { argument }) => kvm.checkExtension(Number(argument)),
  KVM_GET_VCPU_MMAP_SIZE: (kvm) => kvm.getVcpuMmapSize(),
  KVM_CREATE_VM: createVm,
  KVM_GET_SUPPORTED_CPUID: (kvm, call) => tells(call, kvm.getSupportedCpuid(call.task.permitted)),
  KVM_GET_EMULATED_CPUID: (kvm, call) => tells(call, kvm.getEmulatedCpuid()),
  ...systemMachineCheckCalls,
  ...systemMsrCalls,
}

function createVm(kvm: Kvm, { argument, task }: Call): Result {
  const made = kvm.createVm(argument)
  if (made.kind === 'refused') return made
  const { memory } = task
  if (memory instanceof ProcessMemory) made.value.memory.follow(memory)
  return new KvmFile({ kind: 'vm', vm: made.value }, task.mm)
}

/** On E2BIG nothing is written: user space is not told how many entries there would be. */
function tells(call: Call, table: CpuidTable): Result {
  const header = taken(call, kvmCpuid2)
  if (header === undefined) return faulted(call.name)
  return header.value.nent < table.length ? tooShort(call.name) : writeCpuid(call, table)
}

function tooShort(call: string): Refusal {
  const source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_dev_ioctl_get_cpuid', '6.12.117')
  const says = 'there is not room for all entries'
  return refusedAlways(call, { rule: 'cpuid-list-too-short', errno: 'E2BIG', says, source })
}
