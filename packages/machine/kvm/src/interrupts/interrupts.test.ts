import { hostNamed } from '@vmm/cpu-models'
import { type Assembler, al, assembler, ax, bx, cx, dx, eax, ebx, edi, mem32 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type Answer, EventFd, type KvmVcpu, openKvm, type Vm } from '../index.ts'
import type { GsiRoute } from './gsi-routing.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** Where the handlers of interrupts 20H to 2FH and 41H are: each counts in BX and ends at the controllers. */
const handlerAt = 0x2000
const localApicAt = 0xfee0_0000

/** A VM with its memory, before it has controllers and vCPUs. */
function machine(kernel = '6.12'): Vm {
  const vm = given(openKvm({ kernel, host, memoryBytes: 1 << 16 }).createVm())
  const { address } = vm.memory
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: address }
  given(vm.setUserMemoryRegion(region))
  return vm
}

/** Puts code at 1000H and a handler behind all vectors, and makes a vCPU in real mode that reaches 4 GiB through DS. */
function started(vm: Vm, write: (a: Assembler) => void, handler: (a: Assembler) => void = endsAtPic): KvmVcpu {
  const place = (origin: number, fill: (a: Assembler) => void) => {
    const a = assembler({ origin, codeSize: 16 })
    fill(a)
    vm.memory.bytes.set(a.finish().bytes, origin)
  }
  place(0x1000, write)
  place(handlerAt, handler)
  for (let vector = 0; vector < 256; vector++) vm.memory.bytes.set([0, handlerAt >> 8, 0, 0], 4 * vector)
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  const flat = { ...sregs.ds, limit: 0xffff_ffff, g: 1 }
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 }, ds: flat })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n, rbx: 0n })
  return vcpu
}

const stores = (a: Assembler, address: number, value: number) =>
  a
    .mov(edi, address)
    .mov(eax, value)
    .mov(mem32({ base: edi }), eax)
const endsAtPic = (a: Assembler) => a.inc(bx).mov(al, 0x20).out(0x20, al).iret()
const endsAtApic = (a: Assembler) => stores(a.inc(bx), localApicAt + 0xb0, 0).iret()
/** ICW1 to ICW4 of the first PIC: vectors from 20H on; only line 0 is open. */
const beginsPic = (a: Assembler) => {
  for (const [port, byte] of [
    [0x20, 0x11],
    [0x21, 0x20],
    [0x21, 0x04],
    [0x21, 0x01],
    [0x21, 0xfe],
  ] as const)
    a.mov(al, byte).out(port, al)
}
const enablesApic = (a: Assembler) => stores(a, localApicAt + 0xf0, 0x1ff)
/** Halts until so many interrupts have come, and tells user space. */
const waitsFor = (a: Assembler, count: number) =>
  a.mov(cx, count).label('again').sti().hlt().cmp(bx, cx).jb('again').out(0x80, al)

