import { kvmEnableCap } from '@vmm/kvm-uapi'
import type { Vm } from '../vm.ts'
import { type Handlers, returned, takes } from './call.ts'

/** Calls about what a VM can do. */
export const capabilityCalls: Handlers<Vm> = {
  KVM_CHECK_EXTENSION: (vm, { argument }) => vm.checkExtension(Number(argument)),
  KVM_ENABLE_CAP: takes(kvmEnableCap, (vm: Vm, asked) => returned(vm.enableCap(asked))),
}
