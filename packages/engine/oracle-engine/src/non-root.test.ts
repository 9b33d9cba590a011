import { Engine, GuestMachine } from '@vmm/wasm-engine'
import {
  type Assembler,
  al,
  assembler,
  ax,
  cr0,
  cr2,
  cr3,
  cr4,
  dr7,
  dx,
  eax,
  ebx,
  edx,
  mem8,
  mem16,
  mem32,
  mem64,
  mem128,
} from '@vmm/x86-assembler'
import { eptControls, type StateField, segmentNames, stateFields } from '@vmm/x86-registers'
import { nobodyAround, secondLevelFault, type VmxMnemonic, type VmxOutcome } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { OracleEngine } from './index.ts'

const slots = [{ address: 0, bytes: 0x1_0000 }] as const
const codeAt = 0x1000n
const data = 0x4000
const flat = { code: 0xc09bn, data: 0xc093n, user: 3n << 5n } as const
const nonRoot = 2n

type Ports = ConstructorParameters<typeof OracleEngine>[0]['ports']

const kinds = {
  oracle: (ports: Ports) => new OracleEngine({ machine: new GuestMachine({ slots }), ports }),
  compiled: (ports: Ports) => new Engine({ slots, ports }),
} as const

interface Asking {
  /** Whether what asks leaves for L1. */
  readonly leaves?: boolean
  readonly enabled?: boolean
  readonly outcome?: VmxOutcome
  /** Whether the log of pages that get dirty is full. */
  readonly full?: boolean
}

interface Asked {
  readonly exits: (readonly [reason: number, qualification: bigint])[]
  readonly executed: (readonly [VmxMnemonic, ...values: readonly bigint[]])[]
  readonly logged: bigint[]
  asking: Asking
}

/** One engine of each kind serves all tests. */
function made(kind: keyof typeof kinds) {
  const asked: Asked = { exits: [], executed: [], logged: [], asking: {} }
  const ports = {
    ...nobodyAround,
    exits: (reason: number, qualification: bigint) => {
      asked.exits.push([reason, qualification])
      return asked.asking.leaves === true
    },
    enabled: () => asked.asking.enabled !== false,
    logHasRoom: () => asked.asking.full !== true,
    logPage: (address: bigint) => void asked.logged.push(address),
    vmx: (...instruction: readonly [VmxMnemonic, bigint, bigint, bigint]): VmxOutcome => {
      asked.executed.push(instruction)
      return asked.asking.outcome ?? { kind: 'succeeded', value: 0n }
    },
  }
  return { engine: kinds[kind](ports as unknown as Ports), asked }
}

const engines = new Map<string, ReturnType<typeof made>>()

function engineOf(kind: keyof typeof kinds): ReturnType<typeof made> {
  const found = engines.get(kind) ?? made(kind)
  engines.set(kind, found)
  return found
}

type State = Partial<Readonly<Record<StateField, bigint>>>

/** 32-bit code of CPL 0 in non-root operation, without paging, and what it asks. */
function l2(kind: keyof typeof kinds, write: (a: Assembler) => unknown, asking: Asking = {}, state: State = {}) {
  const { engine, asked } = engineOf(kind)
  asked.exits.length = 0
  asked.executed.length = 0
  asked.logged.length = 0
  asked.asking = asking
  engine.writePhysical(0, new Uint8Array(slots[0].bytes))
  for (const field of Object.keys(stateFields) as StateField[]) engine.set(field, 0n)
  for (let index = 0; index < 16; index += 1) engine.setGpr(index, 0n)
  const before = engine.retired()
  const a = assembler({ origin: Number(codeAt), codeSize: 32 })
  write(a)
  a.nop()
  engine.writePhysical(Number(codeAt), a.finish().bytes)
  const user = state.CPL === 3n ? flat.user : 0n
  for (const name of segmentNames) {
    engine.set(`${name}.limit`, 0xffff_ffffn)
    engine.set(`${name}.access`, (name === 'CS' ? flat.code : flat.data) | user)
  }
  const set: State = {
    CR0: 0x31n,
    CR4_ALLOWED: 0xff_ffffn,
    PHYSICAL_MASK: 0xff_ffff_ffffn,
    VMX: nonRoot,
    RIP: codeAt,
    ...state,
  }
  for (const [field, value] of Object.entries(set)) engine.set(field as StateField, value)
  engine.set('MONITOR', (1n << 64n) - 1n)
  engine.set('SHADOW', (1n << 64n) - 1n)
  engine.setRflags(2n)
  engine.useTranslations({ vpid: 0, eptp: 0n })
  engine.flushTranslations()
  const run = (budget = 1) => engine.run(budget, 'stop')
  const { exits, executed, logged } = asked
  return { engine, asked: exits, executed, logged, retired: () => engine.retired() - before, run }
}

