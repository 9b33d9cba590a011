import type { KvmSregs } from '@vmm/kvm-uapi'
import { decodeMsrs, encodeMsrs, mpStates, nobody, type VcpuMachine, validEvents } from '@vmm/vcpu'
import { ax, bx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { alone, codeAt } from './alone.ts'

const halts = () => alone((a) => a.hlt())
const EINVAL = { kind: 'refused', errno: 'EINVAL' }

describe('registers', () => {
  test('are read back as they were set, and bit 1 of RFLAGS stays set', () => {
    const { vcpu } = halts()
    const names = Object.keys(vcpu.state.getRegs())
    const given = Object.fromEntries(names.map((name, at) => [name, BigInt(at + 1) << 40n])) as never
    vcpu.state.setRegs({ ...(given as object), rflags: 0x8d5n } as never)
    expect(vcpu.state.getRegs()).toEqual({ ...(given as object), rflags: 0x8d7n })
  })

  test('flags that a program computed are told whole', () => {
    const cpu = alone((a) => a.mov(ax, 0x8000).add(ax, ax).hlt())
    cpu.run()
    expect(cpu.vcpu.state.getRegs().rflags).toBe(0x847n)
  })

  test('after power-up are those of the manual', () => {
    const { vcpu } = alone((a) => a.hlt())
    vcpu.reset()
    const { state } = vcpu
    const regs = state.getRegs()
    expect([regs.rip, regs.rflags, regs.rax]).toEqual([0xfff0n, 2n, 0n])
    expect(regs.rdx).not.toBe(0n)
    const { cs, cr0, cr4, efer } = state.getSregs()
    expect({ cs, cr0, cr4, efer }).toMatchObject({
      cs: { selector: 0xf000, base: 0xffff_0000n, limit: 0xffff, type: 11, present: 1, s: 1 },
      cr0: 0x6000_0010n,
      cr4: 0n,
      efer: 0n,
    })
  })
})

describe('system registers', () => {
  const longMode = (sregs: KvmSregs): KvmSregs => ({
    ...sregs,
    cr0: 0x8000_0011n,
    cr3: 0x3000n,
    cr4: 0x20n,
    efer: 0x500n,
    cs: { ...sregs.cs, l: 1, db: 0 },
  })

  test('are read back as they were set', () => {
    const { vcpu } = halts()
    const given = longMode(vcpu.state.getSregs())
    expect(vcpu.state.setSregs(given)).toBeUndefined()
    expect(vcpu.state.getSregs()).toEqual(given)
  })

  test.each<readonly [string, (sregs: KvmSregs) => KvmSregs]>([
    ['CR4 has a bit nobody has', (sregs) => ({ ...sregs, cr4: sregs.cr4 | (1n << 63n) })],
    ['SMX is turned on that this guest does not have', (sregs) => ({ ...sregs, cr4: sregs.cr4 | 0x4000n })],
    ['CR0 has an upper half', (sregs) => ({ ...sregs, cr0: sregs.cr0 | (1n << 32n) })],
    ['CR0.NW comes without CD', (sregs) => ({ ...sregs, cr0: 0x2000_0011n })],
    ['CR0.PG comes without PE', (sregs) => ({ ...sregs, cr0: 0x8000_0010n, efer: 0n, cs: { ...sregs.cs, l: 0 } })],
    ['long mode comes without PAE', (sregs) => ({ ...longMode(sregs), cr4: 0n })],
    ['long mode is on in one place only', (sregs) => ({ ...longMode(sregs), efer: 0x100n })],
    ['long mode is active without paging', (sregs) => ({ ...longMode(sregs), cr0: 0x11n })],
    ['CR3 is beyond the physical addresses', (sregs) => ({ ...longMode(sregs), cr3: 1n << 60n })],
    ['CS is a 64-bit segment outside long mode', (sregs) => ({ ...sregs, cs: { ...sregs.cs, l: 1 } })],
    ['EFER has a bit nobody has', (sregs) => ({ ...sregs, efer: 0x2n })],
    ['the APIC base cannot be', (sregs) => ({ ...sregs, apic_base: 0x1n })],
  ])('are refused, and stay as they are, where %s', (_, change) => {
    const { vcpu } = halts()
    const before = vcpu.state.getSregs()
    expect(vcpu.state.setSregs(change(before))).toMatchObject(EINVAL)
    expect(vcpu.state.getSregs()).toEqual(before)
  })

  test('with a vector in the bitmap make it come next', () => {
    const cpu = halts()
    cpu.engine.writePhysical(0x31 * 4, Uint8Array.of(0x00, 0x30, 0, 0))
    cpu.engine.writePhysical(0x3000, Uint8Array.of(0x40, 0xf4))
    const sregs = cpu.vcpu.state.getSregs()
    const given = { ...sregs, interrupt_bitmap: [1n << 0x31n, 0n, 0n, 0n] }
    expect(cpu.vcpu.state.setSregs(given)).toBeUndefined()
    expect(cpu.vcpu.state.getSregs().interrupt_bitmap).toEqual([1n << 0x31n, 0n, 0n, 0n])
    cpu.run()
    expect(cpu.vcpu.state.getRegs().rip).toBe(0x3002n)
  })

  test('take effect at once: what was translated before is forgotten', () => {
    const cpu = alone((a) => a.inc(ax).hlt())
    cpu.run()
    cpu.engine.writePhysical(0x2000 + (codeAt & 0xfff), Uint8Array.of(0x43, 0xf4))
    const sregs = cpu.vcpu.state.getSregs()
    cpu.vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0x1000n } })
    cpu.vcpu.state.setRegs({ ...cpu.vcpu.state.getRegs(), rip: BigInt(codeAt), rbx: 0n })
    cpu.vcpu.state.setMpState({ mp_state: mpStates.runnable })
    cpu.run()
    expect(cpu.vcpu.state.getRegs().rbx).toBe(1n)
  })
})

