import { hostNamed } from '@vmm/cpu-models'
import { type Assembler, al, assembler, ax, bx, dx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm } from './index.ts'

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

const caps = { quirks: 116, disableExits: 143 } as const
const features = { monitor: 1 << 3 } as const

interface Guest {
  readonly host?: 'spr' | 'genoa'
  readonly kernel?: string
  readonly enable?: readonly { readonly cap: number; readonly args: readonly bigint[] }[]
  /** Whether the guest's CPUID has MONITOR and MWAIT. */
  readonly listsMwait?: boolean
}

/** A guest in real mode at 1000H whose #UD comes to 2000H, where it is HLT. */
function machine(
  write: (a: Assembler) => void,
  { host = 'spr', kernel = '6.12', enable = [], listsMwait }: Guest = {},
) {
  const found = hostNamed(host)
  if (found.kind !== 'host') throw new Error(found.says)
  const kvm = openKvm({ kernel, host: found.host, memoryBytes: 1 << 20 })
  const vm = given(kvm.createVm())
  for (const { cap, args } of enable) given(vm.enableCap({ cap, args }))
  given(
    vm.setUserMemoryRegion({
      ...{ slot: 0, flags: 0, guest_phys_addr: 0n },
      ...{ memory_size: 0x1_0000n, userspace_addr: vm.memory.address },
    }),
  )
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  vm.memory.bytes.set([0x00, 0x20, 0x00, 0x00], 6 * 4)
  vm.memory.bytes[0x2000] = 0xf4
  const vcpu = given(vm.createVcpu(0))
  const table = kvm
    .getSupportedCpuid()
    .map((entry) =>
      entry.function === 1 && listsMwait === true ? { ...entry, ecx: entry.ecx | features.monitor } : entry,
    )
  given(vcpu.setCpuid2(table))
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return { vm, vcpu }
}

/** Where it is once it has come to HLT. */
function haltsAt(vcpu: KvmVcpu): bigint {
  expect(given(vcpu.run())).toEqual({ kind: 'hlt' })
  return vcpu.state.getRegs().rip
}

const withoutQuirk = (bit: number) => [{ cap: caps.quirks, args: [1n << BigInt(bit)] }]
const invalidOpcode = 0x2001n

describe("the other vendor's hypercall instruction", () => {
  const vmcall = (a: Assembler) => a.mov(ax, 0).vmcall().hlt()
  const vmmcall = (a: Assembler) => a.mov(ax, 0).vmmcall().hlt()
  const at = 0x1003

  test('is overwritten with the own one of an AMD processor, and is then the hypercall', () => {
    const { vm, vcpu } = machine(vmcall, { host: 'genoa' })
    expect(haltsAt(vcpu)).toBe(0x1007n)
    expect([...vm.memory.bytes.subarray(at, at + 3)]).toEqual([0x0f, 0x01, 0xd9])
  })

  test('is an invalid opcode to an AMD processor where user space has said so, and stays', () => {
    const { vm, vcpu } = machine(vmcall, { host: 'genoa', enable: withoutQuirk(5) })
    expect(haltsAt(vcpu)).toBe(invalidOpcode)
    expect([...vm.memory.bytes.subarray(at, at + 3)]).toEqual([0x0f, 0x01, 0xc1])
  })

  test('is overwritten all the same in releases that know of no such wish', () => {
    const { vm, vcpu } = machine(vmcall, { host: 'genoa', kernel: '5.18.0', enable: withoutQuirk(5) })
    expect(haltsAt(vcpu)).toBe(0x1007n)
    expect(vm.memory.bytes[at + 2]).toBe(0xd9)
  })

  test('is not for real mode on an Intel processor', () => {
    const { vm, vcpu } = machine(vmmcall)
    expect(haltsAt(vcpu)).toBe(invalidOpcode)
    expect(vm.memory.bytes[at + 2]).toBe(0xd9)
  })

  test('is left alone where it is the own one', () => {
    const { vm, vcpu } = machine(vmcall, { enable: withoutQuirk(5) })
    expect(haltsAt(vcpu)).toBe(0x1007n)
    expect(vm.memory.bytes[at + 2]).toBe(0xc1)
  })

  test('runs into a page that cannot be written, as a store of the guest there would', () => {
    const { vm, vcpu } = machine(vmcall, { host: 'genoa' })
    // the first 2 MiB are read-only to everybody, and there is no IDT: three faults end it
    vm.memory.bytes.set([0x81, 0, 0, 0], 0x4000)
    const sregs = vcpu.state.getSregs()
    const flat = { ...sregs.cs, limit: 0xffff_ffff, g: 1, db: 1 }
    vcpu.state.setSregs({
      ...{ ...sregs, cr0: 0x8001_0011n, cr3: 0x4000n, cr4: 0x10n },
      ...{ cs: flat, idt: { ...sregs.idt, limit: 0 } },
    })
    expect(given(vcpu.run()).kind).toBe('shutdown')
    expect(vcpu.vm.memory.bytes[at + 2]).toBe(0xc1)
  })
})

