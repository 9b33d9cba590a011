import { buildTable } from '@vmm/cpuid'
import { Vcpu, type VcpuOptions } from '@vmm/vcpu'
import { Engine, GuestMachine } from '@vmm/wasm-engine'
import { type Assembler, assembler, eax } from '@vmm/x86-assembler'
import type { StateField } from '@vmm/x86-registers'
import { describe, expect, test } from 'vitest'
import { OracleEngine } from './index.ts'

const table = buildTable({ model: 'max' })
const cpuid = table.kind === 'table' ? table.entries : []
const slots = [{ address: 0, bytes: 0x10_0000 }] as const

/** Where things are: a program of virtual-8086 mode, and the code of CPL 0 that it gets to. */
const at = {
  ...{ directory: 0x1000, pages: 0x2000, gdt: 0x8000, idt: 0x9000, tss: 0xa000 },
  ...{ kernel: 0x1_0000, program: 0x2_0000, stack: 0x2_8000, shadow: 0x3_0000 },
} as const
const selector = { code: 0x08, data: 0x10, tss: 0x18 } as const
const vector = 0x40

const [present, writable, user, dirty] = [1, 2, 4, 0x40]
const [SH_STK_EN, ENDBR_EN, TRACKER] = [1n, 4n, 0x800n]
const flags = { VM: 0x2_0000n, IOPL: 0x3000n } as const
const busy = 1n
const token = BigInt(at.shadow) + 0x7f8n
/** What SSP happens to be: virtual-8086 mode does not use it. */
const idle = 0x1234_5678n

type Ports = Parameters<VcpuOptions['createEngine']>[0]
const kinds = {
  oracle: (ports: Ports) => new OracleEngine({ machine: new GuestMachine({ slots }), ports }),
  hot: (ports: Ports) => new Engine({ slots, ports, hot: { threshold: 0 } }),
} as const

/** A program of virtual-8086 mode with IOPL 3, and 32-bit code at CPL 0 for its vector and its SYSENTER. */
function guest(
  kind: keyof typeof kinds,
  program: (a: Assembler) => void,
  kernel: (a: Assembler) => void,
  fields: Partial<Record<StateField, bigint>>,
) {
  let engine!: Engine | OracleEngine
  const createEngine = (ports: Ports) => {
    engine = kinds[kind](ports)
    return engine
  }
  const vcpu = new Vcpu({ cpuid, createEngine })
  const words = (address: number, ...values: readonly number[]) =>
    void engine.writePhysical(address, new Uint8Array(Uint32Array.from(values).buffer))
  const code = (origin: number, codeSize: 16 | 32, write: (a: Assembler) => void) => {
    const a = assembler({ origin: codeSize === 16 ? 0 : origin, codeSize })
    write(a)
    engine.writePhysical(origin, a.finish().bytes)
  }
  const pageOf = (address: number) =>
    address === at.shadow ? address | present | dirty : address | present | writable | user | dirty
  words(at.directory, at.pages | present | writable | user)
  words(at.pages, ...Array.from({ length: 256 }, (_, page) => pageOf(page * 0x1000)))
  words(at.gdt, 0, 0, 0xffff, 0xcf_9b00, 0xffff, 0xcf_9300, ((at.tss & 0xffff) << 16) | 0x6b, 0x8b00)
  words(at.idt + vector * 8, (selector.code << 16) | (at.kernel & 0xffff), (at.kernel & 0xffff_0000) | 0xee00)
  words(at.tss + 4, at.stack, selector.data)
  words(Number(token), Number(token), 0)
  code(at.program, 16, program)
  code(at.kernel, 32, kernel)
  const sregs = vcpu.state.getSregs()
  const real = {
    ...{ ...sregs.ds, base: BigInt(at.program), selector: at.program >> 4, limit: 0xffff, type: 3 },
    ...{ present: 1, dpl: 3, s: 1, db: 0, g: 0, l: 0, unusable: 0 },
  } as const
  // the flags first: segments of virtual-8086 mode are none of protected mode
  const regs = { ...vcpu.state.getRegs(), rip: 0n, rsp: 0x1000n }
  vcpu.state.setRegs({ ...regs, rflags: 2n | flags.VM | flags.IOPL })
  const refused = vcpu.state.setSregs({
    ...sregs,
    ...{ cr0: 0x8001_0033n, cr3: BigInt(at.directory), cr4: 0x80_0000n, efer: 0n },
    ...{ cs: real, ds: real, es: real, ss: real, fs: real, gs: real },
    tr: { ...sregs.tr, base: BigInt(at.tss), limit: 0x6b, type: 11, present: 1, s: 0, g: 0, selector: selector.tss },
    gdt: { base: BigInt(at.gdt), limit: 0x1f },
    idt: { base: BigInt(at.idt), limit: 0x7ff },
  })
  expect(refused).toBeUndefined()
  const entered: Partial<Record<StateField, bigint>> = {
    ...{ IA32_PL0_SSP: token, IA32_PL3_SSP: 0x7777_0000n, SSP: idle },
    ...{ IA32_SYSENTER_CS: BigInt(selector.code), IA32_SYSENTER_EIP: BigInt(at.kernel) },
    IA32_SYSENTER_ESP: BigInt(at.stack),
    ...fields,
  }
  for (const [name, value] of Object.entries(entered)) engine.set(name as StateField, value)
  if (engine instanceof Engine) engine.modeChanged()
  const read = (address: bigint): bigint => {
    const bytes = engine.physical(Number(address))!
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  }
  return { get: (name: StateField) => engine.get(name), read, run: () => vcpu.run({ budget: 500 }) }
}