describe('MSRs', () => {
  const [LSTAR, TSC_AUX, nothing] = [0xc000_0082, 0xc000_0103, 0x1234]

  test('are set up to the first that is refused, and stay so', () => {
    const { vcpu } = halts()
    const done = vcpu.state.setMsrs([
      { index: TSC_AUX, data: 7n },
      { index: nothing, data: 1n },
      { index: LSTAR, data: 0x1000n },
    ])
    expect(done).toBe(1)
    expect(vcpu.state.getMsrs([TSC_AUX, LSTAR, nothing, TSC_AUX])).toEqual([
      { index: TSC_AUX, data: 7n },
      { index: LSTAR, data: 0n },
    ])
  })

  test('256 in one call are too many', () => {
    const { vcpu } = halts()
    const many = Array.from({ length: 256 }, () => LSTAR)
    expect(vcpu.state.getMsrs(many)).toMatchObject({ errno: 'E2BIG' })
    expect(vcpu.state.getMsrs(many.slice(1))).toHaveLength(255)
    expect(vcpu.state.setMsrs(many.map((index) => ({ index, data: 0n })))).toMatchObject({ errno: 'E2BIG' })
  })

  test('travel as bytes, and bytes that end too early are refused', () => {
    const entries = [{ index: LSTAR, data: 0xffff_8000_0000_0000n }]
    const bytes = encodeMsrs(entries)
    expect([...bytes.subarray(0, 12)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0x82, 0, 0, 0xc0])
    expect(decodeMsrs(bytes)).toEqual(entries)
    expect(decodeMsrs(bytes.subarray(0, 23))).toMatchObject({ errno: 'EFAULT' })
    expect(decodeMsrs(Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0))).toMatchObject({ errno: 'E2BIG' })
  })
})

