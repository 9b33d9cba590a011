import { kvmIoeventfd } from '@vmm/kvm-uapi'
import type { Vm } from '../vm.ts'
import { type Handlers, returned, takes } from './call.ts'
import { eventFdAt } from './event-fd-at.ts'

/** Calls about the buses of a VM. */
export const busCalls: Handlers<Vm> = {
  KVM_IOEVENTFD: takes(kvmIoeventfd, (vm: Vm, { fd, ...call }, { task }) =>
    returned(vm.ioeventfd({ ...call, fd: eventFdAt(task, fd) })),
  ),
}