describe('MONITOR and MWAIT', () => {
  const waits = (a: Assembler) => a.mov(ax, 0x3000).monitor().mwait().mov(bx, 1).hlt()
  const ends = 0x100dn

  test.each([true, false])('do nothing where they come to KVM, listed in CPUID: %s', (listsMwait) => {
    expect(haltsAt(machine(waits, { listsMwait }).vcpu)).toBe(ends)
  })

  test('are invalid opcodes where they are not listed and user space has said so', () => {
    expect(haltsAt(machine(waits, { enable: withoutQuirk(6) }).vcpu)).toBe(invalidOpcode)
    expect(haltsAt(machine(waits, { enable: withoutQuirk(6), listsMwait: true }).vcpu)).toBe(ends)
    expect(haltsAt(machine(waits, { kernel: '5.19.0', enable: withoutQuirk(6) }).vcpu)).toBe(ends)
  })

  test('wait in the guest where they do not come to KVM, whatever CPUID says', () => {
    const { vcpu, vm } = machine(waits, { enable: [{ cap: caps.disableExits, args: [1n] }] })
    expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
    expect(vcpu.state.getMpState()).toEqual({ mp_state: 0 })
    expect(vcpu.state.getRegs().rbx).toBe(0n)
    vcpu.nmi()
    vm.memory.bytes.set([0x00, 0x20, 0x00, 0x00], 2 * 4)
    expect(haltsAt(vcpu)).toBe(invalidOpcode)
  })
})

describe('HLT that does not come to KVM', () => {
  const disabled = { enable: [{ cap: caps.disableExits, args: [2n] }] }

  test('keeps the guest, whose processor runs as far as anybody outside knows', () => {
    const { vcpu } = machine((a) => a.hlt().hlt(), disabled)
    for (const _ of [1, 2]) expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
    expect(vcpu.state.getMpState()).toEqual({ mp_state: 0 })
    expect(vcpu.state.getRegs().rip).toBe(0x1001n)
  })

  test('ends with an interrupt that user space queues', () => {
    const { vcpu, vm } = machine((a) => a.sti().hlt(), disabled)
    vm.memory.bytes.set([0x00, 0x30, 0x00, 0x00], 0x20 * 4)
    vm.memory.bytes.set([0xe6, 0x80], 0x3000)
    expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
    given(vcpu.interrupt(0x20))
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
  })
})

test('counters that user space takes away keep nothing, though CPUID still tells of them', () => {
  const keeps = (taken: boolean) => {
    const found = hostNamed('spr')
    if (found.kind !== 'host') throw new Error(found.says)
    const kvm = openKvm({ kernel: '6.12', host: found.host, memoryBytes: 1 << 20 })
    const vm = given(kvm.createVm())
    if (taken) given(vm.enableCap({ cap: 212, args: [1n] }))
    const vcpu = given(vm.createVcpu(0))
    given(vcpu.setCpuid2(kvm.getSupportedCpuid()))
    vcpu.msrs.host('write', 0x186, 0x1_00c0n)
    return vcpu.msrs.host('read', 0x186, 0n)
  }
  expect([keeps(false), keeps(true)]).toEqual([0x1_00c0n, 0n])
})

describe('an OUT that user space is asked for', () => {
  const writes = (a: Assembler) => a.mov(al, 7).out(0x7e, al).out(0x80, al).hlt()
  const ripsOf = (guest: Guest) => {
    const { vcpu } = machine(writes, guest)
    return [0x7e, 0x80].map((port) => {
      expect(given(vcpu.run())).toMatchObject({ kind: 'io', port, data: Uint8Array.of(7) })
      return vcpu.state.getRegs().rip
    })
  }

  test('is not over when it is told, but to port 7EH', () => {
    expect(ripsOf({})).toEqual([0x1004n, 0x1004n])
  })

  test('is not over to port 7EH either, where user space has said so', () => {
    expect(ripsOf({ enable: withoutQuirk(3) })).toEqual([0x1002n, 0x1004n])
  })

  test('is over when it is told, to whatever port, in releases that are old enough', () => {
    expect(ripsOf({ kernel: '4.18.0' })).toEqual([0x1004n, 0x1006n])
  })

  test('of a string is over, to whatever port', () => {
    const { vcpu } = machine((a) => a.mov(dx, 0x80).outsb().hlt())
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
    expect(vcpu.state.getRegs().rip).toBe(0x1004n)
    expect(haltsAt(vcpu)).toBe(0x1005n)
  })

  test('is told once', () => {
    const { vcpu } = machine(writes)
    given(vcpu.run())
    given(vcpu.run())
    expect(haltsAt(vcpu)).toBe(0x1007n)
  })
})
