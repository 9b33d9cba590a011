import { kvmCreateDevice, kvmDeviceAttr } from '@vmm/kvm-uapi'
import { u32 } from '@vmm/layout'
import type { DeviceAttributeCase } from '../rules/device-attribute/case.ts'
import type { Vm } from '../vm.ts'
import { type Call, faulted, type Handlers, put, type Result, returned, taken, takes } from './call.ts'
import { KvmFile } from './kvm-file.ts'

/** The call that makes devices in the kernel. */
export const deviceMakingCalls: Handlers<Vm> = {
  KVM_CREATE_DEVICE: createDevice,
}

/** What a device in the kernel does with calls: there is VFIO's. */
export const deviceCalls: Handlers<Vm> = {
  KVM_SET_DEVICE_ATTR: attributes('set'),
  KVM_GET_DEVICE_ATTR: attributes('get'),
  KVM_HAS_DEVICE_ATTR: attributes('has'),
}

/** The number of the file goes into the struct, where the process says which it gets. */
function createDevice(vm: Vm, call: Call): Result {
  const asked = taken(call, kvmCreateDevice)
  if (asked === undefined) return faulted(call.name)
  const { type, flags } = asked.value
  const answer = vm.devices.create(type, flags)
  if (answer.kind === 'refused') return answer
  if (answer.value === 'asked') return put(call, kvmCreateDevice, asked.value) ? 0 : faulted(call.name)
  const file = new KvmFile({ kind: 'device', vm }, call.task.mm, () => vm.devices.release())
  const fd = call.task.install?.(file) ?? asked.value.fd
  return put(call, kvmCreateDevice, { ...asked.value, fd }) ? file : faulted(call.name)
}

function attributes(access: DeviceAttributeCase['access']): (vm: Vm, call: Call) => Result {
  return takes(kvmDeviceAttr, (vm: Vm, { group, attr: attribute, addr }, call) =>
    returned(vm.devices.attribute({ access, group, attribute, file: fileAt(call, addr) })),
  )
}

function fileAt({ memory, task }: Call, address: bigint): DeviceAttributeCase['file'] {
  const bytes = memory.read(address, u32.size)
  if (bytes === undefined) return 'unreadable'
  const fd = u32.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0)
  return (task.fileAt?.(fd) ?? 'closed') === 'closed' ? 'closed' : 'other'
}