describe('events', () => {
  const quiet = () => halts().vcpu.state.getVcpuEvents()
  const valid = validEvents.nmiPending | validEvents.shadow | validEvents.smm

  test('tell which fields count', () => {
    expect(quiet()).toMatchObject({ flags: valid, exception: { injected: 0 }, nmi: { pending: 0, masked: 0 } })
  })

  test.each([
    ['a flag is unknown', { flags: 0x40 }],
    ['a payload comes without its capability', { flags: validEvents.payload }],
    ['vector 2 is called an exception', { exception: { ...quiet().exception, injected: 1, nr: 2 } }],
    ['vector 32 is called an exception', { exception: { ...quiet().exception, injected: 1, nr: 32 } }],
  ])('are refused where %s', (_, change) => {
    const { vcpu } = halts()
    expect(vcpu.state.setVcpuEvents({ ...vcpu.state.getVcpuEvents(), ...change })).toMatchObject(EINVAL)
  })

  test('are applied before a triple fault without its capability is refused', () => {
    const { vcpu } = halts()
    const events = vcpu.state.getVcpuEvents()
    const given = { ...events, flags: valid | validEvents.tripleFault, nmi: { injected: 0, pending: 0, masked: 1 } }
    expect(vcpu.state.setVcpuEvents(given)).toMatchObject(EINVAL)
    expect(vcpu.state.getVcpuEvents().nmi.masked).toBe(1)
  })

  test('with a triple fault end the run', () => {
    const { vcpu, run } = alone((a) => a.hlt(), { capabilities: { tripleFault: true } })
    const events = vcpu.state.getVcpuEvents()
    expect(vcpu.state.setVcpuEvents({ ...events, triple_fault: { pending: 1 } })).toBeUndefined()
    expect(run()).toEqual({ kind: 'shutdown', because: [] })
  })

  test('an exception that was put in is delivered first, with its payload', () => {
    const { vcpu, engine, run } = alone((a) => a.inc(bx).hlt(), { capabilities: { exceptionPayload: true } })
    engine.writePhysical(14 * 4, Uint8Array.of(0x00, 0x30, 0, 0))
    engine.writePhysical(0x3000, Uint8Array.of(0xf4))
    const events = vcpu.state.getVcpuEvents()
    const exception = { injected: 0, nr: 14, has_error_code: 0, pending: 1, error_code: 0 }
    vcpu.state.setVcpuEvents({ ...events, exception, exception_has_payload: 1, exception_payload: 0xabcn })
    expect(vcpu.state.getVcpuEvents().exception).toMatchObject({ injected: 0, pending: 1, nr: 14 })
    expect(run()).toEqual({ kind: 'hlt' })
    expect(vcpu.state.getRegs()).toMatchObject({ rip: 0x3001n, rbx: 0n })
    expect(vcpu.state.getSregs().cr2).toBe(0xabcn)
  })

  test('an interrupt shadow that was set holds for one instruction', () => {
    const { vcpu } = halts()
    const events = vcpu.state.getVcpuEvents()
    vcpu.state.setVcpuEvents({ ...events, interrupt: { ...events.interrupt, shadow: 2 } })
    expect(vcpu.state.getVcpuEvents().interrupt.shadow).toBe(2)
    vcpu.run({ budget: 1 })
    expect(vcpu.state.getVcpuEvents().interrupt.shadow).toBe(0)
  })
})

describe('NMIs', () => {
  const handler = (...bytes: number[]) => {
    const cpu = alone((a) => a.nop().hlt())
    cpu.engine.writePhysical(2 * 4, Uint8Array.of(0x00, 0x30, 0, 0))
    cpu.engine.writePhysical(0x3000, Uint8Array.from(bytes))
    return cpu
  }

  test('block each other until IRET', () => {
    const cpu = handler(0x43, 0xcf) // inc bx; iret
    cpu.vcpu.injectNmi()
    cpu.vcpu.injectNmi()
    cpu.vcpu.injectNmi()
    expect(cpu.vcpu.state.getVcpuEvents().nmi).toEqual({ injected: 0, pending: 2, masked: 0 })
    expect(cpu.run()).toEqual({ kind: 'hlt' })
    expect(cpu.vcpu.state.getRegs().rbx).toBe(2n)
    expect(cpu.vcpu.state.getVcpuEvents().nmi).toEqual({ injected: 0, pending: 0, masked: 0 })
  })

  test('that were put in wait until a halted processor is woken', () => {
    const cpu = handler(0x43, 0xf4) // inc bx; hlt
    cpu.run()
    const { state } = cpu.vcpu
    const put = state.getVcpuEvents()
    state.setVcpuEvents({ ...put, nmi: { ...put.nmi, injected: 1 } })
    expect(cpu.run()).toEqual({ kind: 'hlt' })
    expect([state.getRegs().rip, state.getRegs().rbx]).toEqual([0x1002n, 0n])
    state.setMpState({ mp_state: mpStates.runnable })
    expect(cpu.run()).toEqual({ kind: 'hlt' })
    expect([state.getRegs().rip, state.getRegs().rbx]).toEqual([0x3002n, 1n])
  })

  test('wait while blocked', () => {
    const cpu = handler(0xf4)
    cpu.vcpu.injectNmi()
    cpu.run()
    cpu.vcpu.injectNmi()
    expect(cpu.run()).toEqual({ kind: 'hlt' })
    expect(cpu.vcpu.state.getVcpuEvents().nmi).toEqual({ injected: 0, pending: 1, masked: 1 })
  })
})

