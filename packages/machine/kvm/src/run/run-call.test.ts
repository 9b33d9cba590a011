import { Worker } from 'node:worker_threads'
import { hostNamed } from '@vmm/cpu-models'
import { exitReasons, ioctlNamed, kvmRun } from '@vmm/kvm-uapi'
import { type Assembler, al, assembler, ax, dx } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import {
  type Answer,
  ioctl,
  KvmFile,
  type KvmVcpu,
  openFile,
  openKvm,
  ProcessMemory,
  type RunPage,
  type Vm,
} from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found
const { offset } = kvmRun
const endless = Number.MAX_SAFE_INTEGER

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A VM with one vCPU that is about to run code in real mode at 1000H. */
function guest(write: (a: Assembler) => void, kernel = '6.12'): { vm: Vm; vcpu: KvmVcpu } {
  const vm = given(openKvm({ kernel, host, memoryBytes: 1 << 20 }).createVm())
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return { vm, vcpu }
}

const reasonOf = ({ bytes }: RunPage) => {
  const number = new DataView(bytes.buffer).getUint32(offset.exit_reason, true)
  return exitReasons.find((reason) => reason.number === number)?.name
}

const spins = (a: Assembler) => void a.label('on').jmp('on')

test('another thread brings a vCPU back by setting immediate_exit while it runs', async () => {
  const { vcpu } = guest(spins)
  const sets = `const { workerData } = require('node:worker_threads')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    Atomics.store(workerData, ${offset.immediate_exit}, 1)`
  const worker = new Worker(sets, { eval: true, workerData: vcpu.page.bytes })
  await new Promise((resolve) => worker.once('online', resolve))
  expect(vcpu.run({ signalAfter: endless })).toMatchObject({ kind: 'refused', errno: 'EINTR' })
  expect(reasonOf(vcpu.page)).toBe('KVM_EXIT_INTR')
  expect(vcpu.page.immediateExit).toBe(true)
  await worker.terminate()
})

test('a signal that came before is seen before the guest is, and the reason says so', () => {
  const { vcpu } = guest(spins)
  expect(vcpu.run({ signalled: () => true })).toMatchObject({ errno: 'EINTR' })
  expect([reasonOf(vcpu.page), vcpu.instructions]).toEqual(['KVM_EXIT_INTR', 0])
})

test('with immediate_exit the reason stays what it was, and what was answered is finished', () => {
  const { vcpu } = guest((a) => a.in(al, 0x60).out(0x61, al).hlt())
  given(vcpu.run())
  vcpu.page.bytes[4096] = 0x5a
  vcpu.page.immediateExit = true
  expect(vcpu.run()).toMatchObject({ errno: 'EINTR', rule: 'run-began-at-once' })
  expect([reasonOf(vcpu.page), vcpu.state.getRegs().rax, vcpu.instructions]).toEqual(['KVM_EXIT_IO', 0x5an, 1])
})

test.each([
  ['6.1', 'run-at-once'],
  ['6.10', 'run-at-once'],
  ['6.11', 'run-began-at-once'],
])('in %s it is %s that brings it back', (kernel, rule) => {
  const { vcpu } = guest((a) => a.hlt(), kernel)
  vcpu.page.immediateExit = true
  expect(vcpu.run()).toMatchObject({ errno: 'EINTR', rule })
})

test('while it runs, a vCPU answers nobody else, and other vCPUs of the VM do not run', () => {
  const { vm, vcpu } = guest((a) => a.mov(ax, 7).mov(dx, 0x80).out(dx, al).hlt())
  const memory = new ProcessMemory()
  memory.map(0x1000n, new Uint8Array(4096))
  const task = { memory, mm: {} }
  const answers: unknown[] = []
  const write = () => {
    const again = vcpu.run()
    answers.push(again.kind === 'refused' ? [again.errno, again.rule] : again.kind)
  }
  given(vm.buses.io.attach({ first: 0x80, count: 1, read: () => 0, write }))
  expect(given(vcpu.run()).kind).toBe('hlt')
  expect(answers).toEqual([['EINTR', 'fd-vcpu-mutex']])
  expect(ioctl(task, openFile(vm.kvm, task), 0xae00, 0n).value).toBe(12)
})

