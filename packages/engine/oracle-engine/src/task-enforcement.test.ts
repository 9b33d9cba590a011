import { buildTable } from '@vmm/cpuid'
import { Vcpu, type VcpuOptions } from '@vmm/vcpu'
import { Engine, GuestMachine } from '@vmm/wasm-engine'
import { type Assembler, assembler, eax, far, mem32 } from '@vmm/x86-assembler'
import type { StateField } from '@vmm/x86-registers'
import { describe, expect, test } from 'vitest'
import { OracleEngine } from './index.ts'

const table = buildTable({ model: 'max' })
const cpuid = table.kind === 'table' ? table.entries : []
const slots = [{ address: 0, bytes: 0x10_0000 }] as const

/** Where things are. `first` is the task that everything begins in, and `second` the one that it switches to. */
const at = {
  ...{ directory: 0x1000, pages: 0x2000, gdt: 0x8000, first: 0x9000, second: 0xa000 },
  ...{ code: 0x1_0000, other: 0x1_1000, stack: 0x2_1000, otherStack: 0x2_3000 },
  ...{ shadow: 0x3_0000, otherShadow: 0x3_1000, userShadow: 0x3_2000 },
} as const
const selector = { code: 0x08, data: 0x10, first: 0x18, second: 0x20, userCode: 0x2b, userData: 0x33 } as const

const [present, writable, user, dirty] = [1, 2, 4, 0x40]
const [SH_STK_EN, ENDBR_EN, TRACKER] = [1n, 4n, 0x800n]
const [CET, busy] = [0x80_0000n, 1n]
const [TS, CP] = [10, 21]
const VM = 0x2_0000

type Ports = Parameters<VcpuOptions['createEngine']>[0]
const kinds = {
  oracle: (ports: Ports) => new OracleEngine({ machine: new GuestMachine({ slots }), ports }),
  hot: (ports: Ports) => new Engine({ slots, ports, hot: { threshold: 0 } }),
} as const
type Kind = keyof typeof kinds

interface Begun {
  readonly fields?: Partial<Record<StateField, bigint>>
  /** At CPL 3. */
  readonly program?: boolean
  readonly cr4?: bigint
  /** What the new task's TSS says. */
  readonly ssp?: number
  readonly limit?: number
  readonly flags?: number
  readonly cs?: number
  /** Its TSS is one of 16 bits. */
  readonly narrow?: boolean
}

function tablesOf(): Uint32Array {
  const stacks = new Map([
    [at.shadow, present | dirty],
    [at.otherShadow, present | dirty],
    [at.userShadow, present | dirty | user],
  ] as readonly (readonly [number, number])[])
  return Uint32Array.from({ length: 256 }, (_, page) => {
    const address = page * 0x1000
    return address | (stacks.get(address) ?? present | writable | user | dirty)
  })
}

