import { kvmUserspaceMemoryRegion } from '@vmm/kvm-uapi'
import type { Vm } from '../vm.ts'
import { type Handlers, returned, takes } from './call.ts'

/** Calls about the memory of a VM. */
export const memoryCalls: Handlers<Vm> = {
  KVM_SET_USER_MEMORY_REGION: takes(kvmUserspaceMemoryRegion, (vm: Vm, region) =>
    returned(vm.setUserMemoryRegion(region)),
  ),
}
