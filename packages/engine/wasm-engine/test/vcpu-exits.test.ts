import { guestDebugControl, nobody, type VcpuExit, type VcpuMachine } from '@vmm/vcpu'
import { type Assembler, al, ax, bx, cx, di, ds, dx, eax, ecx, es, mem8, mem16, mem32, si } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { alone, codeAt, interrupting } from './alone.ts'

const hlt = { kind: 'hlt' }
const ripOf = ({ vcpu }: ReturnType<typeof alone>) => Number(vcpu.state.getRegs().rip)

describe('ports that nobody claims', () => {
  test('OUT is an exit with its value, at the instruction; the next run goes on behind it', () => {
    const cpu = alone((a) => a.mov(al, 0x41).out(0x10, al).hlt())
    expect(cpu.run()).toEqual({
      kind: 'io',
      direction: 'out',
      port: 0x10,
      size: 1,
      count: 1,
      data: Uint8Array.of(0x41),
    })
    expect(ripOf(cpu)).toBe(codeAt + 2)
    expect(cpu.run()).toEqual(hlt)
    expect(ripOf(cpu)).toBe(codeAt + 5)
  })

  test('an OUT that user space has seen is over, whatever stands there or answers there by then', () => {
    const answered: number[] = []
    const takes = { on: false }
    const machine: VcpuMachine = {
      ...nobody(() => 0),
      portOut: (port) => {
        answered.push(port)
        return takes.on
      },
    }
    const cpu = alone((a) => a.nop().out(0x10, al).inc(bx).hlt(), { machine })
    expect(cpu.run()).toMatchObject({ kind: 'io', port: 0x10 })
    takes.on = true
    cpu.engine.writePhysical(codeAt + 1, Uint8Array.of(0x90, 0xf4))
    expect(cpu.run()).toEqual(hlt)
    expect(answered).toEqual([0x10])
    expect(cpu.engine.retired()).toBe(4)
    expect(cpu.vcpu.state.getRegs().rbx).toBe(1n)
  })

  test('behind an OUT that user space has seen the shadow of STI is over', () => {
    const wires = interrupting()
    const cpu = alone((a) => a.sti().out(0x10, al).inc(bx).hlt(), { machine: wires.machine })
    cpu.engine.writePhysical(0x21 * 4, Uint8Array.of(0, 0x20, 0, 0))
    cpu.engine.writePhysical(0x2000, Uint8Array.of(0xf4))
    expect(cpu.run()).toMatchObject({ kind: 'io', port: 0x10 })
    expect(cpu.engine.shadowed).toBe(true)
    wires.waits = true
    expect(cpu.run()).toEqual(hlt)
    expect(ripOf(cpu)).toBe(0x2001)
    expect(cpu.vcpu.state.getRegs().rbx).toBe(0n)
  })

  test('an OUT at which user space begins to step the guest is stepped over', () => {
    const cpu = alone((a) => a.out(0x10, al).inc(bx).hlt())
    cpu.run()
    const { enable, singleStep } = guestDebugControl
    cpu.vcpu.setGuestDebug({ control: enable | singleStep, arch: { debugreg: [] } })
    expect(cpu.run()).toMatchObject({ kind: 'debug', pc: BigInt(codeAt + 2) })
    expect(cpu.run()).toMatchObject({ kind: 'debug', pc: BigInt(codeAt + 3) })
  })

  test('RF is for the OUT that user space has seen, and for nothing behind it', () => {
    const cpu = alone((a) => a.out(0x10, al).hlt())
    const rf = 1n << 16n
    const { rflags, ...registers } = cpu.vcpu.state.getRegs()
    cpu.vcpu.state.setRegs({ ...registers, rflags: rflags | rf })
    expect(cpu.run()).toMatchObject({ kind: 'io', port: 0x10 })
    expect(cpu.vcpu.state.getRegs().rflags & rf).toBe(rf)
    cpu.vcpu.run({ budget: 1000, immediateExit: true })
    expect(cpu.vcpu.state.getRegs()).toMatchObject({ rip: BigInt(codeAt + 2), rflags })
  })

  test('IN takes the bytes that complete gives, and zero without it', () => {
    const cpu = alone((a) => a.mov(dx, 0x3fd).in(ax, dx).mov(bx, ax).in(ax, dx).hlt())
    expect(cpu.run()).toMatchObject({ kind: 'io', direction: 'in', port: 0x3fd, size: 2, count: 1 })
    cpu.vcpu.complete(Uint8Array.of(0x34, 0x12))
    expect(cpu.run()).toMatchObject({ kind: 'io', direction: 'in' })
    expect(cpu.run()).toEqual(hlt)
    const { rax, rbx } = cpu.vcpu.state.getRegs()
    expect([rax & 0xffffn, rbx]).toEqual([0n, 0x1234n])
  })

  test('an access in the middle of a block is counted once', () => {
    const cpu = alone((a) => a.nop().nop().in(al, 0x60).nop().hlt())
    cpu.run()
    expect(cpu.engine.retired()).toBe(2)
    cpu.vcpu.complete(Uint8Array.of(1))
    cpu.run()
    expect(cpu.engine.retired()).toBe(5)
  })

  test('REP INS asks for many values at once, no further than the page', () => {
    const cpu = alone((a) => a.mov(dx, 0x1f0).mov(di, 0x2ff8).mov(cx, 6).cld().rep().insw().hlt())
    expect(cpu.run()).toMatchObject({ kind: 'io', direction: 'in', size: 2, count: 4 })
    cpu.vcpu.complete(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect(cpu.run()).toMatchObject({ count: 2 })
    cpu.vcpu.complete(Uint8Array.of(9, 10, 11, 12))
    expect(cpu.run()).toEqual(hlt)
    expect([...cpu.engine.physical(0x2ff8)!.subarray(0, 12)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  test('REP OUTS gives one element at a time', () => {
    const cpu = alone((a) => a.mov(dx, 0x80).mov(si, 0x2000).mov(cx, 3).cld().rep().outsb().hlt())
    cpu.engine.writePhysical(0x2000, Uint8Array.of(7, 8, 9))
    const given = [cpu.run(), cpu.run(), cpu.run()].map((exit) =>
      exit.kind === 'io' ? [exit.count, ...exit.data] : exit,
    )
    expect(given).toEqual([
      [1, 7],
      [1, 8],
      [1, 9],
    ])
    expect(cpu.run()).toEqual(hlt)
  })

  test('user space may send the processor elsewhere instead of answering', () => {
    const cpu = alone((a) => a.in(al, 0x10).mov(bx, 1).in(ax, 0x20).hlt())
    cpu.run()
    cpu.vcpu.complete(Uint8Array.of(9))
    cpu.vcpu.state.setRegs({ ...cpu.vcpu.state.getRegs(), rip: BigInt(codeAt + 5) })
    expect(cpu.run()).toMatchObject({ kind: 'io', direction: 'in', port: 0x20, size: 2 })
    expect(cpu.vcpu.state.getRegs()).toMatchObject({ rax: 0n, rbx: 0n })
  })

  test('a traced access is one exit, and its entry comes when it is finished', () => {
    const seen: string[] = []
    const trace = ({ kind }: { readonly kind: string }) => void seen.push(kind)
    const cpu = alone((a) => a.in(al, 0x10).out(0x11, al).hlt(), { trace })
    while (cpu.run().kind === 'io') seen.push('user space')
    expect(seen).toEqual([
      'kvm_entry',
      'kvm_exit',
      'user space',
      'kvm_pio',
      'kvm_entry',
      'kvm_exit',
      'kvm_pio',
      'user space',
      'kvm_entry',
      'kvm_exit',
    ])
  })

  test('immediate exit finishes the access and runs nothing else', () => {
    const cpu = alone((a) => a.in(al, 0x10).inc(bx).hlt())
    cpu.run()
    cpu.vcpu.complete(Uint8Array.of(5))
    expect(cpu.vcpu.run({ budget: 1000, immediateExit: true })).toEqual({ kind: 'intr' })
    expect(cpu.vcpu.state.getRegs()).toMatchObject({ rip: BigInt(codeAt + 2), rbx: 0n })
    expect(Number(cpu.vcpu.state.getRegs().rax & 0xffn)).toBe(5)
  })

  test('completing what nobody asked for, or with the wrong number of bytes, is a mistake', () => {
    const cpu = alone((a) => a.in(ax, 0x10).hlt())
    expect(() => cpu.vcpu.complete(Uint8Array.of(1))).toThrow(RangeError)
    cpu.run()
    expect(() => cpu.vcpu.complete(Uint8Array.of(1))).toThrow(RangeError)
    expect(() => cpu.vcpu.completeHypercall(0n)).toThrow(RangeError)
  })
})

describe('memory that is not there', () => {
  const high = (write: Parameters<typeof alone>[0]) => {
    const cpu = alone((a) => write(a.mov(ax, 0x2000).mov(ds, ax).mov(es, ax)))
    return cpu
  }

  test('a load is an exit with its address; complete gives the bytes', () => {
    const cpu = high((a) => a.mov(eax, mem32(0x10)).hlt())
    expect(cpu.run()).toMatchObject({ kind: 'mmio', direction: 'read', address: 0x2_0010, size: 4 })
    cpu.vcpu.complete(Uint8Array.of(1, 2, 3, 4))
    expect(cpu.run()).toEqual(hlt)
    expect(cpu.vcpu.state.getRegs().rax).toBe(0x0403_0201n)
  })

  test('a store is an exit after its instruction', () => {
    const cpu = high((a) => a.mov(mem16(0x20), 0x1234).hlt())
    expect(cpu.run()).toEqual({
      kind: 'mmio',
      direction: 'write',
      address: 0x2_0020,
      size: 2,
      data: Uint8Array.of(0x34, 0x12),
    })
    expect(cpu.run()).toEqual(hlt)
  })

  test('a read-modify-write reads, and then stores what came of it', () => {
    const cpu = high((a) => a.add(mem8(8), 3).hlt())
    expect(cpu.run()).toMatchObject({ direction: 'read', address: 0x2_0008 })
    cpu.vcpu.complete(Uint8Array.of(40))
    expect(cpu.run()).toMatchObject({ direction: 'write', data: Uint8Array.of(43) })
    expect(cpu.run()).toEqual(hlt)
  })

  test('what is not aligned is one exit, and what crosses a page is two', () => {
    const cpu = high((a) => a.mov(eax, mem32(0x11)).mov(mem32(0xffe), eax).hlt())
    const exits: VcpuExit[] = []
    for (let exit = cpu.run(); exit.kind !== 'hlt'; exit = cpu.run()) {
      exits.push(exit)
      if (exit.kind === 'mmio' && exit.direction === 'read')
        cpu.vcpu.complete(Uint8Array.from({ length: exit.size }, (_, at) => exit.address + at))
    }
    expect(exits.map((exit) => exit.kind === 'mmio' && [exit.direction, exit.address, exit.size])).toEqual([
      ['read', 0x2_0011, 4],
      ['write', 0x2_0ffe, 2],
      ['write', 0x2_1000, 2],
    ])
    expect(cpu.vcpu.state.getRegs().rax).toBe(0x1413_1211n)
  })

  test('a string from one device register to another reads and writes element by element', () => {
    const cpu = high((a) => a.xor(si, si).mov(di, 0x100).mov(cx, 2).cld().rep().movsb().hlt())
    const seen: unknown[] = []
    for (let exit = cpu.run(); exit.kind === 'mmio'; exit = cpu.run()) {
      if (exit.direction === 'read') cpu.vcpu.complete(Uint8Array.of(0x70 + exit.address - 0x2_0000))
      seen.push([exit.direction, exit.address, exit.data[0]])
    }
    expect(seen).toEqual([
      ['read', 0x2_0000, 0x70],
      ['write', 0x2_0100, 0x70],
      ['read', 0x2_0001, 0x71],
      ['write', 0x2_0101, 0x71],
    ])
  })

  test('an instruction there is an internal error, with nothing executed', () => {
    const cpu = alone((a) => a.jmp(si))
    cpu.vcpu.state.setRegs({ ...cpu.vcpu.state.getRegs(), rsi: 0x10n })
    const sregs = cpu.vcpu.state.getSregs()
    cpu.vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0x10_0000n } })
    expect(cpu.run()).toMatchObject({ kind: 'internal-error', suberror: 1 })
    expect(cpu.engine.retired()).toBe(0)
  })

  test('an exception whose handler cannot be looked up is an internal error, not a loop', () => {
    const cpu = alone((a) => a.ud2())
    const sregs = cpu.vcpu.state.getSregs()
    cpu.vcpu.state.setSregs({ ...sregs, idt: { base: 0x20_0000n, limit: 0xffff } })
    expect(cpu.run()).toMatchObject({ kind: 'internal-error', suberror: 3, data: [6n] })
  })

  test.each([
    ['an instruction of integers', (a: Assembler) => a.xor(cx, cx).div(cx)],
    ['one that nobody would emulate', (a: Assembler) => a.ud2()],
  ])('no stack for an exception is an internal error, whoever caused it: %s', (_, write) => {
    const cpu = alone(write)
    const sregs = cpu.vcpu.state.getSregs()
    cpu.vcpu.state.setSregs({ ...sregs, ss: { ...sregs.ss, base: 0x20_0000n } })
    const { rip } = cpu.vcpu.state.getRegs()
    expect(cpu.run()).toMatchObject({ kind: 'internal-error', suberror: 3 })
    expect(cpu.vcpu.state.getRegs().rip - rip).toBeLessThanOrEqual(2n)
  })
})

describe('what else brings a run back', () => {
  test('the budget is exact', () => {
    const cpu = alone((a) => a.label('here').inc(ax).jmp('here'))
    expect(cpu.run(7)).toEqual({ kind: 'intr' })
    expect(cpu.engine.retired()).toBe(7)
  })

  test('code that stores over itself does not bring it back', () => {
    const cpu = alone((a) =>
      a
        .mov(mem8({ displacement: codeAt + 6 }), 7)
        .mov(al, 1)
        .hlt(),
    )
    expect(cpu.run()).toEqual(hlt)
    expect(cpu.vcpu.state.getRegs().rax).toBe(7n)
  })

  test('exceptions without end do', () => {
    const cpu = alone((a) => a.ud2())
    cpu.engine.writePhysical(6 * 4, Uint8Array.of(codeAt & 0xff, codeAt >> 8, 0, 0))
    expect(cpu.run()).toEqual({ kind: 'intr' })
  })

  test('who is asked by the guest brings it back with a kick, and who is not, where it is looked at', () => {
    const asked: VcpuMachine = { ...nobody(() => 0), portOut: () => cpu.vcpu.kick() === undefined }
    const cpu = alone((a) => a.out(0x80, al).label('on').jmp('on'), { machine: asked })
    expect([cpu.run(), cpu.engine.retired()]).toEqual([{ kind: 'intr' }, 1])
    let looks = 0
    const interrupted = () => {
      looks += 1
      return looks > 3
    }
    expect(cpu.vcpu.run({ budget: Number.MAX_SAFE_INTEGER, interrupted })).toEqual({ kind: 'intr' })
    expect(cpu.engine.retired()).toBe(3_000_001)
  })

  test('a fault that cannot be delivered is a shutdown that tells how it came to that', () => {
    const cpu = alone((a) => a.ud2())
    const sregs = cpu.vcpu.state.getSregs()
    cpu.vcpu.state.setSregs({ ...sregs, idt: { base: 0n, limit: 0 } })
    const exit = cpu.run()
    expect(exit.kind === 'shutdown' && exit.because.map(({ vector }) => vector)).toEqual([6, 13, 8, 13])
  })

  test('a hypercall that user space answers waits for its result', () => {
    const mapRange = 12
    const cpu = alone((a) => a.mov(eax, mapRange).mov(ecx, 16).vmcall().hlt(), { hypercallExits: 1 << mapRange })
    cpu.vcpu.state.setRegs({ ...cpu.vcpu.state.getRegs(), rbx: 0x4000n, rdx: 0n })
    expect(cpu.run()).toEqual({ kind: 'hypercall', number: mapRange, arguments: [0x4000n, 16n, 0n], width: 32 })
    cpu.vcpu.completeHypercall(5n)
    expect(cpu.run()).toEqual(hlt)
    expect(cpu.vcpu.state.getRegs().rax).toBe(5n)
  })

  test('between two rounds of REP, RF is told as set, and after the last as it was', () => {
    const cpu = alone((a) => a.mov(cx, 5).mov(di, 0x2000).cld().rep().stosb().hlt())
    const rf = () => Number((cpu.vcpu.state.getRegs().rflags >> 16n) & 1n)
    cpu.run(3)
    expect(rf()).toBe(0)
    cpu.run(2)
    expect([rf(), cpu.vcpu.state.getRegs().rcx]).toEqual([1, 3n])
    // as told, it goes on in the same way
    cpu.vcpu.state.setRegs(cpu.vcpu.state.getRegs())
    cpu.run(2)
    expect([rf(), cpu.vcpu.state.getRegs().rcx]).toEqual([1, 1n])
    cpu.run(1)
    expect([rf(), cpu.vcpu.state.getRegs().rcx]).toEqual([0, 0n])
  })

  test('an unknown hypercall is answered here: -KVM_ENOSYS', () => {
    const cpu = alone((a) => a.mov(eax, 0x4242).vmcall().hlt())
    expect(cpu.run()).toEqual(hlt)
    expect(BigInt.asIntN(32, cpu.vcpu.state.getRegs().rax)).toBe(-1000n)
  })

  test('the interrupt window opens behind STI and its shadow, and takes what is queued', () => {
    const cpu = alone((a) => a.cli().nop().sti().nop().label('here').inc(bx).jmp('here'))
    cpu.engine.writePhysical(0x20 * 4, Uint8Array.of(0x00, 0x30, 0, 0))
    cpu.engine.writePhysical(0x3000, Uint8Array.of(0xf4))
    expect(cpu.vcpu.run({ budget: 1000, requestInterruptWindow: true })).toEqual({ kind: 'irq-window-open' })
    expect(ripOf(cpu)).toBe(codeAt + 4)
    expect(cpu.vcpu.queueInterrupt(0x20)).toBeUndefined()
    expect(cpu.run()).toEqual(hlt)
    expect(ripOf(cpu)).toBe(0x3001)
  })

  test('a single step of the VMM stops behind every instruction, and the guest does not see it', () => {
    const cpu = alone((a) => a.pushf().pop(bx).hlt())
    cpu.vcpu.setGuestDebug({
      control: guestDebugControl.enable | guestDebugControl.singleStep,
      arch: { debugreg: [] },
    })
    expect(cpu.run()).toMatchObject({ kind: 'debug', exception: 1, pc: BigInt(codeAt + 1), dr6: 0xffff_4ff0n })
    expect(cpu.run()).toMatchObject({ kind: 'debug', pc: BigInt(codeAt + 2) })
    expect(cpu.vcpu.state.getRegs().rbx & 0x100n).toBe(0n)
  })

  test('while the VMM keeps them off, interrupts and NMIs wait', () => {
    const it = interrupting()
    const cpu = alone((a) => a.sti().nop().nop().hlt().mov(bx, 1).label('here').jmp('here'), { machine: it.machine })
    const { enable, singleStep, blockIrq } = guestDebugControl
    cpu.vcpu.setGuestDebug({ control: enable | singleStep | blockIrq, arch: { debugreg: [] } })
    it.waits = true
    cpu.vcpu.injectNmi()
    const steps = [1, 2, 3].map(() => [cpu.run().kind, ripOf(cpu)])
    expect(steps).toEqual([1, 2, 3].map((bytes) => ['debug', codeAt + bytes]))
    // what would be taken ends HLT all the same
    cpu.run()
    cpu.run()
    cpu.run()
    expect([cpu.vcpu.state.getRegs().rbx, it.waits]).toEqual([1n, true])
    cpu.vcpu.setGuestDebug({ control: 0, arch: { debugreg: [] } })
    cpu.engine.writePhysical(2 * 4, Uint8Array.of(0x77, 0, 0, 0))
    cpu.run(0)
    cpu.run(1)
    expect(Number(cpu.vcpu.state.getVcpuEvents().nmi.masked)).toBe(1)
  })

  test('a hardware breakpoint of the VMM stops before its instruction', () => {
    const cpu = alone((a) => a.inc(ax).inc(ax).inc(ax).hlt())
    const debugreg = [0n, 0n, BigInt(codeAt + 2), 0n, 0n, 0n, 0n, 0x10n]
    cpu.vcpu.setGuestDebug({
      control: guestDebugControl.enable | guestDebugControl.hardwareBreakpoints,
      arch: { debugreg },
    })
    expect(cpu.run()).toMatchObject({ kind: 'debug', pc: BigInt(codeAt + 2), dr6: 0xffff_0ff4n, dr7: 0x410n })
    expect(cpu.engine.retired()).toBe(2)
  })

  const debugged = (control: number, debugreg: readonly bigint[], write: Parameters<typeof alone>[0]) => {
    const cpu = alone(write)
    cpu.vcpu.setGuestDebug({ control: guestDebugControl.enable | control, arch: { debugreg } })
    return cpu
  }

  test('a data breakpoint of the VMM stops behind its instruction, and the guest’s own do nothing', () => {
    const debugreg = [0x2000n, 0n, 0n, 0n, 0n, 0n, 0n, 0xd_0001n]
    const cpu = debugged(guestDebugControl.hardwareBreakpoints, debugreg, (a) =>
      a.mov(mem8(0x1fff), 1).mov(mem16(0x2002), 2).nop().hlt(),
    )
    cpu.vcpu.state.setDebugregs({ db: [0x1fffn, 0n, 0n, 0n], dr6: 0n, dr7: 0x1_0001n, flags: 0n })
    expect(cpu.run()).toMatchObject({ kind: 'debug', exception: 1, pc: BigInt(codeAt + 11), dr6: 0xffff_0ff1n })
    expect(cpu.vcpu.state.getDebugregs()).toMatchObject({ dr6: 0n, dr7: 0x1_0001n })
    expect(cpu.run()).toEqual(hlt)
  })

  test('INT3 is the VMM’s where it asks for it, and the guest’s where it puts it back', () => {
    const cpu = debugged(guestDebugControl.softwareBreakpoints, [], (a) => a.inc(bx).int3().inc(bx).hlt())
    cpu.engine.writePhysical(3 * 4, Uint8Array.of(0x00, 0x30, 0, 0))
    cpu.engine.writePhysical(0x3000, Uint8Array.of(0xcf))
    const there = { kind: 'debug', exception: 3, pc: BigInt(codeAt + 1) }
    expect(cpu.run()).toMatchObject(there)
    expect(cpu.run()).toMatchObject(there)
    const control = guestDebugControl.enable | guestDebugControl.softwareBreakpoints | guestDebugControl.injectBp
    expect(cpu.vcpu.setGuestDebug({ control, arch: { debugreg: [] } })).toBeUndefined()
    expect(cpu.vcpu.setGuestDebug({ control, arch: { debugreg: [] } })).toMatchObject({ errno: 'EBUSY' })
    expect(cpu.run()).toEqual(hlt)
    expect(cpu.vcpu.state.getRegs()).toMatchObject({ rip: BigInt(codeAt + 4), rbx: 2n })
  })
})