/** 32-bit code with a task that it can switch to, by `selector.second`. */
function guest(kind: Kind, first: (a: Assembler) => void, second: (a: Assembler) => void, begun: Begun = {}) {
  const {
    fields = {},
    program = false,
    cr4 = CET,
    ssp = Number(otherTop),
    limit = 0x6b,
    flags = 2,
    narrow = false,
  } = begun
  const { cs = selector.code } = begun
  let engine!: Engine | OracleEngine
  const createEngine = (ports: Ports) => {
    engine = kinds[kind](ports)
    return engine
  }
  const vcpu = new Vcpu({ cpuid, createEngine })
  const words = (address: number, ...values: readonly number[]) =>
    void engine.writePhysical(address, new Uint8Array(Uint32Array.from(values).buffer))
  const read = (address: number): bigint => {
    const bytes = engine.physical(address)!
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  }
  words(at.directory, at.pages | present | writable | user)
  engine.writePhysical(at.pages, new Uint8Array(tablesOf().buffer))
  const segment = (base: number, bytes: number, rights: number): readonly [number, number] => [
    ((base & 0xffff) << 16) | (bytes & 0xffff),
    (base & 0xff00_0000) | ((base >>> 16) & 0xff) | rights,
  ]
  words(
    at.gdt,
    ...[0, 0],
    ...segment(0, 0xffff, 0xcf_9b00),
    ...segment(0, 0xffff, 0xcf_9300),
    ...segment(at.first, 0x6b, 0x8b00),
    ...segment(at.second, limit, narrow ? 0xe100 : 0xe900),
    ...segment(0, 0xffff, 0xcf_fb00),
    ...segment(0, 0xffff, 0xcf_f300),
  )
  const data = cs === selector.code ? selector.data : selector.userData
  words(at.first + 0x1c, at.directory)
  words(at.second + 0x1c, at.directory, at.other, flags, ...[0, 0, 0, 0], at.otherStack)
  words(at.second + 0x48, ...[data, cs, data, data, 0, 0], 0, 0, ssp)
  for (const [origin, write] of [
    [at.code, first],
    [at.other, second],
  ] as const) {
    const a = assembler({ origin, codeSize: 32 })
    write(a)
    engine.writePhysical(origin, a.finish().bytes)
  }
  const sregs = vcpu.state.getSregs()
  const dpl = program ? 3 : 0
  const flat = { ...sregs.ds, base: 0n, limit: 0xffff_ffff, g: 1, db: 1, s: 1, present: 1, l: 0, dpl }
  const stack = { ...flat, type: 3, selector: program ? selector.userData : selector.data }
  const refused = vcpu.state.setSregs({
    ...sregs,
    ...{ cr0: 0x8001_0033n, cr3: BigInt(at.directory), cr4, efer: 0n },
    ...{ ds: stack, es: stack, ss: stack, fs: stack, gs: stack },
    cs: { ...flat, type: 11, selector: program ? selector.userCode : selector.code },
    tr: {
      ...sregs.tr,
      base: BigInt(at.first),
      limit: 0x6b,
      type: 11,
      present: 1,
      s: 0,
      selector: selector.first,
      g: 0,
    },
    gdt: { base: BigInt(at.gdt), limit: 0x37 },
    idt: { base: 0n, limit: 0 },
  })
  expect(refused).toBeUndefined()
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(at.code), rsp: BigInt(at.stack), rflags: 2n })
  for (const [name, value] of Object.entries(fields)) engine.set(name as StateField, value)
  if (engine instanceof Engine) engine.modeChanged()
  return {
    vcpu,
    engine,
    words,
    read,
    get: (name: StateField) => engine.get(name),
    run: () => vcpu.run({ budget: 500 }),
  }
}

type Guest = ReturnType<typeof guest>

/** The first exception that led to a shutdown, and the task that had it. */
function fatal(g: Guest): readonly [vector: number, code: number | undefined, task: bigint] {
  const exit = g.run()
  if (exit.kind !== 'shutdown') throw new Error(`no shutdown but ${exit.kind}`)
  const [first] = exit.because
  return [first!.vector, first!.errorCode, g.get('TR.selector')]
}

const top = BigInt(at.shadow) + 0x800n
const otherTop = BigInt(at.otherShadow) + 0x800n
const userTop = BigInt(at.userShadow) + 0x800n
const shadow = { IA32_S_CET: SH_STK_EN, SSP: top } as const
/** Tokens are free until somebody takes them. */
const free = (g: Guest, token: bigint): Guest => {
  g.words(Number(token), Number(token), 0)
  return g
}
const calls = (a: Assembler) => void a.callf(far(selector.second, 0)).hlt()
const jumps = (a: Assembler) => void a.jmpf(far(selector.second, 0)).hlt()
const halts = (a: Assembler) => void a.hlt()
const returns = (a: Assembler) => void a.iretd()

