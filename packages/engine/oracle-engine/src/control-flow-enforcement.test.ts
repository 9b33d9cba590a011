import { buildTable } from '@vmm/cpuid'
import { Vcpu, type VcpuOptions } from '@vmm/vcpu'
import { Engine, GuestMachine } from '@vmm/wasm-engine'
import { type Assembler, assembler, eax, mem, mem64, r8, rax, rbp, rbx, rcx, rdi, rsp } from '@vmm/x86-assembler'
import type { StateField } from '@vmm/x86-registers'
import { describe, expect, test } from 'vitest'
import { OracleEngine } from './index.ts'

const table = buildTable({ model: 'max' })
const cpuid = table.kind === 'table' ? table.entries : []
const slots = [{ address: 0, bytes: 0x20_0000 }] as const

/** Where things are; all but the tables can be reached by programs. */
const at = {
  ...{ pml4: 0x1000, pdpt: 0x2000, directory: 0x3000, pages: 0x4000 },
  ...{ gdt: 0x8000, idt: 0x9000, tss: 0xa000, table: 0xb000, bitmap: 0xc000 },
  ...{ code: 0x1_0000, program: 0x1_4000, handler: 0x1_8000, stack: 0x2_0000, programStack: 0x2_4000, data: 0x2_8000 },
  /** Shadow stacks: the supervisor's, the one of the interrupt table, the program's, and another one of the supervisor's. */
  ...{ shadow: 0x4_0000, shadowIst: 0x4_1000, shadowUser: 0x4_2000, shadowOther: 0x4_3000 },
} as const

const [present, writable, user, dirty] = [1n, 2n, 4n, 0x40n]
const [SH_STK_EN, WR_SHSTK_EN, ENDBR_EN, LEG_IW_EN, NO_TRACK_EN] = [1n, 2n, 4n, 8n, 16n]
const [SUPPRESS, TRACKER] = [0x400n, 0x800n]

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
}

/** 64-bit code at `at.code`, or a program's at `at.program`, with CR4.CET. */
function guest(
  kind: Kind,
  write: (a: Assembler) => void,
  { fields = {}, program = false, cr4 = 0x80_0620n }: Begun = {},
) {
  let engine!: Engine | OracleEngine
  const createEngine = (ports: Ports) => {
    engine = kinds[kind](ports)
    return engine
  }
  const vcpu = new Vcpu({ cpuid, createEngine })
  const put = (address: number, ...values: readonly bigint[]) => {
    const bytes = new DataView(new ArrayBuffer(values.length * 8))
    for (const [index, value] of values.entries()) bytes.setBigUint64(index * 8, BigInt.asUintN(64, value), true)
    engine.writePhysical(address, new Uint8Array(bytes.buffer))
  }
  const read = (address: number): bigint => {
    const bytes = engine.physical(address)!
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  }
  put(at.pml4, BigInt(at.pdpt) | present | writable | user)
  put(at.pdpt, BigInt(at.directory) | present | writable | user)
  put(at.directory, BigInt(at.pages) | present | writable | user)
  const stacks: readonly number[] = [at.shadow, at.shadowIst, at.shadowOther]
  const entryOf = (page: number) => {
    if (page === at.shadowUser) return BigInt(page) | present | user | dirty
    if (stacks.includes(page)) return BigInt(page) | present | dirty
    const forAll =
      page === at.program || page === at.programStack || page === at.data || page === at.programStack - 0x1000
    return BigInt(page) | present | writable | dirty | (forAll ? user : 0n)
  }
  put(at.pages, ...Array.from({ length: 512 }, (_, index) => entryOf(index * 0x1000)))
  put(
    at.gdt,
    0n,
    0n,
    0xaf_9b00_0000_ffffn,
    0xcf_9300_0000_ffffn,
    0xcf_fb00_0000_ffffn,
    0xcf_f300_0000_ffffn,
    0xaf_fb00_0000_ffffn,
  )
  put(at.tss + 4, BigInt(at.stack))
  put(at.tss + 36, BigInt(at.stack - 0x800))
  const a = assembler({ origin: program ? at.program : at.code, codeSize: 64 })
  write(a)
  engine.writePhysical(program ? at.program : at.code, a.finish().bytes)
  const sregs = vcpu.state.getSregs()
  const flat = { ...sregs.ds, base: 0n, limit: 0xffff_ffff, g: 1, db: 1, s: 1, present: 1, type: 3 }
  const dpl = program ? 3 : 0
  const data = { ...flat, dpl, selector: program ? 0x2b : 0x18 }
  const refused = vcpu.state.setSregs({
    ...sregs,
    ...{ cr0: 0x8001_0033n, cr3: BigInt(at.pml4), cr4, efer: 0xd01n },
    ...{ ds: data, es: data, ss: data, fs: data, gs: data },
    cs: { ...flat, type: 11, l: 1, db: 0, dpl, selector: program ? 0x33 : 0x10 },
    tr: { ...sregs.tr, base: BigInt(at.tss), limit: 0x67, type: 11, present: 1, s: 0 },
    gdt: { base: BigInt(at.gdt), limit: 0x37 },
    idt: { base: BigInt(at.idt), limit: 0xfff },
  })
  expect(refused).toBeUndefined()
  vcpu.state.setRegs({
    ...vcpu.state.getRegs(),
    rip: BigInt(program ? at.program : at.code),
    rsp: BigInt(program ? at.programStack : at.stack),
    rflags: 2n,
  })
  for (const [name, value] of Object.entries(fields)) engine.set(name as StateField, value)
  vcpu.state.setRegs(vcpu.state.getRegs())
  if (engine instanceof Engine) engine.modeChanged()
  const get = (name: StateField) => engine.get(name)
  return { vcpu, engine, put, read, get, regs: () => vcpu.state.getRegs(), run: () => vcpu.run({ budget: 500 }) }
}

