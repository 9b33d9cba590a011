import { hostNamed } from '@vmm/cpu-models'
import { ioctlNamed, kvmCreateDevice, kvmDeviceAttr } from '@vmm/kvm-uapi'
import { encode, u32 } from '@vmm/layout'
import { expect, test } from 'vitest'
import { ioctl, type KvmFile, openFile, openKvm, ProcessMemory, type Task } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found
const heapAt = 0x1000n

function process() {
  const memory = new ProcessMemory()
  memory.map(heapAt, new Uint8Array(0x1000))
  const task: Task = { memory, mm: {}, install: () => 9, fileAt: (fd) => (fd < 10 ? 'other' : 'closed') }
  const call = (file: KvmFile, name: string, argument = heapAt, by = task) =>
    ioctl(by, file, ioctlNamed(name)?.number ?? 0, argument)
  const vm = call(openFile(openKvm({ kernel: '6.12', host, memoryBytes: 1 << 16 }), task), 'KVM_CREATE_VM', 0n).file
  if (vm === undefined) throw new Error('no VM')
  const create = (type: number, flags = 0) => {
    memory.write(heapAt, encode(kvmCreateDevice, { type, fd: 0, flags }))
    return call(vm, 'KVM_CREATE_DEVICE')
  }
  return { task, memory, call, create }
}

test('of devices in the kernel there is that of VFIO, once', () => {
  const { create, memory } = process()
  expect([create(5).refusal?.errno, create(4, 1).value, create(4, 1).value]).toEqual(['ENODEV', 0, 0])
  const { file } = create(4)
  expect(file?.object.kind).toBe('device')
  expect(new DataView((memory.read(heapAt + 4n, 4) ?? new Uint8Array(4)).buffer).getUint32(0, true)).toBe(9)
  expect([create(4).refusal?.rule, create(4, 1).value]).toEqual(['create-device-second-vfio', 0])
  file?.close()
  expect(create(4).file?.object.kind).toBe('device')
})

test('a device knows its attributes and nothing else, and answers its maker alone', () => {
  const { task, create, call, memory } = process()
  const { file } = create(4)
  if (file === undefined) throw new Error('no device')
  const asks = (name: string, attr: bigint, fd = 3, group = 1) => {
    memory.write(heapAt + 0x100n, encode(u32, fd))
    memory.write(heapAt, encode(kvmDeviceAttr, { flags: 0, group, attr, addr: heapAt + 0x100n }))
    return call(file, name).refusal?.rule
  }
  expect([asks('KVM_HAS_DEVICE_ATTR', 1n), asks('KVM_HAS_DEVICE_ATTR', 3n), asks('KVM_GET_DEVICE_ATTR', 1n)]).toEqual([
    undefined,
    'device-attribute-unknown',
    'device-attribute-not-read',
  ])
  expect([1n, 2n].map((attr) => asks('KVM_SET_DEVICE_ATTR', attr))).toEqual([
    'device-attribute-not-vfio',
    'device-attribute-not-tied',
  ])
  expect(asks('KVM_SET_DEVICE_ATTR', 1n, 77)).toBe('device-attribute-closed')
  expect(ioctl(task, file, 0xae80, 0n)).toMatchObject({ value: -25, refusal: { rule: 'fd-unknown-on-vm' } })
  expect(call(file, 'KVM_HAS_DEVICE_ATTR', heapAt, { ...task, mm: {} }).refusal?.errno).toBe('EIO')
})