describe.for(['oracle', 'hot'] as const)('on the %s engine', (kind) => {
  describe('a task that is called with shadow stacks', () => {
    test('has its own, which is busy, with what the old one goes on with', () => {
      const g = free(guest(kind, calls, halts, { fields: shadow }), otherTop)
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('SSP'), g.read(Number(otherTop))]).toEqual([otherTop - 24n, otherTop | busy])
      const frame = [24, 16, 8].map((depth) => g.read(Number(otherTop) - depth))
      expect(frame).toEqual([top, BigInt(at.code) + 7n, BigInt(selector.code)])
    })

    test('gives it free when it returns, and the old task has its own again', () => {
      const g = free(guest(kind, calls, returns, { fields: shadow }), otherTop)
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('TR.selector'), g.get('SSP'), g.read(Number(otherTop))]).toEqual([
        BigInt(selector.first),
        top,
        otherTop,
      ])
    })

    test('returns nowhere else than where it was called', () => {
      const elsewhere = (a: Assembler) => void a.mov(mem32(at.first + 0x20), at.code + 2).iretd()
      expect(fatal(free(guest(kind, calls, elsewhere, { fields: shadow }), otherTop))).toEqual([
        CP,
        2,
        BigInt(selector.first),
      ])
    })

    test('does not return with a shadow stack that is not on a boundary of eight', () => {
      const g = free(
        guest(kind, calls, (a) => void a.mov(eax, 1).incsspd(eax).iretd(), { fields: shadow }),
        otherTop,
      )
      expect(fatal(g)).toEqual([TS, selector.second, BigInt(selector.second)])
    })

    test('by a program leaves that of the program in IA32_PL3_SSP', () => {
      const fields = { ...shadow, IA32_U_CET: SH_STK_EN, SSP: userTop }
      const g = free(guest(kind, calls, halts, { fields, program: true }), otherTop)
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('IA32_PL3_SSP'), g.get('SSP'), g.read(Number(otherTop))]).toEqual([
        userTop,
        otherTop,
        otherTop | busy,
      ])
    })

    test('by a program returns to that of the program', () => {
      const fields = { ...shadow, IA32_U_CET: SH_STK_EN, SSP: userTop }
      const first = (a: Assembler) => void a.callf(far(selector.second, 0)).rdsspd(eax).label('on').jmp('on')
      const g = free(guest(kind, first, returns, { fields, program: true }), otherTop)
      g.run()
      expect([g.get('CPL'), g.get('SSP'), g.vcpu.state.getRegs().rax, g.read(Number(otherTop))]).toEqual([
        3n,
        userTop,
        userTop,
        otherTop,
      ])
    })
  })

  test('a task that is jumped to has its shadow stack, and nothing of the old task lies there', () => {
    const g = free(guest(kind, jumps, halts, { fields: shadow }), otherTop)
    expect(g.run()).toEqual({ kind: 'hlt' })
    expect([g.get('SSP'), g.read(Number(otherTop)), g.read(Number(otherTop) - 8)]).toEqual([
      otherTop,
      otherTop | busy,
      0n,
    ])
  })

  test('a shadow stack that is in use is no other task’s: #TS, in the new task', () => {
    const g = guest(kind, calls, halts, { fields: shadow })
    g.words(Number(otherTop), Number(otherTop | busy), 0)
    expect(fatal(g)).toEqual([TS, selector.second, BigInt(selector.second)])
    expect(g.read(Number(otherTop))).toBe(otherTop | busy)
  })

  test('one that is not on a boundary of eight is #TS, in the new task', () => {
    const g = guest(kind, calls, halts, { fields: shadow, ssp: Number(otherTop) + 4 })
    expect(fatal(g)).toEqual([TS, selector.second, BigInt(selector.second)])
  })

  test.each([
    ['without a pointer to a shadow stack', { limit: 0x6a }],
    ['of 16 bits', { narrow: true }],
  ])('with CR4.CET a TSS %s is #TS, in the old task', (_, begun) => {
    expect(fatal(guest(kind, calls, halts, begun))).toEqual([TS, selector.second, BigInt(selector.first)])
  })

  test('without CR4.CET a TSS needs no pointer', () => {
    expect(guest(kind, calls, halts, { limit: 0x67, cr4: 0n }).run()).toEqual({ kind: 'hlt' })
  })

  test('with CR4.CET alone a task has no shadow stack', () => {
    const g = guest(kind, calls, halts, { fields: { SSP: top } })
    expect(g.run()).toEqual({ kind: 'hlt' })
    expect([g.get('SSP'), g.read(Number(otherTop))]).toEqual([top, 0n])
  })

  test('a task of virtual-8086 mode is #TS where programs have shadow stacks', () => {
    const fields = { IA32_U_CET: SH_STK_EN }
    const g = guest(kind, calls, halts, { fields, flags: 2 | VM })
    g.words(at.second + 0x20, 0x100)
    expect(fatal(g)).toEqual([TS, selector.second, BigInt(selector.second)])
  })

  describe('tracking of branches', () => {
    const fields = { IA32_S_CET: ENDBR_EN }

    test('waits for ENDBRANCH in a new task', () => {
      expect(fatal(guest(kind, calls, halts, { fields }))).toEqual([CP, 3, BigInt(selector.second)])
      const g = guest(kind, calls, (a) => void a.endbr32().hlt(), { fields })
      expect([g.run().kind, g.get('IA32_S_CET')]).toEqual(['hlt', ENDBR_EN])
    })

    test('does not where a task returns', () => {
      const g = guest(kind, calls, (a) => void a.endbr32().iretd(), { fields })
      expect([g.run().kind, g.get('IA32_S_CET') & TRACKER, g.get('TR.selector')]).toEqual([
        'hlt',
        0n,
        BigInt(selector.first),
      ])
    })
  })
})
