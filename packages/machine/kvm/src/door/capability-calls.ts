import { kvmEnableCap } from '@vmm/kvm-uapi'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'
import { type Handlers, returned, takes } from './call.ts'

/** Calls about what a VM can do. */
export const capabilityCalls: Handlers<Vm> = {
  KVM_CHECK_EXTENSION: (vm, { argument }) => vm.checkExtension(Number(argument)),
  KVM_ENABLE_CAP: takes(kvmEnableCap, (vm: Vm, asked, { task }) =>
    returned(vm.enableCap({ ...asked, mayReboot: task.mayReboot ?? true })),
  ),
}

/** Calls about what a vCPU can do. */
export const vcpuCapabilityCalls: Handlers<KvmVcpu> = {
  KVM_ENABLE_CAP: takes(kvmEnableCap, (vcpu: KvmVcpu, asked, { memory }) =>
    returned(vcpu.enableCap(asked, (address, bytes) => memory.write(address, bytes))),
  ),
}