describe('with all interrupt controllers in the kernel', () => {
  test('the timer wakes a halted guest within KVM_RUN', () => {
    const vm = machine()
    given(vm.createIrqchip())
    given(vm.createPit2())
    const vcpu = started(vm, (a) => {
      beginsPic(a)
      for (const [port, byte] of [
        [0x43, 0x34],
        [0x40, 0xa9],
        [0x40, 0x04],
      ] as const)
        a.mov(al, byte).out(port, al)
      waitsFor(a, 3)
    })
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
    expect(vcpu.state.getRegs().rbx).toBe(3n)
    const { clock } = vm
    expect(clock.now()).toBeGreaterThan(3 * 999_000)
    expect(clock.now()).toBeLessThan(3 * 1_002_000)
  })

  test('a guest that halts with nothing to wait for is left with EINTR', () => {
    const vm = machine()
    given(vm.createIrqchip())
    const vcpu = started(vm, (a) => a.hlt())
    expect([vcpu.run(), vcpu.isWaiting]).toMatchObject([{ kind: 'refused', errno: 'EINTR' }, true])
  })

  test('a guest that sleeps through every tick is not left alone with them for ever', () => {
    const vm = machine()
    given(vm.createIrqchip())
    given(vm.createPit2())
    const vcpu = started(vm, (a) => {
      for (const [port, byte] of [
        [0x43, 0x34],
        [0x40, 0x10],
        [0x40, 0x00],
      ] as const)
        a.mov(al, byte).out(port, al)
      a.cli().hlt()
    })
    expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
  })

  test('an eventfd wakes a halted guest, by the line that it is tied to', () => {
    const vm = machine()
    given(vm.createIrqchip())
    const vcpu = started(vm, (a) => {
      beginsPic(a)
      waitsFor(a, 1)
    })
    const fd = new EventFd()
    given(vm.irqfd({ fd, gsi: 0 }))
    expect(vcpu.run()).toMatchObject({ errno: 'EINTR' })
    fd.write(1n)
    expect(fd.poll().readable).toBe(false)
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
  })

  test('a line stays up until the guest acknowledges it, and who drives it is told', () => {
    const vm = machine()
    given(vm.createIrqchip())
    const vcpu = started(
      vm,
      (a) => {
        a.mov(al, 0xff).out(0x21, al)
        enablesApic(a)
        // pin 5: level-triggered, vector 41H
        stores(a, 0xfec0_0000, 0x1a)
        stores(a, 0xfec0_0010, 0x8041)
        waitsFor(a, 1)
      },
      endsAtApic,
    )
    const [fd, resamplefd] = [new EventFd(), new EventFd()]
    given(vm.irqfd({ fd, resamplefd, gsi: 5, flags: 2 }))
    vcpu.run()
    fd.write(1n)
    expect(vm.interrupts.controllers?.ioApic.readRegisters().requests).toBe(1 << 5)
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
    expect([resamplefd.count, vm.interrupts.controllers?.ioApic.readRegisters().requests]).toEqual([1n, 0])
  })

  test.each([
    ['6.1', 1 << 5, 0n],
    ['6.12', 0, 1n],
  ])(
    'a level that waited behind a mask interrupts, and since 6.12 at the latest is asked for again: %s',
    (kernel, still, asked) => {
      const vm = machine(kernel)
      given(vm.createIrqchip())
      const vcpu = started(vm, (a) => {
        stores(a, 0xfec0_0000, 0x1a)
        stores(a, 0xfec0_0010, 0x1_8041)
        a.out(0x80, al)
        stores(a, 0xfec0_0010, 0x8041).out(0x81, al)
      })
      const [fd, resamplefd] = [new EventFd(), new EventFd()]
      given(vm.irqfd({ fd, resamplefd, gsi: 5, flags: 2 }))
      expect(given(vcpu.run())).toMatchObject({ port: 0x80 })
      fd.write(1n)
      expect(given(vcpu.run())).toMatchObject({ port: 0x81 })
      expect([vm.interrupts.controllers?.ioApic.readRegisters().requests, resamplefd.count]).toEqual([still, asked])
    },
  )

  test('an eventfd that tells itself of acknowledgements interrupts for ever, and a signal still comes through', () => {
    const vm = machine()
    given(vm.createIrqchip())
    const vcpu = started(
      vm,
      (a) => {
        a.mov(al, 0xff).out(0x21, al)
        enablesApic(a)
        stores(a, 0xfec0_0000, 0x1a)
        stores(a, 0xfec0_0010, 0x1_8041)
        a.out(0x81, al)
        stores(a, 0xfec0_0010, 0x8041)
        waitsFor(a, 3)
      },
      endsAtApic,
    )
    const fd = new EventFd()
    given(vm.irqfd({ fd, resamplefd: fd, gsi: 5, flags: 2 }))
    expect(given(vcpu.run())).toMatchObject({ port: 0x81 })
    fd.write(1n)
    // each acknowledgement is followed by another interrupt: the guest gets to nothing else, and user space to everything
    expect(vcpu.run({ signalAfter: 10_000 })).toMatchObject({ errno: 'EINTR' })
    expect(vcpu.state.getRegs().rbx).toBeGreaterThan(1000n)
  })

  test('a line says what came of it', () => {
    const vm = machine()
    given(vm.createIrqchip())
    expect([given(vm.irqLine(4, true)), given(vm.irqLine(4, true)), given(vm.irqLine(4, false))]).toEqual([1, 1, 2])
    expect([given(vm.irqLine(20, true)), given(vm.irqLine(24, true))]).toEqual([-1, -1])
  })
})