/** What leaves for L1, by exit reason, exit qualification, and whether CPL 3 may not execute it. */
const leaving: readonly (readonly [string, (a: Assembler) => unknown, number, bigint, 'privileged'?])[] = [
  ['CPUID', (a) => a.cpuid(), 10, 0n],
  ['HLT', (a) => a.hlt(), 12, 0n, 'privileged'],
  ['INVD', (a) => a.invd(), 13, 0n, 'privileged'],
  ['INVLPG', (a) => a.invlpg(mem8(0x1234_5678)), 14, 0x1234_5678n, 'privileged'],
  ['RDPMC', (a) => a.rdpmc(), 15, 0n],
  ['RDTSC', (a) => a.rdtsc(), 16, 0n],
  ['VMCALL', (a) => a.vmcall(), 18, 0n],
  ['VMCLEAR', (a) => a.vmclear(mem64(data)), 19, 0n],
  ['VMLAUNCH', (a) => a.vmlaunch(), 20, 0n],
  ['VMPTRLD', (a) => a.vmptrld(mem64(data)), 21, 0n],
  ['VMPTRST', (a) => a.vmptrst(mem64(data)), 22, 0n],
  ['VMREAD', (a) => a.vmread(eax, ebx), 23, 0n],
  ['VMRESUME', (a) => a.vmresume(), 24, 0n],
  ['VMWRITE', (a) => a.vmwrite(eax, ebx), 25, 0n],
  ['VMXOFF', (a) => a.vmxoff(), 26, 0n],
  ['VMXON', (a) => a.vmxon(mem64(data)), 27, 0n],
  ['MOV from CR3', (a) => a.mov(eax, cr3), 28, 0x13n, 'privileged'],
  ['MOV to CR3', (a) => a.mov(cr3, eax), 28, 0x03n, 'privileged'],
  ['MOV to DR7', (a) => a.mov(dr7, eax), 29, 0x07n],
  ['MOV from DR7', (a) => a.mov(eax, dr7), 29, 0x17n],
  ['IN from an immediate port', (a) => a.in(eax, 0x60), 30, 0x60_004bn, 'privileged'],
  ['OUT to DX', (a) => a.out(dx, al), 30, 0x1234_0000n, 'privileged'],
  ['OUT of a word', (a) => a.out(dx, ax), 30, 0x1234_0001n, 'privileged'],
  ['INS', (a) => a.insb(), 30, 0x1234_0018n, 'privileged'],
  ['REP OUTS', (a) => a.with({ rep: 'rep' }).outsb(), 30, 0x1234_0030n, 'privileged'],
  ['RDMSR', (a) => a.rdmsr(), 31, 0n, 'privileged'],
  ['WRMSR', (a) => a.wrmsr(), 32, 0n, 'privileged'],
  ['PAUSE', (a) => a.pause(), 40, 0n],
  ['SGDT', (a) => a.sgdt(mem8(data)), 46, 0n],
  ['LIDT', (a) => a.lidt(mem8(data)), 46, 0n, 'privileged'],
  ['SLDT', (a) => a.sldt(mem16(data)), 47, 0n],
  ['LTR', (a) => a.ltr(ax), 47, 0n, 'privileged'],
  ['INVEPT', (a) => a.invept(eax, mem128(data)), 50, 0n],
  ['RDTSCP', (a) => a.rdtscp(), 51, 0n],
  ['INVVPID', (a) => a.invvpid(eax, mem128(data)), 53, 0n],
  ['WBINVD', (a) => a.wbinvd(), 54, 0n, 'privileged'],
  ['RDRAND', (a) => a.rdrand(eax), 57, 0n],
  ['RDSEED', (a) => a.rdseed(eax), 61, 0n],
  ['INT3', (a) => a.int3(), 0, 3n],
  ['INT1', (a) => a.int1(), 0, 1n],
]

