import { hostNamed } from '@vmm/cpu-models'
import { type Assembler, assembler, eax, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found
const tscMsr = 0x10

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** Guests that read their counter, all at the same moment of a clock that a test sets; a nanosecond is a tick. */
function machine(kernel: string) {
  let now = 0
  const createClock = () => ({ now: () => now, wait: () => false })
  const kvm = openKvm({ kernel, host, memoryBytes: 1 << 20, createClock })
  const vm = given(kvm.createVm())
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const a: Assembler = assembler({ origin: 0x1000, codeSize: 16 })
  a.rdtsc()
    .mov(mem32({ displacement: 0x4000 }), eax)
    .hlt()
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  const create = (id: number) => {
    const vcpu = given(vm.createVcpu(id))
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
    return vcpu
  }
  const shows = (vcpu: KvmVcpu): number => {
    vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n })
    expect(given(vcpu.run()).kind).toBe('hlt')
    return new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset).getUint32(0x4000, true)
  }
  const passes = (nanoseconds: number) => {
    now += nanoseconds
  }
  const write = (vcpu: KvmVcpu, value: number) => expect(vcpu.setMsr(tscMsr, BigInt(value))).toBe(BigInt(value))
  return { create, shows, write, passes }
}

test('a counter begins at 0 with the first vCPU, and one that is made later shows the same', () => {
  const { create, shows, passes } = machine('6.12')
  passes(5000)
  const first = create(0)
  expect(shows(first)).toBe(0)
  passes(700)
  const second = create(1)
  expect([shows(first), shows(second)]).toEqual([700, 700])
})

test.each([
  ['6.12', 1000],
  ['6.1', 700],
])('in %s the first value that user space writes, close to what vCPUs begin with, gives %i', (kernel, shown) => {
  const { create, shows, write, passes } = machine(kernel)
  const vcpu = create(0)
  passes(700)
  write(vcpu, 1000)
  expect(shows(vcpu)).toBe(shown)
})

test('a second counter that is set to within a second of the first one shows what that shows', () => {
  const { create, shows, write, passes } = machine('6.12')
  const [first, second] = [create(0), create(1)]
  write(first, 2_000_000_000)
  passes(300)
  write(second, 2_000_000_000)
  expect([shows(first), shows(second)]).toEqual([2_000_000_300, 2_000_000_300])
})

test('a second counter that is set to farther away is as it was set', () => {
  const { create, shows, write, passes } = machine('6.12')
  const [first, second] = [create(0), create(1)]
  write(first, 3_000_000_000)
  passes(300)
  write(second, 1_000_000_000)
  expect([shows(first), shows(second)]).toEqual([3_000_000_300, 1_000_000_000])
})

test('a counter that is set to 0 goes with the others', () => {
  const { create, shows, write } = machine('6.12')
  const [first, second] = [create(0), create(1)]
  write(first, 3_000_000_000)
  write(second, 0)
  expect(shows(second)).toBe(3_000_000_000)
})