describe('x87 and vector registers', () => {
  test('are the same through FPU and XSAVE', () => {
    const { vcpu } = halts()
    const fpu = vcpu.state.getFpu()
    const fpr = fpu.fpr.map((_, at) => Uint8Array.from({ length: 16 }, (__, byte) => (byte < 10 ? at * 16 + byte : 0)))
    const xmm = fpu.xmm.map((_, at) => new Uint8Array(16).fill(at + 1))
    const given = {
      ...fpu,
      fpr,
      xmm,
      fcw: 0x27f,
      fsw: 0x1800,
      ftwx: 0x81,
      last_opcode: 0x123,
      last_ip: 5n,
      last_dp: 6n,
    }
    vcpu.state.setFpu(given)
    expect(vcpu.state.getFpu()).toEqual(given)
    const area = vcpu.state.getXsave()
    expect(area.length).toBe(4096)
    expect([...area.subarray(0, 6)]).toEqual([0x7f, 2, 0, 0x18, 0x81, 0])
    expect(area.subarray(32, 48)).toEqual(fpr[0])
    expect(area.subarray(160, 176)).toEqual(xmm[0])
    vcpu.reset()
    expect(vcpu.state.setXsave(area)).toBeUndefined()
    expect(vcpu.state.getFpu()).toEqual(given)
    expect(vcpu.state.getXsave()).toEqual(area)
  })

  test('become as after a reset where the area does not hold them', () => {
    const { vcpu } = halts()
    vcpu.state.setFpu({ ...vcpu.state.getFpu(), fcw: 0, xmm: [new Uint8Array(16).fill(9)] })
    expect(vcpu.state.setXsave(new Uint8Array(4096))).toBeUndefined()
    expect(vcpu.state.getFpu()).toMatchObject({ fcw: 0x37f, ftwx: 0 })
    expect(vcpu.state.getFpu().xmm[0]).toEqual(new Uint8Array(16))
  })

  test.each([
    ['a component that the guest does not have', (view: DataView) => view.setBigUint64(512, 1n << 18n, true)],
    ['the compacted format', (view: DataView) => view.setBigUint64(520, 1n << 63n, true)],
    ['a reserved byte of the header', (view: DataView) => view.setUint8(530, 1)],
    ['a reserved bit of MXCSR', (view: DataView) => view.setUint32(24, 0x1_0000, true)],
  ])('are refused with %s', (_, spoil) => {
    const { vcpu } = halts()
    const area = vcpu.state.getXsave()
    const view = new DataView(area.buffer)
    view.setBigUint64(512, 3n, true)
    spoil(view)
    expect(vcpu.state.setXsave(area)).toMatchObject(EINVAL)
  })

  test('PKRU stays where the area does not hold it', () => {
    const { vcpu, engine } = halts()
    engine.set('PKRU', 4n)
    const area = vcpu.state.getXsave()
    vcpu.state.setXsave(new Uint8Array(4096))
    expect(engine.get('PKRU')).toBe(4n)
    engine.set('PKRU', 0n)
    vcpu.state.setXsave(area)
    expect(engine.get('PKRU')).toBe(4n)
  })
})

describe('debug registers', () => {
  test('are read back as they were set', () => {
    const { vcpu } = halts()
    const given = { db: [1n, 2n, 3n, 1n << 63n], dr6: 0xffff_0ff1n, dr7: 0x401n, flags: 0n }
    expect(vcpu.state.setDebugregs(given)).toBeUndefined()
    expect(vcpu.state.getDebugregs()).toEqual(given)
  })

  test.each([{ flags: 1n }, { dr6: 1n << 32n }, { dr7: 1n << 32n }])('are refused with %o', (change) => {
    const { vcpu } = halts()
    expect(vcpu.state.setDebugregs({ ...vcpu.state.getDebugregs(), ...change })).toMatchObject(EINVAL)
  })
})

describe('extended control registers', () => {
  const list = (...xcrs: readonly { xcr: number; value: bigint }[]) => ({ nr_xcrs: xcrs.length, flags: 0, xcrs })

  test('XCR0 is set from the first entry that names it', () => {
    const { vcpu } = halts()
    expect(
      vcpu.state.setXcrs(list({ xcr: 5, value: 0n }, { xcr: 0, value: 3n }, { xcr: 0, value: 0n })),
    ).toBeUndefined()
    expect(vcpu.state.getXcrs()).toMatchObject({ nr_xcrs: 1 })
    expect(vcpu.state.getXcrs().xcrs[0]).toEqual({ xcr: 0, value: 3n })
  })

  test.each([
    ['without x87', list({ xcr: 0, value: 2n })],
    ['with AVX and without SSE', list({ xcr: 0, value: 5n })],
    ['with what the guest does not have', list({ xcr: 0, value: 1n | (1n << 18n) })],
    ['with a flag', { nr_xcrs: 0, flags: 1, xcrs: [] }],
    ['with seventeen registers', { nr_xcrs: 17, flags: 0, xcrs: [] }],
  ])('are refused %s', (_, given) => {
    expect(halts().vcpu.state.setXcrs(given)).toMatchObject(EINVAL)
  })
})