test('registers that are refused leave the rest told: flags, the priority and who is ready', () => {
  const { vcpu } = guest((a) => a.sti().hlt())
  const view = new DataView(vcpu.page.bytes.buffer)
  view.setUint16(offset.flags, 7, true)
  view.setBigUint64(offset.cr8, 9n, true)
  given(vcpu.run())
  expect([vcpu.page.bytes[offset.if_flag], view.getUint16(offset.flags, true)]).toEqual([1, 0])
  view.setBigUint64(offset.cr8, 16n, true)
  expect(vcpu.run()).toMatchObject({ errno: 'EINVAL', rule: 'run-task-priority' })
  expect([view.getBigUint64(offset.cr8, true), vcpu.state.getSregs().cr8]).toEqual([9n, 9n])
})

test('the priority is looked at behind the registers that user space has changed', () => {
  const { vcpu } = guest((a) => a.hlt())
  const view = new DataView(vcpu.page.bytes.buffer)
  view.setBigUint64(offset.cr8, 16n, true)
  view.setBigUint64(offset.kvm_valid_regs, 1n, true)
  view.setBigUint64(offset.kvm_dirty_regs, 1n, true)
  expect(vcpu.run()).toMatchObject({ rule: 'run-task-priority' })
  expect([view.getBigUint64(offset.kvm_dirty_regs, true), vcpu.state.getRegs().rip]).toEqual([0n, 0n])
})

test('a signal of the calling thread brings KVM_RUN back, unless it is blocked there', () => {
  const { vm } = guest(spins)
  const memory = new ProcessMemory()
  memory.map(0x1000n, new Uint8Array(4096))
  let [pending, blocked] = [0n, 0n]
  const task = { memory, mm: {}, signals: { pending: () => pending, blocked: () => blocked } }
  const file = new KvmFile({ kind: 'vcpu', vm, vcpu: vm.vcpus[0]! }, task.mm)
  const call = (name: string, argument = 0n) => ioctl(task, file, ioctlNamed(name)?.number ?? 0, argument).value
  pending = 1n << 9n
  expect([call('KVM_RUN'), vm.instructions]).toEqual([-4, 0])
  blocked = pending
  memory.write(0x1000n, Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
  expect([call('KVM_SET_SIGNAL_MASK', 0x1000n), call('KVM_RUN'), vm.instructions]).toEqual([0, -4, 0])
  memory.write(0x1000n, Uint8Array.of(8, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0))
  expect([call('KVM_SET_SIGNAL_MASK', 0x1000n), call('KVM_RUN'), vm.instructions > 0]).toEqual([0, -4, true])
})

test.each([
  ['the supervisor', 0, false, 'internal-error', 1],
  ['the supervisor, where user space has asked', 0, true, 'internal-error', 0],
])(
  'an instruction that is in no memory is told of %s, and raises #UD unless that was asked for',
  (_, __, asked, kind, ud) => {
    const { vm, vcpu } = guest((a) => a.hlt())
    if (asked) given(vm.enableCap({ cap: 204, args: [1n] }))
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0xd_0000n, selector: 0xd000 } })
    const exit = given(vcpu.run())
    expect(exit).toMatchObject({ kind, suberror: 1, data: [0n, 0x30n, 0x184n, 0n, 0n, 0n] })
    expect(vcpu.state.getVcpuEvents().exception.pending).toBe(ud)
  },
)

test.each([
  ['10000H, where nothing is left of its segment, behind 16-bit code', 0xfffen, false, 0x1_0000n],
  ['0 behind 32-bit code', 0xffff_fffen, true, 0n],
])('an OUT that user space has seen goes on at %s', (_place, last, wide, next) => {
  const { vm, vcpu } = guest((a) => a.hlt())
  const at = vm.memory.address + 0x1_0000n
  if (wide)
    given(
      vm.setUserMemoryRegion({
        slot: 1,
        flags: 0,
        guest_phys_addr: 0xffff_0000n,
        memory_size: 0x1_0000n,
        userspace_addr: at,
      }),
    )
  const sregs = vcpu.state.getSregs()
  const cs = { ...sregs.cs, limit: 0xffff_ffff, g: 1, db: 1 }
  if (wide) vcpu.state.setSregs({ ...sregs, cr0: sregs.cr0 | 1n, cs })
  vm.memory.bytes.set([0xe6, 0x80], Number(last & 0xffffn) + (wide ? 0x1_0000 : 0))
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: last })
  expect(given(vcpu.run())).toMatchObject({ kind: 'io', direction: 'out', port: 0x80 })
  expect(vcpu.state.getRegs().rip).toBe(last)
  expect(vcpu.runUnfinished()).toMatchObject({ errno: 'EINTR' })
  expect(vcpu.state.getRegs().rip).toBe(next)
})
