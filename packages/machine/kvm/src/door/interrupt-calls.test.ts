import { hostNamed } from '@vmm/cpu-models'
import {
  ioctlNamed,
  kvmIrqchip,
  kvmIrqfd,
  kvmIrqLevel,
  kvmIrqRouting,
  kvmIrqRoutingEntry,
  kvmPicState,
  kvmPitConfig,
  kvmPitState2,
} from '@vmm/kvm-uapi'
import { type Codec, encode } from '@vmm/layout'
import { describe, expect, test } from 'vitest'
import { EventFd, ioctl, type KvmFile, openEventFd, openFile, openKvm, ProcessMemory, type Task } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found
const heapAt = 0x1000n

/** A process with a VM, some memory, and eventfds at 100 and 101. */
function process(kernel = '6.12') {
  const memory = new ProcessMemory()
  memory.map(heapAt, new Uint8Array(0x1_0000))
  const eventFds = [new EventFd(), new EventFd()]
  const fileAt = (fd: number) => eventFds[fd - 100] ?? (fd < 3 ? 'other' : 'closed')
  const task: Task = { memory, mm: {}, fileAt }
  const call = (file: KvmFile, name: string, argument: bigint | number = 0n) =>
    ioctl(task, file, ioctlNamed(name)?.number ?? 0, BigInt(argument))
  const put = <T>(codec: Codec<T>, value: T, at = heapAt) => {
    memory.write(at, encode(codec, value))
    return at
  }
  const got = <T>(codec: Codec<T>, at = heapAt): T => {
    const bytes = memory.read(at, codec.size) ?? new Uint8Array(codec.size)
    return codec.read(new DataView(bytes.buffer), 0)
  }
  const system = openFile(openKvm({ kernel, host, memoryBytes: 1 << 20 }), task)
  const vm = call(system, 'KVM_CREATE_VM').file
  if (vm === undefined) throw new Error('no VM')
  return { task, vm, call, put, got, eventFds, memory }
}

const withChips = (kernel?: string) => {
  const around = process(kernel)
  expect(around.call(around.vm, 'KVM_CREATE_IRQCHIP').value).toBe(0)
  return around
}

describe('KVM_GET_IRQCHIP and KVM_SET_IRQCHIP', () => {
  test('give back what was taken, byte for byte', () => {
    const { vm, call, put, got } = withChips()
    for (const chip_id of [0, 1, 2]) {
      const chip = Uint8Array.from({ length: 512 }, (_, at) => (at * 7 + chip_id) & 0xff)
      // input 2 of the first PIC is up exactly as long as the second asks
      if (chip_id === 0) chip[1] = 0x13
      // and what the I/O APIC is to ask for again shows in its entries
      if (chip_id === 2) chip.fill(0, 16, 20)
      expect(call(vm, 'KVM_SET_IRQCHIP', put(kvmIrqchip, { chip_id, chip })).value).toBe(0)
      put(kvmIrqchip, { chip_id, chip: new Uint8Array(512) })
      expect(call(vm, 'KVM_GET_IRQCHIP', heapAt).value).toBe(0)
      const told = got(kvmIrqchip).chip
      if (chip_id < 2) expect([...told.subarray(0, 15)]).toEqual([...chip.subarray(0, 15)])
      else expect([...told.subarray(32, 216)].filter((byte, at) => byte !== chip[32 + at])).toEqual([])
    }
  })

  test('begin with nothing requested, and every input of the I/O APIC masked', () => {
    const { vm, call, put, got } = withChips()
    put(kvmIrqchip, { chip_id: 1, chip: new Uint8Array(512) })
    call(vm, 'KVM_GET_IRQCHIP', heapAt)
    expect(kvmPicState.read(new DataView(got(kvmIrqchip).chip.buffer), 0)).toMatchObject({ elcr_mask: 0xde, imr: 0 })
    put(kvmIrqchip, { chip_id: 2, chip: new Uint8Array(512) })
    call(vm, 'KVM_GET_IRQCHIP', heapAt)
    const view = new DataView(got(kvmIrqchip).chip.buffer)
    expect([view.getBigUint64(0, true), view.getBigUint64(24 + 8 * 23, true)]).toEqual([0xfec0_0000n, 0x1_0000n])
  })

  test('are ENXIO without the controllers, and EINVAL for a fourth', () => {
    const { vm, call, put } = process()
    const asked = put(kvmIrqchip, { chip_id: 3, chip: new Uint8Array(512) })
    expect(call(vm, 'KVM_GET_IRQCHIP', asked).refusal).toMatchObject({ errno: 'ENXIO', rule: 'irqchip-state-absent' })
    call(vm, 'KVM_CREATE_IRQCHIP')
    expect(call(vm, 'KVM_SET_IRQCHIP', asked).refusal).toMatchObject({ call: 'KVM_SET_IRQCHIP', errno: 'EINVAL' })
  })
})