const interrupts = (a: Assembler) => void a.int(vector).hlt()
const calls = (a: Assembler) => void a.sysenter().hlt()
const halts = (a: Assembler) => void a.hlt()

describe.for(['oracle', 'hot'] as const)('on the %s engine', (kind) => {
  describe('an interrupt of virtual-8086 mode', () => {
    test('gets to the shadow stack of CPL 0, and keeps nothing of SSP, also where programs have shadow stacks', () => {
      const g = guest(kind, interrupts, halts, { IA32_U_CET: SH_STK_EN, IA32_S_CET: SH_STK_EN })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('CPL'), g.get('SSP'), g.read(token), g.get('IA32_PL3_SSP')]).toEqual([
        0n,
        token,
        token | busy,
        0x7777_0000n,
      ])
    })

    test('pushes nothing on it', () => {
      const g = guest(kind, interrupts, halts, { IA32_S_CET: SH_STK_EN })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('SSP'), g.read(token - 8n)]).toEqual([token, 0n])
    })

    test('returns there, gives the shadow stack free, and has none', () => {
      const again = (a: Assembler) => void a.int(vector).label('on').jmp('on')
      const g = guest(kind, again, (a) => void a.iretd(), { IA32_S_CET: SH_STK_EN })
      g.run()
      expect([g.get('CPL'), g.get('RFLAGS') & flags.VM, g.read(token)]).toEqual([3n, flags.VM, token])
    })

    test('leads to an ENDBRANCH where that is asked for', () => {
      const fields = { IA32_S_CET: ENDBR_EN }
      expect(guest(kind, interrupts, halts, fields).run()).toMatchObject({ kind: 'shutdown' })
      const g = guest(kind, interrupts, (a) => void a.endbr32().hlt(), fields)
      expect([g.run().kind, g.get('IA32_S_CET')]).toEqual(['hlt', ENDBR_EN])
    })
  })

  describe('SYSENTER of virtual-8086 mode', () => {
    test('is out of that when it looks for the shadow stack of a program, and has none of its own', () => {
      const g = guest(kind, calls, (a) => void a.rdsspd(eax).hlt(), { IA32_U_CET: SH_STK_EN, IA32_S_CET: SH_STK_EN })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('CPL'), g.get('SSP'), g.get('IA32_PL3_SSP')]).toEqual([0n, 0n, idle])
    })

    test('leaves SSP alone where nobody has a shadow stack', () => {
      const g = guest(kind, calls, halts, {})
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('SSP'), g.get('IA32_PL3_SSP')]).toEqual([idle, 0x7777_0000n])
    })

    test('leads to an ENDBRANCH where that is asked for', () => {
      const fields = { IA32_S_CET: ENDBR_EN }
      const missed = guest(kind, calls, halts, fields)
      expect([missed.run().kind, missed.get('IA32_S_CET')]).toEqual(['shutdown', ENDBR_EN | TRACKER])
      expect(guest(kind, calls, (a) => void a.endbr32().hlt(), fields).run()).toEqual({ kind: 'hlt' })
    })
  })
})
