import { hostNamed } from '@vmm/cpu-models'
import { ioctlNamed, kvmStatsDesc, kvmStatsHeader } from '@vmm/kvm-uapi'
import { type Assembler, al, assembler, eax } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, ioctl, KvmFile, type KvmVcpu, openKvm, ProcessMemory } from '../index.ts'

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A vCPU in real mode about to run code at 1000H. */
function guest(write: (a: Assembler) => void, kernel = '6.12'): KvmVcpu {
  const found = hostNamed('milan')
  if (found.kind !== 'host') throw new Error(found.says)
  const vm = given(openKvm({ kernel, host: found.host, memoryBytes: 1 << 20 }).createVm())
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0xd_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  const ds = { ...sregs.ds, base: 0xd_0000n, selector: 0xd000 }
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 }, ds })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return vcpu
}

/** The file of a vCPU's statistics, as its process opens it. */
function statisticsOf(vcpu: KvmVcpu): KvmFile {
  const task = { memory: new ProcessMemory(), mm: {} }
  const file = new KvmFile({ kind: 'vcpu', vm: vcpu.vm, vcpu }, task.mm)
  const answer = ioctl(task, file, ioctlNamed('KVM_GET_STATS_FD')?.number ?? 0, 0n)
  if (answer.file === undefined) throw new Error('it opens a file')
  return answer.file
}

/** What of a vCPU is counted now, by name. */
function counted(file: KvmFile): Readonly<Record<string, bigint>> {
  const bytes = file.pread(1 << 16, 0)
  if (typeof bytes === 'string') throw new Error(bytes)
  const view = new DataView(bytes.buffer)
  const { num_desc: count, desc_offset: from, data_offset: data, name_size: name } = kvmStatsHeader.read(view, 0)
  const entries = Array.from({ length: count }, (_, index) => {
    const at = from + index * (kvmStatsDesc.size + name)
    const { offset } = kvmStatsDesc.read(view, at)
    const text = new TextDecoder().decode(bytes.subarray(at + kvmStatsDesc.size, at + kvmStatsDesc.size + name))
    return [text.replaceAll('\0', ''), view.getBigUint64(data + offset, true)] as const
  })
  return Object.fromEntries(entries)
}

test('exits are counted by what caused them, an access that user space answers once', () => {
  const vcpu = guest((a) => a.out(0x80, al).in(al, 0x81).cpuid().hlt())
  const file = statisticsOf(vcpu)
  expect(counted(file)).toMatchObject({ exits: 0n, io_exits: 0n })
  for (let exits = 0; exits < 3; exits += 1) given(vcpu.run())
  expect(counted(file)).toMatchObject({ exits: 4n, io_exits: 2n, halt_exits: 1n, mmio_exits: 0n, insn_emulation: 0n })
})

test('an access to no memory is emulated, and one that cannot be has failed', () => {
  const emulated = guest((a) => a.mov(eax, 0).db(0xa2, 0x10, 0x00).hlt())
  const file = statisticsOf(emulated)
  given(emulated.run())
  given(emulated.run())
  expect(counted(file)).toMatchObject({ insn_emulation: 1n, insn_emulation_fail: 0n, mmio_exits: 1n })
  const failing = guest((a) => a.db(0xdd, 0x06, 0x10, 0x00))
  const failed = statisticsOf(failing)
  given(failing.run())
  expect(counted(failed)).toMatchObject({ insn_emulation_fail: 1n, mmio_exits: 0n })
})

test('an interrupt and an NMI that go in are counted, and a signal that brings the guest back', () => {
  // both handlers are the IRET at 2000H
  const vcpu = guest((a) => a.sti().hlt().label('on').jmp('on'))
  vcpu.vm.memory.bytes.set([0, 0x20, 0, 0], 0x84)
  vcpu.vm.memory.bytes.set([0, 0x20, 0, 0], 8)
  vcpu.vm.memory.bytes[0x2000] = 0xcf
  const file = statisticsOf(vcpu)
  given(vcpu.run())
  given(vcpu.interrupt(33))
  given(vcpu.nmi())
  expect(vcpu.run({ signalAfter: 100 })).toMatchObject({ errno: 'EINTR' })
  expect(counted(file)).toMatchObject({ irq_injections: 1n, nmi_injections: 1n, signal_exits: 1n, halt_exits: 1n })
  vcpu.runUnfinished()
  expect(counted(file)).toMatchObject({ signal_exits: 1n })
})

test('pread leaves the place at which the next read begins', () => {
  const file = statisticsOf(guest((a) => a.hlt()))
  const from = (length: number, at: number) => file.pread(length, at)
  expect(from(4, 4)).toEqual(Uint8Array.of(48, 0, 0, 0))
  expect(file.read(8)).toEqual(Uint8Array.of(0, 0, 0, 0, 48, 0, 0, 0))
  expect([from(8, 1 << 20), from(8, -1)]).toEqual([new Uint8Array(0), 'EINVAL'])
})

test('the first release that had statistics described fewer of them', () => {
  const names = (kernel: string) => Object.keys(counted(statisticsOf(guest((a) => a.hlt(), kernel))))
  expect([names('5.14').length, names('6.1').length]).toEqual([32, 45])
  expect(names('5.14')).not.toContain('halt_wait_ns')
})
