import { kvmEnableCap, kvmUserspaceMemoryRegion } from '@vmm/kvm-uapi'
import type { Answer } from '../answer.ts'
import type { Vm } from '../vm.ts'
import { type Call, type Result, takes } from './call.ts'
import { KvmFile } from './kvm-file.ts'

/** What a VM does with the calls that it knows. */
export const vmCalls: Readonly<Record<string, (vm: Vm, call: Call) => Result>> = {
  KVM_CHECK_EXTENSION: (vm, { argument }) => vm.checkExtension(Number(argument)),
  KVM_SET_USER_MEMORY_REGION: takes(kvmUserspaceMemoryRegion, (vm: Vm, region) =>
    returned(vm.setUserMemoryRegion(region)),
  ),
  KVM_ENABLE_CAP: takes(kvmEnableCap, (vm: Vm, asked) => returned(vm.enableCap(asked))),
  KVM_CREATE_VCPU: createVcpu,
}

function createVcpu(vm: Vm, { argument, task }: Call): Result {
  const made = vm.createVcpu(argument)
  return made.kind === 'refused' ? made : new KvmFile({ kind: 'vcpu', vm, vcpu: made.value }, task.mm)
}

/** What an answer returns. */
export function returned(answer: Answer<number>): Result {
  return answer.kind === 'refused' ? answer : answer.value
}