type Guest = ReturnType<typeof guest>

/** The first exception that led to a shutdown. */
function fatal(g: Guest): readonly [vector: number, code: number | undefined, rip: bigint] {
  const exit = g.run()
  if (exit.kind !== 'shutdown') throw new Error(`no shutdown but ${exit.kind}`)
  const [first] = exit.because
  return [first!.vector, first!.errorCode, first!.rip]
}

/** A 64-bit gate to code of CPL 0; with an entry of the interrupt stack table. */
function gate(g: Guest, vector: number, target: number, ist = 0): void {
  const low =
    BigInt(target & 0xffff) | (0x10n << 16n) | (BigInt(ist) << 32n) | (0xeen << 40n) | (BigInt(target >>> 16) << 48n)
  g.put(at.idt + vector * 16, low, 0n)
}

const code = (g: Guest, address: number, write: (a: Assembler) => void) => {
  const a = assembler({ origin: address, codeSize: 64 })
  write(a)
  g.engine.writePhysical(address, a.finish().bytes)
}

const top = BigInt(at.shadow) + 0x800n
const shadow = { IA32_S_CET: SH_STK_EN, SSP: top } as const
const userTop = BigInt(at.shadowUser) + 0x800n
const userShadow = { IA32_U_CET: SH_STK_EN, SSP: userTop } as const
const CP = 21

