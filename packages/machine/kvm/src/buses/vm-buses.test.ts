import { hostNamed } from '@vmm/cpu-models'
import type { MmioRegion, PortRange } from '@vmm/device'
import { type Assembler, al, assembler, dx, eax, mem8, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm, type Vm } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A VM with 64 KiB of memory and a page of code in real mode at 1000H. */
function guest(write: (a: Assembler) => void): { vm: Vm; vcpu: KvmVcpu } {
  const vm = given(openKvm({ kernel: '6.12', host, memoryBytes: 1 << 16 }).createVm())
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  const { address } = vm.memory
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: address }
  given(vm.setUserMemoryRegion(region))
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 }, ds: { ...sregs.ds, base: 0xf_0000n } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return { vm, vcpu }
}

/** Ports that remember what was written to them, and give it back. */
function latch(first: number): PortRange & { readonly seen: number[] } {
  const seen: number[] = []
  const write = (port: number, size: number, value: number) => void seen.push(port, size, value)
  return { first, count: 4, seen, write, read: (_, size) => (size === 1 ? 0x5a : 0x1234_5678) }
}

test('a device on the I/O bus is called inside KVM_RUN', () => {
  const { vm, vcpu } = guest((a) => a.mov(dx, 0x502).out(dx, al).in(al, dx).hlt())
  const device = latch(0x500)
  given(vm.buses.io.attach(device))
  expect(given(vcpu.run()).kind).toBe('hlt')
  expect(device.seen).toEqual([0x502, 1, 0])
  expect(vcpu.state.getRegs().rax).toBe(0x5an)
})

test('a port beside it is an exit, and one that was taken away is an exit again', () => {
  const { vm, vcpu } = guest((a) => a.mov(dx, 0x504).out(dx, al).mov(dx, 0x500).out(dx, al).hlt())
  const device = latch(0x500)
  given(vm.buses.io.attach(device))
  expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x504 })
  vm.buses.io.detach(device)
  expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x500 })
  expect(device.seen).toEqual([])
})

test('a device on the MMIO bus is called inside KVM_RUN, and what is beside it is an exit', () => {
  const { vm, vcpu } = guest((a) =>
    a
      .mov(eax, mem32({ displacement: 4 }))
      .mov(mem8({ displacement: 8 }), al)
      .mov(mem8({ displacement: 16 }), al)
      .hlt(),
  )
  const seen: (readonly number[])[] = []
  const region: MmioRegion = {
    base: 0xf_0000,
    length: 16,
    read: (offset, size) => offset * 0x100 + size,
    write: (offset, size, value) => void seen.push([offset, size, value]),
  }
  given(vm.buses.mmio.attach(region))
  expect(given(vcpu.run())).toMatchObject({ kind: 'mmio', direction: 'write', address: 0xf_0010 })
  expect(seen).toEqual([[8, 1, 4]])
  expect(vcpu.state.getRegs().rax).toBe(0x404n)
})

test('the thousandth device finds room on a bus, and the next does not', () => {
  const { vm } = guest((a) => a.hlt())
  const { io, mmio } = vm.buses
  const last = latch(999)
  for (let first = 0; first < 999; first += 1) given(io.attach(latch(first)))
  given(io.attach(last))
  expect(io.attach(latch(2000))).toMatchObject({ kind: 'refused', errno: 'ENOSPC', rule: 'io-bus-limit' })
  expect(io.read(2000, 1)).toBeUndefined()
  io.detach(last)
  given(io.attach(latch(2000)))
  given(mmio.attach({ base: 0xf_0000, length: 1, read: () => 0, write: () => {} }))
})

test('with interrupts joined to it, a processor that halts waits for one inside the kernel', () => {
  const { vm, vcpu } = guest((a) => a.sti().hlt())
  vm.memory.bytes.set([0x00, 0x20, 0, 0], 4 * 0x40)
  vm.memory.bytes.set([0xf4], 0x2000)
  let pending = false
  vcpu.wires.interrupts = {
    interruptPending: () => pending,
    acknowledge: () => {
      pending = false
      return 0x40
    },
    readApicMsr: () => undefined,
    writeApicMsr: () => false,
    taskPriority: 0,
    localApic: { bootstrap: true, readRegisters: () => new Uint8Array(1024), writeRegisters() {}, initialize() {} },
  }
  expect([vcpu.run(), vcpu.isWaiting]).toMatchObject([{ kind: 'refused', errno: 'EINTR' }, true])
  expect([vcpu.run(), vcpu.state.getRegs().rip]).toMatchObject([{ errno: 'EINTR' }, 0x1002n])
  pending = true
  expect([vcpu.run(), vcpu.isWaiting, pending]).toMatchObject([{ errno: 'EINTR' }, true, false])
  expect(vcpu.state.getRegs().rip).toBe(0x2001n)
})

test('a signal brings a guest back that would run on', () => {
  const { vm, vcpu } = guest((a) => a.out(0x80, al).label('again').jmp('again'))
  given(vm.buses.io.attach({ first: 0x80, count: 1, read: () => 0, write: () => vcpu.kick() }))
  expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
  expect(vcpu.instructions).toBe(1)
})
