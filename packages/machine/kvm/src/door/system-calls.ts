import type { Kvm } from '../kvm.ts'
import { ProcessMemory } from '../user-memory.ts'
import type { Call, Handlers, Result } from './call.ts'
import { systemDiscoveryCalls } from './discovery-calls.ts'
import { KvmFile } from './kvm-file.ts'
import { systemMachineCheckCalls } from './machine-check-calls.ts'
import { systemMsrCalls } from './msr-calls.ts'
import { systemAttributeCalls } from './system-attribute-calls.ts'

/** What `/dev/kvm` does with the calls that it knows. */
export const systemCalls: Handlers<Kvm> = {
  KVM_GET_API_VERSION: (kvm) => kvm.getApiVersion(),
  KVM_CHECK_EXTENSION: (kvm, { argument }) => kvm.checkExtension(Number(argument)),
  KVM_GET_VCPU_MMAP_SIZE: (kvm) => kvm.getVcpuMmapSize(),
  KVM_CREATE_VM: createVm,
  ...systemDiscoveryCalls,
  ...systemMachineCheckCalls,
  ...systemMsrCalls,
  ...systemAttributeCalls,
}

function createVm(kvm: Kvm, { argument, task }: Call): Result {
  const made = kvm.createVm(argument)
  if (made.kind === 'refused') return made
  const { memory } = task
  if (memory instanceof ProcessMemory) made.value.memory.follow(memory)
  return new KvmFile({ kind: 'vm', vm: made.value }, task.mm)
}
