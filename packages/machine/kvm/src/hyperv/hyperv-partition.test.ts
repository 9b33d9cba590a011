import { hostNamed } from '@vmm/cpu-models'
import { type Assembler, assembler } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm } from '../index.ts'

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A vCPU in real mode about to run code at 1000H. */
function guest(write: (a: Assembler) => void): KvmVcpu {
  const found = hostNamed('spr')
  if (found.kind !== 'host') throw new Error(found.says)
  const vm = given(openKvm({ kernel: '6.12', host: found.host, memoryBytes: 1 << 20 }).createVm())
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return vcpu
}

const loops = (a: Assembler) => void a.label('on').jmp('on')
const registers = { hypercall: 0x4000_0001, index: 0x4000_0002, time: 0x4000_0020, page: 0x4000_0021 } as const
const read = (vcpu: KvmVcpu, index: number) => vcpu.msrs.host('read', index, 0n)

/** The page at 3000H. */
function pageOf({ vm }: KvmVcpu) {
  const view = new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset + 0x3000, 24)
  return {
    sequence: view.getUint32(0, true),
    scale: view.getBigUint64(8, true),
    offset: view.getBigUint64(16, true),
  }
}

test('the reference time counts units of 100 ns of the VM’s clock, and nobody sets it', () => {
  const vcpu = guest(loops)
  vcpu.run({ signalAfter: 100_000 })
  const now = read(vcpu, registers.time)
  expect(now).toBe(vcpu.vm.time.now / 100n)
  expect(vcpu.msrs.host('write', registers.time, 5n)).toBeDefined()
  expect(read(vcpu, registers.time)).toBe(now)
})

test('its page is written when a guest is entered next, and both tell the same time', () => {
  const vcpu = guest(loops)
  vcpu.run({ signalAfter: 100_000 })
  vcpu.msrs.host('write', registers.page, 0x3001n)
  expect(pageOf(vcpu).sequence).toBe(0)
  vcpu.run({ signalAfter: 100_000 })
  const { sequence, scale, offset } = pageOf(vcpu)
  expect(sequence).toBe(1)
  const tsc = vcpu.processor.around.tsc.now
  const told = BigInt.asUintN(64, ((tsc * scale) >> 64n) + offset)
  expect(read(vcpu, registers.time)).toBe(told)
  const late = vcpu.vm.time.now / 100n - told
  expect(late >= -1n && late <= 1n).toBe(true)
})

test('each time the page is written its sequence is another', () => {
  const vcpu = guest(loops)
  for (const sequence of [1, 2]) {
    vcpu.msrs.host('write', registers.page, 0x3001n)
    vcpu.run({ signalAfter: 10 })
    expect(pageOf(vcpu).sequence).toBe(sequence)
  }
})

test('without an identity of the guest there is no page of hypercalls', () => {
  const vcpu = guest(loops)
  vcpu.msrs.host('write', registers.hypercall, 0x3001n)
  expect([...vcpu.vm.memory.bytes.subarray(0x3000, 0x3004)]).toEqual([0, 0, 0, 0])
  vcpu.msrs.host('write', 0x4000_0000, 1n)
  vcpu.msrs.host('write', registers.hypercall, 0x3001n)
  expect([...vcpu.vm.memory.bytes.subarray(0x3000, 0x3004)]).toEqual([0x0f, 0x01, 0xc1, 0xc3])
})

test('vCPUs are numbered in the order in which they were made, until user space says otherwise', () => {
  const first = guest(loops)
  const second = given(first.vm.createVcpu(7))
  expect([first, second].map((vcpu) => read(vcpu, registers.index))).toEqual([0n, 1n])
  second.msrs.host('write', registers.index, 9n)
  expect(read(second, registers.index)).toBe(9n)
})