describe.for(['oracle', 'compiled'] as const)('in non-root operation of the %s engine', (kind) => {
  test.for(leaving)('%s may leave for L1', ([_, write, reason, qualification]) => {
    const { engine, asked, run, retired } = l2(kind, write, { leaves: true }, { CR4: 0x2000n })
    engine.setGpr(2, 0x1234n)
    engine.setGpr(1, 1n)
    expect(run()).toEqual({ kind: 'waiting' })
    expect(asked).toEqual([[reason, qualification]])
    expect([engine.get('RIP'), retired()]).toEqual([codeAt, 0])
  })

  test.for(leaving.filter(([, , , , how]) => how === 'privileged'))(
    '%s is #GP above CPL 0 before that',
    ([_, write]) => {
      const { engine, asked, run } = l2(kind, write, { leaves: true }, { CPL: 3n })
      engine.setGpr(1, 1n)
      expect(run()).toEqual({ kind: 'fault', vector: 13, errorCode: 0 })
      expect(asked).toEqual([])
    },
  )

  test('what does not leave goes on', () => {
    const { asked, run, retired } = l2(kind, (a) => a.cpuid().rdmsr().hlt())
    expect(run(2)).toMatchObject({ kind: 'fault', vector: 13 })
    expect([asked, retired()]).toEqual([
      [
        [10, 0n],
        [31, 0n],
      ],
      1,
    ])
  })

  test('outside it nobody is asked', () => {
    const { asked, run } = l2(kind, (a) => a.cpuid().pause().hlt(), { leaves: true }, { VMX: 1n })
    expect(run(3)).toMatchObject({ kind: 'exit' })
    expect(asked).toEqual([])
  })

  test.for([
    ['RDTSCP', (a: Assembler) => a.rdtscp()],
    ['RDPID', (a: Assembler) => a.rdpid(eax)],
    ['INVPCID', (a: Assembler) => a.invpcid(eax, mem128(data))],
  ] as const)('%s is no instruction unless a control enables it', ([_, write]) => {
    const { asked, run } = l2(kind, write, { leaves: true, enabled: false }, { CPL: 3n })
    expect(run()).toEqual({ kind: 'fault', vector: 6, errorCode: undefined })
    expect(asked).toEqual([])
  })
})

test.for(['oracle', 'compiled'] as const)(
  'MOV to CR2 is what a page fault that leaves puts back, by the %s engine',
  (kind) => {
    const { engine, run } = l2(
      kind,
      (a) => a.mov(cr2, eax).mov(eax, mem32(0x4000_0000)),
      {},
      { CR0: 0x8000_0031n, CR3: 0x8000n },
    )
    engine.writePhysical(0x8000, Uint8Array.of(0x83, 0, 0, 0))
    engine.set('CR4', 0x10n)
    engine.setGpr(0, 0x5678n)
    run(2)
    expect([engine.get('CR2'), engine.get('CR2_KEPT')]).toEqual([0x4000_0000n, 0x5678n])
  },
)

describe.for(['oracle', 'compiled'] as const)('a VMCS that is lent to L2, by the %s engine,', (kind) => {
  const both = (a: Assembler) => a.vmread(mem32(data), eax).vmwrite(eax, ebx)

  test('is asked about by the field, and is read and written where nothing leaves', () => {
    const { engine, asked, executed, run } = l2(kind, both, { outcome: { kind: 'succeeded', value: 0x55n } })
    engine.setGpr(0, 0x681en)
    engine.setGpr(3, 0x77n)
    run(2)
    expect(asked).toEqual([
      [23, 0x681en],
      [25, 0x681en],
    ])
    expect(executed).toEqual([
      ['VMREAD', 0x681en, 0n, 0n],
      ['VMWRITE', 0x681en, 0x77n, 0n],
    ])
    expect([engine.physical(data)![0], engine.rflags()]).toEqual([0x55, 2n])
  })

  test('is CPL 0’s: above it there is #GP where nothing leaves, and what leaves does', () => {
    const stays = l2(kind, both, {}, { CPL: 3n })
    expect([stays.run(), stays.executed]).toEqual([{ kind: 'fault', vector: 13, errorCode: 0 }, []])
    const leaves = l2(kind, both, { leaves: true }, { CPL: 3n })
    expect([leaves.run(), leaves.asked, leaves.executed]).toEqual([{ kind: 'waiting' }, [[23, 0n]], []])
  })
})