describe('what a processor of many does', () => {
  const page = new Uint8Array(1024)
  const second = () => {
    const machine: VcpuMachine = {
      ...nobody(() => 0),
      localApic: {
        bootstrap: false,
        readRegisters: () => page.slice(),
        writeRegisters: (regs) => page.set(regs),
        initialize: () => page.fill(0),
      },
    }
    return alone((a) => a.inc(bx).hlt(), { machine })
  }

  test('without a local APIC in the kernel there is only one state', () => {
    const { vcpu } = halts()
    expect(vcpu.state.setMpState({ mp_state: mpStates.halted })).toMatchObject(EINVAL)
    expect(vcpu.state.setMpState({ mp_state: mpStates.runnable })).toBeUndefined()
    expect(vcpu.state.setMpState({ mp_state: 5 })).toMatchObject(EINVAL)
    expect(vcpu.state.getLapic()).toMatchObject(EINVAL)
    expect(vcpu.state.setLapic({ regs: page })).toMatchObject(EINVAL)
  })

  test('a second processor waits for INIT, and then for a startup signal, which says where to begin', () => {
    const { vcpu, engine, run } = second()
    engine.writePhysical(0x5000, Uint8Array.of(0x43, 0xf4))
    vcpu.injectStartup(5)
    expect(run()).toEqual({ kind: 'hlt' })
    expect(vcpu.state.getMpState()).toEqual({ mp_state: mpStates.uninitialized })
    vcpu.injectInit()
    expect(run()).toEqual({ kind: 'hlt' })
    expect(vcpu.state.getMpState()).toEqual({ mp_state: mpStates['init-received'] })
    vcpu.injectStartup(5)
    expect(run()).toEqual({ kind: 'hlt' })
    expect(vcpu.state.getMpState()).toEqual({ mp_state: mpStates.halted })
    expect(vcpu.state.getRegs()).toMatchObject({ rip: 2n, rbx: 1n })
    expect(vcpu.state.getSregs().cs).toMatchObject({ selector: 0x500, base: 0x5000n })
    vcpu.injectStartup(6)
    run()
    expect(vcpu.state.getRegs().rbx).toBe(1n)
  })

  test('a state of SIPI_RECEIVED is INIT_RECEIVED with a signal that waits', () => {
    const { vcpu } = second()
    expect(vcpu.state.setMpState({ mp_state: mpStates['sipi-received'] })).toBeUndefined()
    expect(vcpu.state.getMpState()).toEqual({ mp_state: mpStates.runnable })
    expect(vcpu.state.getSregs().cs.base).toBe(0n)
  })

  test('the local APIC’s registers pass through', () => {
    const { vcpu } = second()
    expect(vcpu.state.setLapic({ regs: new Uint8Array(1024).fill(3) })).toBeUndefined()
    expect(vcpu.state.getLapic()).toEqual({ regs: new Uint8Array(1024).fill(3) })
    expect(vcpu.state.setLapic({ regs: new Uint8Array(1023) })).toMatchObject(EINVAL)
  })
})

describe('INIT', () => {
  test('leaves x87, vectors and MSRs alone, and CR0.CD and NW; the first processor starts over', () => {
    const { vcpu } = halts()
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({ ...sregs, cr0: 0x4000_0011n, cr2: 9n, gdt: { base: 5n, limit: 6 } })
    vcpu.state.setMsrs([{ index: 0xc000_0103, data: 9n }])
    vcpu.state.setFpu({ ...vcpu.state.getFpu(), fcw: 0x3ff, xmm: [new Uint8Array(16).fill(9)] })
    vcpu.state.setXcrs({ nr_xcrs: 1, flags: 0, xcrs: [{ xcr: 0, value: 3n }] })
    vcpu.injectInit()
    expect(vcpu.state.getMpState()).toEqual({ mp_state: mpStates.runnable })
    expect(vcpu.state.getSregs()).toMatchObject({
      cr0: 0x4000_0010n,
      cr2: 0n,
      gdt: { base: 0n, limit: 0xffff },
      cs: { selector: 0xf000, base: 0xffff_0000n },
    })
    expect(vcpu.state.getRegs()).toMatchObject({ rip: 0xfff0n, rsp: 0n, rflags: 2n })
    expect(vcpu.state.getFpu()).toMatchObject({ fcw: 0x3ff })
    expect(vcpu.state.getFpu().xmm[0]?.[0]).toBe(9)
    expect(vcpu.state.getMsrs([0xc000_0103])).toEqual([{ index: 0xc000_0103, data: 9n }])
    expect(vcpu.state.getXcrs().xcrs[0]?.value).toBe(3n)
  })
})