describe.for(['oracle', 'hot'] as const)('on the %s engine', (kind) => {
  describe('a shadow stack', () => {
    test('takes the return address of a near CALL, and RET takes it back', () => {
      const g = guest(kind, (a) => a.call('f').rdsspq(rbx).hlt().label('f').rdsspq(rcx).ret(), { fields: shadow })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rcx, g.regs().rbx, g.get('SSP')]).toEqual([top - 8n, top, top])
      expect(g.read(Number(top) - 8)).toBe(BigInt(at.code) + 5n)
    })

    test('ends a RET to anywhere else with #CP(NEAR-RET)', () => {
      const g = guest(kind, (a) => a.call('f').hlt().label('f').lea(rax, mem('f')).mov(mem64(rsp), rax).ret(), {
        fields: shadow,
      })
      const [vector, errorCode] = fatal(g)
      expect([vector, errorCode, g.get('SSP')]).toEqual([CP, 1, top - 8n])
    })

    test('is not used while its bit is clear, and RDSSP does nothing then', () => {
      const g = guest(kind, (a) => a.mov(rbx, 7).call('f').hlt().label('f').rdsspq(rbx).ret(), { fields: { SSP: top } })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rbx, g.get('SSP'), g.read(Number(top) - 8)]).toEqual([7n, top, 0n])
    })

    test('does not take the address of a CALL of what follows it', () => {
      const g = guest(kind, (a) => a.call('next').label('next').pop(rax).hlt(), { fields: shadow })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect(g.get('SSP')).toBe(top)
    })

    test.each([
      ['a page that can be written', BigInt(at.data) + 0x800n, 0b100_0011],
      ['a page of a program', BigInt(at.shadowUser) + 0x800n, 0b100_0011],
      ['no page', 0x60_0000n, 0b100_0010],
    ] as const)('in %s is a page fault that tells of it, and nothing is pushed', (_, ssp, errorCode) => {
      const g = guest(kind, (a) => a.call('f').nop().label('f').hlt(), { fields: { ...shadow, SSP: ssp } })
      const [vector, told] = fatal(g)
      expect([vector, told, g.get('CR2'), g.regs().rsp, g.get('SSP')]).toEqual([
        14,
        errorCode,
        ssp - 8n,
        BigInt(at.stack),
        ssp,
      ])
    })

    test('cannot be stored to', () => {
      const g = guest(kind, (a) => a.mov(mem64(Number(top)), rax).hlt(), { fields: shadow })
      expect(fatal(g).slice(0, 2)).toEqual([14, 3])
    })
  })

  describe('shadow-stack instructions', () => {
    test('INCSSP drops so many', () => {
      const g = guest(kind, (a) => a.mov(eax, 0x103).incsspq(rax).incsspd(eax).hlt(), { fields: shadow })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect(g.get('SSP')).toBe(top + 24n + 12n)
    })

    test('are #UD without CR4.CET, but for RDSSP', () => {
      const g = guest(kind, (a) => a.rdsspq(rbx).incsspq(rax).hlt(), { fields: shadow, cr4: 0x620n })
      expect(fatal(g)).toEqual([6, undefined, BigInt(at.code) + 5n])
    })

    test('WRSS writes where it may, and is #UD where its bit is clear', () => {
      const write = (a: Assembler) => a.mov(rax, 0x1234).mov(rdi, Number(top)).wrssq(mem64(rdi), rax).hlt()
      const may = guest(kind, write, { fields: { ...shadow, IA32_S_CET: SH_STK_EN | WR_SHSTK_EN } })
      expect(may.run()).toEqual({ kind: 'hlt' })
      expect(may.read(Number(top))).toBe(0x1234n)
      expect(fatal(guest(kind, write, { fields: shadow }))[0]).toBe(6)
    })

    test('WRUSS writes to a program’s', () => {
      const g = guest(kind, (a) => a.mov(rax, 5).mov(rdi, Number(userTop)).wrussq(mem64(rdi), rax).hlt(), {
        fields: shadow,
      })
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect(g.read(Number(userTop))).toBe(5n)
      const other = guest(kind, (a) => a.mov(rdi, Number(top)).wrussq(mem64(rdi), rax).hlt(), { fields: shadow })
      expect(fatal(other).slice(0, 2)).toEqual([14, 0b100_0111])
    })

    test('RSTORSSP and SAVEPREVSSP go to another one, leaving a token to come back by', () => {
      const other = BigInt(at.shadowOther) + 0x7f8n
      const g = guest(kind, (a) => a.mov(rdi, Number(other)).rstorssp(mem64(rdi)).saveprevssp().hlt(), {
        fields: shadow,
      })
      g.put(Number(other), (other + 8n) | 1n)
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.get('SSP'), g.read(Number(top) - 8), g.read(Number(other))]).toEqual([other + 8n, top | 1n, top | 3n])
    })

    test('RSTORSSP of what is no token is #CP(RSTORSSP)', () => {
      const other = Number(at.shadowOther) + 0x7f8
      const g = guest(kind, (a) => a.mov(rdi, other).rstorssp(mem64(rdi)).hlt(), { fields: shadow })
      g.put(other, BigInt(other) | 1n)
      expect(fatal(g).slice(0, 2)).toEqual([CP, 4])
      expect(g.get('SSP')).toBe(top)
    })

    test('SETSSBSY takes the token of CPL 0, and CLRSSBSY frees it', () => {
      const token = BigInt(at.shadow) + 0x400n
      const fields = { ...shadow, IA32_PL0_SSP: token }
      const g = guest(
        kind,
        (a) =>
          a
            .setssbsy()
            .rdsspq(rbx)
            .mov(rcx, mem64(Number(token)))
            .mov(rdi, Number(token))
            .clrssbsy(mem64(rdi))
            .hlt(),
        { fields },
      )
      g.put(Number(token), token)
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rbx, g.regs().rcx, g.read(Number(token)), g.get('SSP')]).toEqual([token, token | 1n, token, 0n])
      const busy = guest(kind, (a) => a.setssbsy().hlt(), { fields })
      busy.put(Number(token), token | 1n)
      expect(fatal(busy).slice(0, 2)).toEqual([CP, 5])
    })
  })

  describe('an event', () => {
    test('pushes CS, the linear instruction pointer and SSP, which IRET takes', () => {
      const g = guest(kind, (a) => a.int(0x40).rdsspq(rbx).hlt(), { fields: shadow })
      gate(g, 0x40, at.handler)
      code(g, at.handler, (a) => a.rdsspq(rcx).iretq())
      expect(g.run()).toEqual({ kind: 'hlt' })
      const frame = Number(top) - 24
      expect([g.regs().rcx, g.regs().rbx, g.read(frame), g.read(frame + 8), g.read(frame + 16)]).toEqual([
        top - 24n,
        top,
        top,
        BigInt(at.code) + 2n,
        0x10n,
      ])
    })

    test('whose return address was changed ends IRET with #CP(FAR-RET/IRET)', () => {
      const g = guest(kind, (a) => a.int(0x40).nop().hlt(), { fields: shadow })
      gate(g, 0x40, at.handler)
      code(g, at.handler, (a) => a.inc(mem64(rsp)).iretq())
      expect(fatal(g).slice(0, 2)).toEqual([CP, 2])
    })

    test('of the interrupt stack table takes the shadow stack of its table, and IRET frees it', () => {
      const token = BigInt(at.shadowIst) + 0x7f8n
      const fields = { ...shadow, IA32_INTERRUPT_SSP_TABLE_ADDR: BigInt(at.table) }
      const g = guest(kind, (a) => a.int(0x40).rdsspq(rbx).hlt(), { fields })
      gate(g, 0x40, at.handler, 1)
      g.put(at.table + 8, token)
      g.put(Number(token), token)
      code(g, at.handler, (a) =>
        a
          .rdsspq(rcx)
          .mov(r8, mem64(Number(token)))
          .iretq(),
      )
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rcx, g.regs().r8, g.regs().rbx, g.read(Number(token))]).toEqual([
        token - 24n,
        token | 1n,
        top,
        token,
      ])
      expect(g.read(Number(token) - 24)).toBe(top)
    })

    test('from a program takes the shadow stack of CPL 0, and keeps the program’s', () => {
      const token = BigInt(at.shadow) + 0x7f8n
      const fields = { ...userShadow, IA32_S_CET: SH_STK_EN, IA32_PL0_SSP: token }
      const g = guest(kind, (a) => a.call('f').label('on').int(0x40).rdsspq(rbx).int(0x41).label('f').ret(), {
        fields,
        program: true,
      })
      gate(g, 0x40, at.handler)
      gate(g, 0x41, at.handler + 0x100)
      g.put(Number(token), token)
      code(g, at.handler, (a) => a.rdsspq(rcx).iretq())
      code(g, at.handler + 0x100, (a) => a.hlt())
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rcx, g.regs().rbx, g.get('SSP'), g.get('IA32_PL3_SSP')]).toEqual([
        token,
        userTop,
        token,
        userTop,
      ])
      expect(g.read(Number(token))).toBe(token | 1n)
    })

    test('is #GP where the token of the shadow stack is busy', () => {
      const token = BigInt(at.shadow) + 0x7f8n
      const fields = { ...userShadow, IA32_S_CET: SH_STK_EN, IA32_PL0_SSP: token }
      const g = guest(kind, (a) => a.int(0x40), { fields, program: true })
      gate(g, 0x40, at.handler)
      g.put(Number(token), token | 1n)
      expect(fatal(g)[0]).toBe(13)
    })
  })

  test('SYSCALL keeps the program’s shadow-stack pointer, and SYSRET brings it back', () => {
    const fields = {
      ...userShadow,
      IA32_S_CET: SH_STK_EN | ENDBR_EN,
      IA32_STAR: 0x23_0010_0000_0000n,
      IA32_LSTAR: BigInt(at.handler),
    }
    const write = (a: Assembler) => a.syscall().rdsspq(rbx).int(0x41)
    const g = guest(kind, write, { fields, program: true })
    gate(g, 0x41, at.handler + 0x100, 1)
    g.put(at.table + 8, BigInt(at.shadowIst) + 0x7f8n)
    g.put(at.shadowIst + 0x7f8, BigInt(at.shadowIst) + 0x7f8n)
    g.engine.set('IA32_INTERRUPT_SSP_TABLE_ADDR', BigInt(at.table))
    code(g, at.handler, (a) =>
      a
        .endbr64()
        .rdsspq(rdi)
        .emit('SYSRETQ' as never),
    )
    code(g, at.handler + 0x100, (a) => a.endbr64().hlt())
    expect(g.run()).toEqual({ kind: 'hlt' })
    expect([g.regs().rdi, g.regs().rbx, g.get('IA32_PL3_SSP')]).toEqual([0n, userTop, userTop])
  })

  test('SYSCALL of CPL 0 keeps its shadow-stack pointer in the same register', () => {
    const fields = { ...shadow, IA32_STAR: 0x23_0010_0000_0000n, IA32_LSTAR: BigInt(at.handler) }
    const g = guest(kind, (a) => a.syscall(), { fields })
    code(g, at.handler, (a) => a.hlt())
    expect(g.run()).toEqual({ kind: 'hlt' })
    expect([g.get('SSP'), g.get('IA32_PL3_SSP')]).toEqual([0n, top])
  })

  describe('a data breakpoint', () => {
    const on = { write: 0x9_0000n, access: 0xb_0000n } as const
    /** Eight bytes of the shadow stack, and a handler that counts in RBX and leaves in RBP what it returns to. */
    const watching = (write: (a: Assembler) => void, place: bigint, how: keyof typeof on, cet = SH_STK_EN) => {
      const g = guest(kind, write, { fields: { ...shadow, IA32_S_CET: cet, DR0: place, DR7: 0x401n | on[how] } })
      // on a shadow stack of its own, for its frame would be met, too
      gate(g, 1, at.handler, 1)
      g.put(at.table + 8, BigInt(at.shadowIst) + 0x7f8n)
      g.put(at.shadowIst + 0x7f8, BigInt(at.shadowIst) + 0x7f8n)
      g.engine.set('IA32_INTERRUPT_SSP_TABLE_ADDR', BigInt(at.table))
      code(g, at.handler, (a) => a.inc(rbx).mov(rbp, mem64(rsp)).iretq())
      return g
    }
    const calls = (a: Assembler) => a.call('f').hlt().label('f').nop().ret()

    test('on stores is met by a CALL, behind it', () => {
      const g = watching(calls, top - 8n, 'write')
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rbx, g.regs().rbp, g.get('DR6') & 15n]).toEqual([1n, BigInt(at.code) + 6n, 1n])
    })

    test('on loads is met by the RET, too', () => {
      const g = watching(calls, top - 8n, 'access')
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rbx, g.regs().rbp]).toEqual([2n, BigInt(at.code) + 5n])
    })

    test('elsewhere is not', () => {
      const g = watching(calls, top - 0x100n, 'access')
      expect([g.run(), g.regs().rbx]).toEqual([{ kind: 'hlt' }, 0n])
    })

    test('is met by WRSS in the middle of other instructions', () => {
      const stores = (a: Assembler) =>
        a
          .mov(rdi, Number(top - 0x40n))
          .wrssq(mem64(rdi), rax)
          .label('next')
          .nop()
          .nop()
          .hlt()
      const g = watching(stores, top - 0x40n, 'write', SH_STK_EN | WR_SHSTK_EN)
      const next = BigInt(at.code) + 12n
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rbx, g.regs().rbp]).toEqual([1n, next])
    })
  })

  describe('indirect branch tracking', () => {
    const tracked = { IA32_S_CET: ENDBR_EN } as const

    test('lets indirect branches reach ENDBR64', () => {
      const g = guest(
        kind,
        (a) =>
          a
            .lea(rax, mem('f'))
            .mov(rcx, 3)
            .label('again')
            .call(rax)
            .dec(rcx)
            .jnz('again')
            .hlt()
            .label('f')
            .endbr64()
            .inc(rbx)
            .ret(),
        { fields: tracked },
      )
      expect(g.run()).toEqual({ kind: 'hlt' })
      expect([g.regs().rbx, g.get('IA32_S_CET')]).toEqual([3n, ENDBR_EN])
    })

    test.each(['call', 'jmp'] as const)(
      'makes #CP(ENDBRANCH) of an indirect %s to anything else, at its target',
      (branch) => {
        const g = guest(kind, (a) => a.lea(rax, mem('f'))[branch](rax).hlt().label('f').endbr32().hlt(), {
          fields: tracked,
        })
        const [vector, errorCode, rip] = fatal(g)
        expect([vector, errorCode, rip]).toEqual([CP, 3, BigInt(at.code) + 10n])
        expect(g.get('IA32_S_CET')).toBe(ENDBR_EN | TRACKER)
      },
    )

    test('leaves direct branches and RET alone', () => {
      const g = guest(kind, (a) => a.call('f').hlt().label('f').ret(), { fields: tracked })
      expect(g.run()).toEqual({ kind: 'hlt' })
    })

    test('lets NOTRACK through where that is allowed', () => {
      const write = (a: Assembler) => a.lea(rax, mem('f')).db(0x3e).jmp(rax).hlt().label('f').mov(rbx, 1).hlt()
      const may = guest(kind, write, { fields: { IA32_S_CET: ENDBR_EN | NO_TRACK_EN } })
      expect([may.run().kind, may.regs().rbx]).toEqual(['hlt', 1n])
      expect(fatal(guest(kind, write, { fields: tracked })).slice(0, 2)).toEqual([CP, 3])
    })

    test('lets pages of the legacy bitmap through, and is suppressed from there to the next ENDBRANCH', () => {
      const legacy = ENDBR_EN | LEG_IW_EN | BigInt(at.bitmap)
      const g = guest(kind, (a) => a.lea(rax, mem('f')).jmp(rax).hlt().label('f').mov(rbx, 1).hlt(), {
        fields: { IA32_S_CET: legacy },
      })
      g.engine.writePhysical(at.bitmap + (at.code >>> 15), Uint8Array.of(1 << ((at.code >>> 12) & 7)))
      expect([g.run().kind, g.regs().rbx, g.get('IA32_S_CET')]).toEqual(['hlt', 1n, legacy | SUPPRESS])
      const without = guest(kind, (a) => a.lea(rax, mem('f')).jmp(rax).label('f').hlt(), {
        fields: { IA32_S_CET: legacy },
      })
      expect(fatal(without).slice(0, 2)).toEqual([CP, 3])
    })

    test('asks for an ENDBRANCH at the handler of an event', () => {
      const g = guest(kind, (a) => a.int(0x40).hlt(), { fields: tracked })
      gate(g, 0x40, at.handler)
      code(g, at.handler, (a) => a.endbr64().mov(rbx, 1).iretq())
      expect([g.run().kind, g.regs().rbx]).toEqual(['hlt', 1n])
      const other = guest(kind, (a) => a.int(0x40).hlt(), { fields: tracked })
      gate(other, 0x40, at.handler)
      code(other, at.handler, (a) => a.nop().iretq())
      expect(fatal(other)).toEqual([CP, 3, BigInt(at.handler)])
    })
  })

  test('XSAVES and XRSTORS carry the registers of programs and of the supervisor', () => {
    const state = {
      IA32_PL3_SSP: 0x1_2340n,
      IA32_U_CET: 0x15n,
      IA32_PL0_SSP: 0x2_0000n,
      IA32_PL1_SSP: 0x2_1000n,
      IA32_PL2_SSP: 0x2_2000n,
    }
    const save = (a: Assembler) => a.mov(rdi, at.data).mov(eax, 0x1800).bytes([0x31, 0xd2]).xsaves(mem(rdi)).hlt()
    const cr4 = 0x84_0620n
    const first = guest(kind, save, { fields: { ...state, XCR0: 7n, IA32_XSS: 0x1800n }, cr4 })
    expect(first.run()).toEqual({ kind: 'hlt' })
    const words = [512, 520, 576, 584, 592, 600, 608].map((offset) => first.read(at.data + offset))
    expect(words).toEqual([0x1800n, (1n << 63n) | 0x1800n, 0x15n, 0x1_2340n, 0x2_0000n, 0x2_1000n, 0x2_2000n])
    const load = (a: Assembler) => a.mov(rdi, at.data).mov(eax, 0x1800).bytes([0x31, 0xd2]).xrstors(mem(rdi)).hlt()
    const second = guest(kind, load, { fields: { XCR0: 7n, IA32_XSS: 0x1800n }, cr4 })
    for (const [index, offset] of [512, 520, 576, 584, 592, 600, 608].entries())
      second.put(at.data + offset, words[index]!)
    expect(second.run()).toEqual({ kind: 'hlt' })
    expect(Object.keys(state).map((name) => second.get(name as StateField))).toEqual(Object.values(state))
    const wrong = guest(kind, load, { fields: { XCR0: 7n, IA32_XSS: 0x1800n }, cr4 })
    for (const [index, offset] of [512, 520, 576, 584].entries()) wrong.put(at.data + offset, words[index]!)
    wrong.put(at.data + 584, 3n)
    expect(fatal(wrong).slice(0, 2)).toEqual([13, 0])
  })
})