const NE = 0x20n
const TS = 8n
const owned: State = { CR0_MASK: NE | TS, CR0_SHADOW: TS, CR0: 0x31n }

describe.for(['oracle', 'compiled'] as const)(
  'control registers with bits of the hypervisor’s, by the %s engine,',
  (kind) => {
    test('are read with the shadow’s in their place', () => {
      const { engine, run } = l2(kind, (a) => a.mov(eax, cr0).smsw(ebx), {}, owned)
      run(2)
      expect([engine.gpr(0), engine.gpr(3)]).toEqual([0x19n, 0x19n])
    })

    test('leave for L1 where such a bit would be other than the shadow’s', () => {
      const { engine, asked, run } = l2(kind, (a) => a.mov(cr0, eax), { leaves: true }, owned)
      engine.setGpr(0, 0x11n)
      expect([run(), asked]).toEqual([{ kind: 'waiting' }, [[28, 0n]]])
    })

    test('take the rest otherwise', () => {
      const { engine, asked, run } = l2(kind, (a) => a.mov(cr0, eax), { leaves: true }, owned)
      engine.setGpr(0, 0x1_001bn)
      run()
      expect([asked, engine.get('CR0')]).toEqual([[], 0x1_0033n])
    })

    test('CLTS leaves where TS is the hypervisor’s and set in the shadow', () => {
      const held = l2(kind, (a) => a.clts(), { leaves: true }, owned)
      expect([held.run(), held.asked]).toEqual([{ kind: 'waiting' }, [[28, 0x20n]]])
      const clear = l2(kind, (a) => a.clts(), { leaves: true }, { ...owned, CR0: 0x39n, CR0_SHADOW: 0n })
      clear.run()
      expect([clear.asked, clear.engine.get('CR0')]).toEqual([[], 0x39n])
    })

    test('LMSW leaves with what it was to load', () => {
      const { engine, asked, run } = l2(kind, (a) => a.lmsw(ax), { leaves: true }, owned)
      engine.setGpr(0, 1n)
      expect([run(), asked]).toEqual([{ kind: 'waiting' }, [[28, 0x1_0030n]]])
    })

    test('bits that VMX operation fixes cannot be cleared', () => {
      const required: State = { CR4: 0x2000n, CR4_REQUIRED: 0x2000n, VMX: 1n }
      const { engine, run } = l2(kind, (a) => a.mov(cr4, eax), {}, required)
      expect(run()).toEqual({ kind: 'fault', vector: 13, errorCode: 0 })
      engine.setGpr(0, 0x2010n)
      run()
      expect(engine.get('CR4')).toBe(0x2010n)
    })
  },
)

const VMXE = 0x2000n
const CF = 1n
const ZF = 0x40n

describe.for(['oracle', 'compiled'] as const)('instructions of VMX by the %s engine', (kind) => {
  const root: State = { VMX: 1n, CR4: VMXE }

  test('read their operands and give what came of them in flags', () => {
    const { engine, executed, run } = l2(
      kind,
      (a) => a.vmptrld(mem64(data)).vmwrite(eax, ebx).vmread(mem32(data), eax),
      {
        outcome: { kind: 'succeeded', value: 0x1_8765_4321n },
      },
      root,
    )
    engine.writePhysical(data, Uint8Array.of(0, 0x50, 0, 0, 1, 0, 0, 0))
    engine.setGpr(0, 0x681en)
    engine.setGpr(3, 0x77n)
    engine.setRflags(0x8d7n)
    run(3)
    expect(executed).toEqual([
      ['VMPTRLD', 0x1_0000_5000n, 0n, 0n],
      ['VMWRITE', 0x681en, 0x77n, 0n],
      ['VMREAD', 0x681en, 0n, 0n],
    ])
    expect([...engine.physical(data)!.subarray(0, 5)]).toEqual([0x21, 0x43, 0x65, 0x87, 1])
    expect(engine.rflags()).toBe(2n)
  })

  test.for([
    ['invalid', CF],
    ['valid', ZF],
  ] as const)('VMfail%s is a flag, and nothing else changes', ([how, flag]) => {
    const { engine, run } = l2(kind, (a) => a.vmread(eax, ebx), { outcome: { kind: 'failed', how } }, root)
    engine.setGpr(0, 5n)
    run()
    expect([engine.rflags(), engine.gpr(0), engine.get('RIP')]).toEqual([2n | flag, 5n, codeAt + 3n])
  })

  test('a launch that succeeds is not over', () => {
    const { engine, run, retired } = l2(kind, (a) => a.vmlaunch(), { outcome: { kind: 'entered' } }, root)
    expect([run(), engine.get('RIP'), retired()]).toEqual([{ kind: 'waiting' }, codeAt, 0])
  })

  test.for([
    ['VMXON without CR4.VMXE', (a: Assembler) => a.vmxon(mem64(data)), { VMX: 0n, CR4: 0n }, 6],
    ['VMLAUNCH outside VMX operation', (a: Assembler) => a.vmlaunch(), { VMX: 0n, CR4: VMXE }, 6],
    ['VMFUNC in root operation', (a: Assembler) => a.vmfunc(), root, 6],
    ['VMXOFF above CPL 0', (a: Assembler) => a.vmxoff(), { ...root, CPL: 3n }, 13],
    ['VMXON above CPL 0', (a: Assembler) => a.vmxon(mem64(data)), { VMX: 0n, CR4: VMXE, CPL: 3n }, 13],
  ] as const)('%s is an exception', ([_, write, state, vector]) => {
    const { executed, run } = l2(kind, write, {}, state)
    expect(run()).toMatchObject({ kind: 'fault', vector })
    expect(executed).toEqual([])
  })
})

