import { hostNamed } from '@vmm/cpu-models'
import { al, assembler, eax, ecx, edx, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, openKvm } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found
const register = 0x4b56_4d03
const record = 0x4000

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A guest that asks for its stolen time, copies the record's version and exits, and then runs for ever. */
function machine(kernel = '6.12') {
  let waited = 0
  const createClock = (retired: () => number) => ({
    now: retired,
    wait: () => false,
    waitedForProcessor: () => waited,
  })
  const kvm = openKvm({ kernel, host, memoryBytes: 1 << 20, createClock })
  const vm = given(kvm.createVm())
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  a.mov(ecx, register)
    .mov(eax, record + 1)
    .xor(edx, edx)
    .wrmsr()
    .mov(eax, mem32({ displacement: record + 8 }))
    .mov(mem32({ displacement: 0x5000 }), eax)
    .out(0x80, al)
  vm.memory.bytes.set([...a.finish().bytes, 0xeb, 0xfe], 0x1000)
  const vcpu = given(vm.createVcpu(0))
  given(vcpu.setCpuid2(kvm.getSupportedCpuid()))
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n })
  const view = new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset)
  const waits = (nanoseconds: number) => {
    waited += nanoseconds
  }
  const told = () => ({
    steal: view.getBigUint64(record, true),
    version: view.getUint32(record + 8, true),
    preempted: view.getUint8(record + 16),
  })
  return { vcpu, view, waits, told }
}

test('a guest that asks for its stolen time finds it at once', () => {
  const { vcpu, view, waits, told } = machine()
  waits(500)
  view.setUint32(record + 8, 7, true)
  expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
  // junk that says that somebody writes is passed over
  expect([view.getUint32(0x5000, true), told()]).toEqual([10, { steal: 500n, version: 10, preempted: 0 }])
})

test('what was waited since is added when the guest is entered again', () => {
  const { vcpu, waits, told } = machine()
  given(vcpu.run())
  waits(30)
  expect(vcpu.run({ signalAfter: 100 })).toMatchObject({ kind: 'refused', errno: 'EINTR' })
  waits(4)
  expect(told()).toEqual({ steal: 30n, version: 4, preempted: 1 })
  vcpu.run({ signalAfter: 100 })
  expect(told()).toMatchObject({ steal: 34n, version: 6 })
})

test('a guest that user space must do something for is not told that it does not run, but in old releases it is', () => {
  for (const [kernel, preempted] of [
    ['6.1', 0],
    ['5.8.0', 1],
  ] as const) {
    const { vcpu, told } = machine(kernel)
    given(vcpu.run())
    expect(told()).toMatchObject({ preempted })
  }
})

test('a guest that never asked finds its memory as it left it', () => {
  const { vcpu, view, told } = machine()
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n + 0x12n })
  view.setUint16(0x1012, 0xfeeb, true)
  vcpu.run({ signalAfter: 100 })
  expect(told()).toEqual({ steal: 0n, version: 0, preempted: 0 })
})