test('KVM_GET_PIT2 tells a timer that stands, and another takes it', () => {
  const { vm, call, put, got } = withChips()
  expect(call(vm, 'KVM_GET_PIT2', heapAt).refusal?.rule).toBe('pit-state-absent')
  expect(call(vm, 'KVM_CREATE_PIT2', put(kvmPitConfig, { flags: 1 })).value).toBe(0)
  expect(call(vm, 'KVM_CREATE_PIT').refusal?.rule).toBe('pit-exists')
  expect(call(vm, 'KVM_GET_PIT2', heapAt).value).toBe(0)
  const state = got(kvmPitState2)
  expect(state.channels.map(({ mode, count, gate }) => [mode, count, gate])).toEqual([
    [0xff, 0x1_0000, 1],
    [0xff, 0x1_0000, 1],
    [0xff, 0x1_0000, 0],
  ])
  const channels = state.channels.map((channel, nth) => ({ ...channel, mode: 2, count: 1000 + nth, rw_mode: 3 }))
  expect(call(vm, 'KVM_SET_PIT2', put(kvmPitState2, { channels, flags: 2 })).value).toBe(0)
  put(kvmPitState2, { channels: state.channels, flags: 0 })
  call(vm, 'KVM_GET_PIT2', heapAt)
  expect(got(kvmPitState2)).toEqual({ channels, flags: 2 })
})

test('KVM_IRQ_LINE_STATUS writes what came of a line where its number was', () => {
  const { vm, call, put, memory } = withChips()
  const status = () => new DataView((memory.read(heapAt, 4) ?? new Uint8Array(4)).buffer).getInt32(0, true)
  const line = (irq: number, level: number) =>
    call(vm, 'KVM_IRQ_LINE_STATUS', put(kvmIrqLevel, { irq, level })).value === 0 ? status() : undefined
  expect([line(4, 1), line(4, 0), line(20, 1), line(100, 1)]).toEqual([1, 2, -1, -1])
})

test('KVM_SET_GSI_ROUTING takes all entries or none', () => {
  const { vm, call, put } = withChips()
  const route = (nth: number, gsi: number, type: number, ...words: number[]) => {
    const u = new Uint8Array(32)
    for (const [at, word] of words.entries()) new DataView(u.buffer).setUint32(4 * at, word, true)
    put(kvmIrqRoutingEntry, { gsi, type, flags: 0, u }, heapAt + BigInt(8 + 48 * nth))
  }
  const set = (nr: number, flags = 0) => call(vm, 'KVM_SET_GSI_ROUTING', put(kvmIrqRouting, { nr, flags }))
  route(0, 3, 1, 2, 3)
  route(1, 4, 2, 0xfee0_0000, 0, 0x41)
  route(2, 5, 1, 3, 0)
  expect(set(3).refusal?.rule).toBe('gsi-routing-pin')
  if (vm.object.kind !== 'vm') throw new Error('it is a VM')
  expect(vm.object.vm.interrupts.routes.length).toBe(40)
  expect([set(2).value, vm.object.vm.interrupts.routes.length]).toEqual([0, 2])
  expect([set(0).value, vm.object.vm.interrupts.routes.length]).toEqual([0, 0])
  expect(set(4097).refusal?.rule).toBe('gsi-routing-count')
  expect(set(1, 1).refusal?.rule).toBe('gsi-routing-flags')
  put(kvmIrqRouting, { nr: 4096, flags: 0 }, heapAt + 0xfff0n)
  expect(call(vm, 'KVM_SET_GSI_ROUTING', heapAt + 0xfff0n).refusal?.rule).toBe('gsi-routing-readable')
})

test('KVM_IRQFD ties and unties what a number of the process stands for', () => {
  const { vm, call, put, eventFds } = withChips()
  const irqfd = (fd: number, flags = 0, resamplefd = 101) =>
    call(vm, 'KVM_IRQFD', put(kvmIrqfd, { fd, gsi: 4, flags, resamplefd })).refusal?.rule
  expect([irqfd(99), irqfd(1), irqfd(100, 4)]).toEqual(['irqfd-closed', 'irqfd-no-eventfd', 'irqfd-flags'])
  expect([irqfd(100, 2, 99), irqfd(100, 2, 1)]).toEqual(['irqfd-resample-closed', 'irqfd-resample-no-eventfd'])
  expect([irqfd(100), irqfd(100), irqfd(100, 1), irqfd(100, 1), irqfd(100)]).toEqual([
    undefined,
    'irqfd-busy',
    undefined,
    undefined,
    undefined,
  ])
  eventFds[0]?.close()
  expect(irqfd(100)).toBe(undefined)
})

test('an eventfd is read, written and polled through its descriptors, and closed by the last', () => {
  const { task } = process()
  const file = openEventFd(task)
  const other = file.dup()
  expect([file.poll(), file.read(8), file.read(4)]).toEqual([4, 'EAGAIN', 'EINVAL'])
  expect([file.write(Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0)), other.poll()]).toEqual([8, 5])
  expect([other.read(100), file.write(new Uint8Array(7))]).toEqual([Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0), 'EINVAL'])
  expect(ioctl(task, file, 0xae60, 0n).value).toBe(-25)
  let closed = false
  if (file.object.kind === 'eventfd')
    file.object.eventFd.listen({
      signalled: () => {},
      closed: () => {
        closed = true
      },
    })
  file.close()
  expect([closed, file.read(8)]).toEqual([false, 'EBADF'])
  other.close()
  expect(closed).toBe(true)
})