/** EPT over 64 KiB: tables at 8000H, 9000H, A000H and B000H; page n of L2 is page n of L1 unless said otherwise. */
function withEpt(
  kind: keyof typeof kinds,
  write: (a: Assembler) => unknown,
  leaves: Readonly<Record<number, bigint>>,
  { flags = 0n, rights = 7n, full = false, state = {} as State } = {},
) {
  const cpu = l2(kind, write, { full }, { EPTP: 0x8000n | (3n << 3n) | 6n | flags, ...state })
  const put = (at: number, entry: bigint) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, entry, true)
    cpu.engine.writePhysical(at, bytes)
  }
  for (const at of [0x8000, 0x9000, 0xa000]) put(at, BigInt(at + 0x1000) | rights)
  for (let page = 0; page < 16; page += 1) put(0xb000 + page * 8, leaves[page] ?? BigInt(page << 12) | 0x30n | rights)
  return { ...cpu, put }
}

describe.for(['oracle', 'compiled'] as const)('under EPT, by the %s engine,', (kind) => {
  test('memory is where its tables say', () => {
    const { engine, run } = withEpt(kind, (a) => a.mov(mem32(data), eax).mov(ebx, mem32(data)), { 4: 0x6037n })
    engine.setGpr(0, 0x1234_5678n)
    run(2)
    expect([...engine.physical(0x6000)!.subarray(0, 4)]).toEqual([0x78, 0x56, 0x34, 0x12])
    expect([engine.gpr(3), engine.physical(data)![0]]).toEqual([0x1234_5678n, 0])
  })

  test.for([
    ['a store to what may be read', { 4: 0x4035n }, 48, 0x7aan],
    ['a store to nothing', { 4: 0n }, 48, 0x782n],
    ['a store through a wrong entry', { 4: 0x4032n }, 49, 0n],
  ] as const)('%s leaves with what was asked', ([_, leaves, reason, qualification]) => {
    const { engine, run, retired } = withEpt(kind, (a) => a.nop().mov(mem32(data + 8), eax), leaves)
    expect(run(2)).toEqual({ kind: 'fault', vector: secondLevelFault, errorCode: reason })
    const told = (['EPT_ADDRESS', 'EPT_LINEAR', 'EPT_QUALIFICATION'] as const).map((field) => engine.get(field))
    expect(told).toEqual([BigInt(data + 8), BigInt(data + 8), qualification])
    expect([engine.get('RIP'), engine.get('CR2'), retired()]).toEqual([codeAt + 1n, 0n, 1])
  })

  test('so does a fetch', () => {
    const { engine, run } = withEpt(kind, (a) => a.nop(), { 1: 0x1033n })
    expect(run()).toEqual({ kind: 'fault', vector: secondLevelFault, errorCode: 48 })
    expect([engine.get('EPT_ADDRESS'), engine.get('EPT_QUALIFICATION')]).toEqual([codeAt, 0x79cn])
  })

  test('and the delivery of an event', () => {
    const { engine } = withEpt(kind, (a) => a.nop(), { 5: 0n })
    engine.set('IDTR.base', 0x5000n)
    engine.set('IDTR.limit', 0xfffn)
    expect(engine.deliver(0x20, 2, undefined, codeAt)).toMatchObject({ vector: secondLevelFault, errorCode: 48 })
    expect(engine.get('EPT_ADDRESS')).toBe(0x5100n)
  })

  test('what was translated is used until it is forgotten', () => {
    const { engine, run, put } = withEpt(kind, (a) => a.label('on').mov(ebx, mem32(data)).jmp('on'), {})
    engine.useTranslations({ vpid: 1, eptp: engine.get('EPTP') })
    engine.writePhysical(0x6000, Uint8Array.of(0x66))
    run(2)
    put(0xb020, 0x6037n)
    engine.forgetTranslations(({ vpid }) => vpid === 2)
    run(2)
    if (kind === 'compiled') expect(engine.gpr(3)).toBe(0n)
    engine.forgetTranslations(({ vpid }) => vpid === 1, BigInt(data))
    run(2)
    expect(engine.gpr(3)).toBe(0x66n)
  })

  test('what was translated is looked up anew once EPT has refused it', () => {
    const { engine, run, put } = withEpt(
      kind,
      (a) => a.mov(ebx, mem32(data)).mov(mem32(data), eax).mov(edx, mem32(data)),
      { 4: 0x6035n },
    )
    engine.useTranslations({ vpid: 1, eptp: engine.get('EPTP') })
    engine.setGpr(0, 0x99n)
    expect(run(3)).toMatchObject({ vector: secondLevelFault })
    put(0xb020, 0x7037n)
    run(2)
    expect([engine.gpr(2), engine.physical(0x6000)![0], engine.physical(0x7000)![0]]).toEqual([0x99n, 0, 0x99])
  })

  test('the guest’s page tables are looked for where EPT has them now, once what was is forgotten', () => {
    const { engine, run, put } = withEpt(
      kind,
      (a) => a.label('on').mov(ebx, mem32(data)).invlpg(mem8(data)).jmp('on'),
      {},
    )
    const entries = (at: number, page4: number) => {
      const view = new DataView(new ArrayBuffer(16 * 4))
      for (let page = 0; page < 16; page += 1) view.setUint32(page * 4, ((page === 4 ? page4 : page) << 12) | 3, true)
      engine.writePhysical(at, new Uint8Array(view.buffer))
    }
    engine.writePhysical(0xc000, Uint8Array.of(3, 0xd0, 0, 0))
    entries(0xd000, 6)
    entries(0xe000, 7)
    engine.writePhysical(0x6000, Uint8Array.of(0x66))
    engine.writePhysical(0x7000, Uint8Array.of(0x77))
    engine.set('CR3', 0xc000n)
    engine.set('CR0', 0x8000_0031n)
    engine.useTranslations({ vpid: 1, eptp: engine.get('EPTP') })
    run(3)
    put(0xb000 + 0xd * 8, 0xe037n)
    run(3)
    if (kind === 'compiled') expect(engine.gpr(3)).toBe(0x66n)
    engine.forgetTranslations(({ eptp }) => eptp !== 0n)
    run(3)
    expect(engine.gpr(3)).toBe(0x77n)
  })
})

