import {
  kvmClearDirtyLog,
  kvmCoalescedMmioZone,
  kvmCreateGuestMemfd,
  kvmDirtyLog,
  kvmMemoryAttributes,
  kvmUserspaceMemoryRegion,
  kvmUserspaceMemoryRegion2,
} from '@vmm/kvm-uapi'
import { GuestMemfd } from '../memory/guest-memfd.ts'
import type { Task } from '../task.ts'
import type { Vm } from '../vm.ts'
import { type Call, faulted, type Handlers, type Result, returned, takes, takesIf } from './call.ts'
import { KvmFile } from './kvm-file.ts'

const hasAttributes = ({ memory }: Vm) => memory.isBuiltWith('attributes')
const hasMemfds = ({ memory }: Vm) => memory.isBuiltWith('memfdFlags')

/** Calls about the memory of a VM. */
export const memoryCalls: Handlers<Vm> = {
  KVM_SET_USER_MEMORY_REGION: takes(kvmUserspaceMemoryRegion, (vm: Vm, region) =>
    returned(vm.setUserMemoryRegion(region)),
  ),
  KVM_SET_USER_MEMORY_REGION2: takes(kvmUserspaceMemoryRegion2, (vm: Vm, region, { task }) =>
    returned(vm.memory.setRegion(region, 'second', memfdAt(task, region.guest_memfd))),
  ),
  KVM_GET_DIRTY_LOG: takes(kvmDirtyLog, getDirtyLog),
  KVM_CLEAR_DIRTY_LOG: takes(kvmClearDirtyLog, (vm: Vm, asked, call) => {
    const answer = vm.memory.logs.clear(asked, (bytes) => call.memory.read(asked.dirty_bitmap, bytes))
    if (answer.kind === 'refused') return answer
    return answer.value === 'faulted' ? faulted(call.name) : 0
  }),
  KVM_RESET_DIRTY_RINGS: (vm) => returned(vm.resetDirtyRings()),
  KVM_SET_MEMORY_ATTRIBUTES: takesIf(hasAttributes, kvmMemoryAttributes, (vm: Vm, asked) =>
    returned(vm.memory.setAttributes(asked)),
  ),
  KVM_CREATE_GUEST_MEMFD: takesIf(hasMemfds, kvmCreateGuestMemfd, (vm: Vm, { size, flags }, { task }) => {
    const made = vm.memory.createMemfd(size, flags)
    return made.kind === 'refused' ? made : new KvmFile({ kind: 'guest-memfd', vm, memfd: made.value }, task.mm)
  }),
  KVM_SET_NR_MMU_PAGES: (vm, { argument }) => returned(vm.memory.mmu.setPages(argument)),
  // the number is returned as an int, whatever it was
  KVM_GET_NR_MMU_PAGES: (vm) => Number(BigInt.asIntN(32, vm.memory.mmu.pages)),
  KVM_SET_TSS_ADDR: (vm, { argument }) => returned(vm.memory.mmu.setTssAddress(argument)),
  KVM_SET_IDENTITY_MAP_ADDR: (vm, call) => {
    const answer = vm.memory.mmu.setIdentityMap(vm.vcpus.length)
    if (answer.kind === 'refused') return answer
    return call.memory.read(call.argument, 8) === undefined ? faulted(call.name) : answer.value
  },
  KVM_REGISTER_COALESCED_MMIO: takes(kvmCoalescedMmioZone, (vm: Vm, zone) => returned(vm.registerCoalescedMmio(zone))),
  KVM_UNREGISTER_COALESCED_MMIO: takes(kvmCoalescedMmioZone, (vm: Vm, zone) =>
    returned(vm.buses.coalesced.unregister(zone)),
  ),
}

/** Without KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 the log is empty afterwards, whether it could be written or not. */
function getDirtyLog(vm: Vm, asked: { readonly slot: number; readonly dirty_bitmap: bigint }, call: Call): Result {
  const answer = vm.memory.logs.get(asked.slot)
  if (answer.kind === 'refused') return answer
  return call.memory.write(asked.dirty_bitmap, answer.value) ? 0 : faulted(call.name)
}

function memfdAt(task: Task, fd: number): GuestMemfd | 'foreign' | undefined {
  const file = task.fileAt?.(fd) ?? 'closed'
  if (file === 'closed') return undefined
  return file instanceof GuestMemfd ? file : 'foreign'
}