describe('with the local APICs alone in the kernel', () => {
  const splitIrqchip = { cap: 121, args: [24n] }

  test('a message wakes a halted guest', () => {
    const vm = machine()
    given(vm.enableCap(splitIrqchip))
    const vcpu = started(
      vm,
      (a) => {
        enablesApic(a)
        waitsFor(a, 1)
      },
      endsAtApic,
    )
    const message = { address_lo: localApicAt, address_hi: 0, data: 0x41 }
    expect(given(vm.signalMsi(message))).toBe(0)
    vcpu.run()
    expect(given(vm.signalMsi(message))).toBe(1)
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
  })

  test("the end of a level-triggered interrupt is told to user space's I/O APIC", () => {
    const vm = machine()
    given(vm.enableCap(splitIrqchip))
    const vcpu = started(
      vm,
      (a) => {
        enablesApic(a)
        waitsFor(a, 1)
      },
      endsAtApic,
    )
    const route: GsiRoute = { gsi: 5, type: 'msi', address_lo: localApicAt, address_hi: 0, data: 0x8041 }
    given(vm.setGsiRouting([route]))
    vcpu.run()
    expect(given(vm.irqLine(5, true))).toBe(1)
    expect(given(vcpu.run())).toEqual({ kind: 'ioapic-eoi', vector: 0x41 })
    expect(new DataView(vcpu.page.bytes.buffer).getUint32(8, true)).toBe(26)
    expect(vcpu.page.bytes[32]).toBe(0x41)
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
  })

  test("the vector of user space's PIC waits until the guest lets it pass", () => {
    const vm = machine()
    given(vm.enableCap(splitIrqchip))
    const vcpu = started(
      vm,
      (a) => {
        a.mov(dx, 0x81).out(dx, al)
        waitsFor(a, 1)
      },
      (a) => a.inc(bx).mov(ax, 0).iret(),
    )
    given(vcpu.run())
    expect(given(vcpu.interrupt(0x30))).toBe(0)
    expect(vcpu.interrupt(0x31)).toMatchObject({ errno: 'EEXIST', rule: 'interrupt-one-waits' })
    expect(given(vcpu.run())).toMatchObject({ kind: 'io', port: 0x80 })
    expect(given(vcpu.interrupt(0x31))).toBe(0)
  })
})

describe('quirks of the local APIC that can be switched off', () => {
  const disableQuirks = (bits: bigint) => ({ cap: 116, args: [bits] })
  const lint0 = (vm: Vm) => {
    given(vm.createIrqchip())
    const vcpu = given(vm.createVcpu(0))
    const page = vcpu.state.getLapic()
    if ('kind' in page) throw new Error(page.says)
    return new DataView(page.regs.buffer).getUint32(0x350, true)
  }

  test('the PIC reaches the processor that starts the machine, though nobody has opened LINT0', () => {
    expect(lint0(machine())).toBe(0x700)
    const vm = machine()
    given(vm.enableCap(disableQuirks(1n)))
    expect(lint0(vm)).toBe(0x1_0000)
  })

  test('where the registers are no page any more, nobody answers, and user space is not asked', () => {
    const outcome = (bits: bigint) => {
      const vm = machine()
      given(vm.enableCap(disableQuirks(bits)))
      given(vm.createIrqchip())
      const vcpu = started(vm, (a) =>
        a
          .mov(edi, localApicAt + 0x30)
          .mov(ebx, mem32({ base: edi }))
          .out(0x80, al),
      )
      const sregs = vcpu.state.getSregs()
      expect(vcpu.state.setSregs({ ...sregs, apic_base: 0xfee0_0100n })).toBe(undefined)
      const { kind } = given(vcpu.run())
      return [kind, vcpu.state.getRegs().rbx]
    }
    expect(outcome(0n)).toEqual(['io', 0xffff_ffffn])
    expect(outcome(4n)).toEqual(['mmio', 0n])
  })
})