describe.for(['oracle', 'compiled'] as const)('the APIC-access page, by the %s engine,', (kind) => {
  const APIC_ACCESS = BigInt(data | 1)
  const ones = 0xffff_ffffn

  test('is no memory, though some is there', () => {
    const { engine, run } = l2(
      kind,
      (a) => a.mov(mem32(data + 0x20), ebx).mov(eax, mem32(data + 0x20)),
      {},
      { APIC_ACCESS },
    )
    run(2)
    expect([engine.gpr(0), engine.physical(data + 0x20)![0]]).toEqual([ones, 0])
  })

  test('is the page that EPT leads to, wherever from', () => {
    const { engine, run } = withEpt(kind, (a) => a.mov(eax, mem32(0x6020)).mov(ebx, mem32(data)), {
      4: 0x6037n,
      6: 0x4037n,
    })
    engine.set('APIC_ACCESS', APIC_ACCESS)
    engine.writePhysical(0x6000, Uint8Array.of(0x66))
    run(2)
    expect([engine.gpr(0), engine.gpr(3)]).toEqual([ones, 0x66n])
  })

  test('has no page tables of L2’s', () => {
    const { engine, run } = withEpt(kind, (a) => a.nop(), {})
    const state: State = { APIC_ACCESS, CR3: BigInt(data), CR0: 0x8000_0031n }
    for (const [field, value] of Object.entries(state)) engine.set(field as StateField, value)
    engine.useTranslations({ vpid: 1, eptp: engine.get('EPTP') })
    expect(run()).toEqual({ kind: 'fault', vector: secondLevelFault, errorCode: 44 })
    expect(engine.get('EPT_QUALIFICATION')).toBe(0xf000n)
  })
})

describe.for(['oracle', 'compiled'] as const)('with page-modification logging, by the %s engine,', (kind) => {
  const logging = { flags: 0x40n, state: { EPT_CONTROLS: BigInt(eptControls.log) } }
  const stores = (a: Assembler) =>
    a
      .mov(mem32(data + 8), eax)
      .mov(mem32(data), eax)
      .mov(mem32(data + 0x1000), eax)
  const [accessed, dirty] = [0x100, 0x300]
  const flagsOf = (engine: ReturnType<typeof withEpt>['engine'], page: number) => {
    const entry = engine.physical(0xb000 + page * 8)!
    return (entry[0]! | (entry[1]! << 8)) & dirty
  }

  test('a page is logged when it gets dirty, and then no more', () => {
    const { engine, run, logged } = withEpt(kind, stores, {}, logging)
    run(3)
    expect([logged, flagsOf(engine, 4)]).toEqual([[0x4000n, 0x5000n], dirty])
  })

  test('neither is a page that is read, nor one that is dirty', () => {
    const { engine, run, logged } = withEpt(
      kind,
      (a) => a.mov(eax, mem32(data)).mov(mem32(data + 0x1000), eax),
      { 5: 0x5337n },
      logging,
    )
    run(2)
    expect([logged, flagsOf(engine, 4)]).toEqual([[], accessed])
  })

  test('and none without the control, or without the flags', () => {
    const without = withEpt(kind, stores, {}, { flags: 0x40n })
    without.run(3)
    expect([without.logged, flagsOf(without.engine, 4)]).toEqual([[], dirty])
    const unflagged = withEpt(kind, stores, {}, { state: logging.state })
    unflagged.run(3)
    expect([unflagged.logged, flagsOf(unflagged.engine, 4)]).toEqual([[], 0])
  })

  test('a log that is full lets no flag be set, and the instruction not happen', () => {
    const tables = Object.fromEntries([8, 9, 10, 1].map((page) => [page, BigInt(page << 12) | 0x337n]))
    const { engine, run, logged, retired } = withEpt(kind, stores, tables, { ...logging, full: true })
    for (const at of [0x8000, 0x9000, 0xa000]) engine.writePhysical(at + 1, Uint8Array.of(((at + 0x1000) >> 8) | 1))
    expect(run(3)).toEqual({ kind: 'fault', vector: secondLevelFault, errorCode: 62 })
    expect([logged, flagsOf(engine, 4), retired(), engine.get('EPT_QUALIFICATION')]).toEqual([[], 0, 0, 0n])
  })

  test('what is dirty already needs no room', () => {
    const leaves = Object.fromEntries([1, 4, 5].map((page) => [page, BigInt(page << 12) | 0x337n]))
    const { engine, run, retired } = withEpt(kind, stores, leaves, { ...logging, full: true })
    for (const at of [0x8000, 0x9000, 0xa000]) engine.writePhysical(at + 1, Uint8Array.of(((at + 0x1000) >> 8) | 1))
    run(3)
    expect(retired()).toBe(3)
  })
})

describe.for(['oracle', 'compiled'] as const)('with execution by mode, by the %s engine,', (kind) => {
  const byMode: State = { EPT_CONTROLS: BigInt(eptControls.modeBasedExecute) }
  const jumps = (a: Assembler) => a.mov(eax, 0x5000).jmp(eax)
  /** 32-bit paging, whose table at D000H has pages of users, but for page 5. */
  const paged = (user: boolean, leaf: bigint, cpl = 0n) => {
    const cpu = withEpt(kind, jumps, { 5: leaf }, { rights: 0x407n, state: { ...byMode, CPL: cpl } })
    const view = new DataView(new ArrayBuffer(64))
    for (let page = 0; page < 16; page += 1)
      view.setUint32(page * 4, (page << 12) | (page === 5 && !user ? 0x63 : 0x67), true)
    cpu.engine.writePhysical(0xc000, Uint8Array.of(0x27, 0xd0, 0, 0))
    cpu.engine.writePhysical(0xd000, new Uint8Array(view.buffer))
    cpu.engine.writePhysical(0x5000, Uint8Array.of(0x90))
    cpu.engine.set('CR3', 0xc000n)
    cpu.engine.set('CR0', 0x8000_0031n)
    cpu.engine.modeChanged()
    return cpu
  }

  test.for([
    ['a page of users', true, 0x5437n & ~4n, 0n],
    ['a page of users, at CPL 3', true, 0x5437n & ~4n, 3n],
    ['a page of supervisors', false, 0x5037n, 0n],
  ] as const)('code is fetched from %s by the bit for it', ([_, user, leaf, cpl]) => {
    const { run, retired } = paged(user, leaf, cpl)
    run(3)
    expect(retired()).toBe(3)
  })

  test.for([
    ['a page of users', true, 0x5037n, 0n, 0x7bcn],
    ['a page of users, at CPL 3', true, 0x5037n, 3n, 0x7bcn],
    ['a page of supervisors', false, 0x5437n & ~4n, 0n, 0x5dcn],
  ] as const)('and from %s by no other', ([_, user, leaf, cpl, qualification]) => {
    const { engine, run, retired } = paged(user, leaf, cpl)
    expect([run(3), retired()]).toEqual([{ kind: 'fault', vector: secondLevelFault, errorCode: 48 }, 2])
    expect([engine.get('EPT_LINEAR'), engine.get('EPT_QUALIFICATION')]).toEqual([0x5000n, qualification])
  })

  test('what users may execute is there, though nothing else is let through', () => {
    const { engine, run } = withEpt(
      kind,
      (a) => a.mov(eax, mem32(data)),
      { 4: 0x4430n },
      { rights: 0x407n, state: byMode },
    )
    expect(run()).toMatchObject({ errorCode: 48 })
    expect([engine.get('EPT_QUALIFICATION'), engine.get('EPT_ENTRY')]).toEqual([0x7c1n, 0x4430n])
    const wrong = withEpt(kind, (a) => a.mov(eax, mem32(data)), { 4: 0x4438n }, { rights: 0x407n, state: byMode })
    expect(wrong.run()).toMatchObject({ errorCode: 49 })
  })

  test('without it that bit is nothing', () => {
    const { engine, run } = withEpt(kind, jumps, { 5: 0x5433n })
    expect(run(3)).toMatchObject({ errorCode: 48 })
    expect(engine.get('EPT_QUALIFICATION')).toBe(0x79cn)
  })
})

describe.for(['oracle', 'compiled'] as const)('FS as a VM exit leaves it to L1, by the %s engine,', (kind) => {
  /** Flat code and data of CPL 3, at selectors 8 and 10H. */
  const descriptors = [0n, 0x00cf_fb00_0000_ffffn, 0x00cf_f300_0000_ffffn]

  test.for([
    ['null, with rights, keeps its base', 0n, 0x1234_5000n],
    ['of CPL 0 does not', 0x18n, 0n],
  ] as const)('%s behind IRET to CPL 3', ([_, selector, base]) => {
    const { engine, run } = l2(kind, (a) => a.iretd(), {}, { VMX: 1n })
    const put = (at: number, values: readonly bigint[], bytes: 4 | 8) => {
      const view = new DataView(new ArrayBuffer(values.length * bytes))
      for (const [index, value] of values.entries())
        bytes === 8 ? view.setBigUint64(index * 8, value, true) : view.setUint32(index * 4, Number(value), true)
      engine.writePhysical(at, new Uint8Array(view.buffer))
    }
    put(0x2000, descriptors, 8)
    put(data, [0x1500n, 0xbn, 2n, 0x8000n, 0x13n], 4)
    const state: State = { 'GDTR.base': 0x2000n, 'GDTR.limit': 0x17n, 'FS.selector': selector, 'FS.base': 0x1234_5000n }
    for (const [field, value] of Object.entries(state)) engine.set(field as StateField, value)
    engine.setGpr(4, BigInt(data))
    run()
    expect([engine.get('CPL'), engine.get('FS.selector'), engine.get('FS.base')]).toEqual([3n, 0n, base])
  })
})
