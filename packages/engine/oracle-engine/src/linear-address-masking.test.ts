import { Engine, GuestMachine } from '@vmm/wasm-engine'
import {
  type Assembler,
  assembler,
  cr3,
  cr4,
  dr0,
  dr7,
  eax,
  ebx,
  ecx,
  mem8,
  mem64,
  r8,
  r9,
  rax,
  rbx,
  rdx,
  rsi,
} from '@vmm/x86-assembler'
import { nobodyAround } from '@vmm/x86-semantics'
import { beforeEach, describe, expect, test } from 'vitest'
import { OracleEngine } from './index.ts'

const slots = [{ address: 0, bytes: 0x20_0000 }] as const
/** Nobody is asked anything. */
const ports = nobodyAround as ConstructorParameters<typeof OracleEngine>[0]['ports']
const kinds = {
  oracle: () => new OracleEngine({ machine: new GuestMachine({ slots }), ports }),
  cold: () => new Engine({ slots, ports }),
  hot: () => new Engine({ slots, ports, hot: { threshold: 0 } }),
} as const

/** Two halves of addresses: the upper one is a picture of the lower. */
const at = {
  pml4: 0x1000,
  pdpt: 0x2000,
  directory: 0x3000,
  large: 0x4000,
  pages: 0x5000,
  code: 0x1_0000,
  data: 0x2_8000,
} as const
const [u57, u48, keeps] = [1n << 61n, 1n << 62n, 1n << 63n]
const base = BigInt(at.pml4)
const [present, all, global] = [1n, 3n, 0x100n]
const data = BigInt(at.data)
const tagged = data | (0x2an << 57n)
const [PAE, PGE, PCIDE, LAM_SUP] = [1n << 5n, 1n << 7n, 1n << 17n, 1n << 28n]
const flatCode = 0xa09bn
const flatData = 0xc093n
const budget = 1000

describe.for(Object.keys(kinds) as (keyof typeof kinds)[])('on the %s engine', (kind) => {
  let engine: Engine | OracleEngine
  /** Breakpoints, as bits of DR6. */
  let met = 0

  beforeEach(() => {
    met = 0
    engine = kinds[kind]()
    const put = (address: number, ...values: readonly bigint[]) =>
      engine.writePhysical(address, new Uint8Array(BigUint64Array.from(values).buffer))
    put(at.pml4, BigInt(at.pdpt) | all)
    put(at.pml4 + 256 * 8, BigInt(at.pdpt) | all)
    put(at.pdpt, BigInt(at.directory) | all)
    put(at.directory, BigInt(at.pages) | all)
    put(at.pages, ...Array.from({ length: 512 }, (_, page) => BigInt(page * 0x1000) | all | global))
    put(at.data, 0x1111n)
  })

  /** 64-bit code at CPL 0, until HLT or a fault. */
  function run(write: (a: Assembler) => void, cr3Before: bigint = base, cr4Before: bigint = PAE | PGE | PCIDE) {
    const a = assembler({ origin: at.code, codeSize: 64 })
    write(a.label('start'))
    engine.writePhysical(at.code, a.hlt().finish().bytes)
    const fields = {
      ...{ CR0: 0x8001_0033n, CR3: cr3Before, CR4: cr4Before, IA32_EFER: 0xd01n, CPL: 0n },
      ...{ CR4_ALLOWED: 0x107f_ffffn, PHYSICAL_MASK: (1n << 46n) - 1n, RIP: BigInt(at.code) },
      ...{ 'CS.access': flatCode, 'SS.access': flatData, 'DS.access': flatData, 'ES.access': flatData },
    } as const
    for (const [name, value] of Object.entries(fields)) engine.set(name as keyof typeof fields, value)
    engine.flushTranslations()
    for (let left = budget; left > 0; left -= 1) {
      const stop = engine.run(budget)
      met |= engine.takeDebugHits()
      if (stop.kind !== 'budget' && stop.kind !== 'events') return stop
    }
    throw new Error('no end')
  }

  const refused = { kind: 'fault', vector: 13, errorCode: 0 }
  const stopped = { kind: 'exit', reason: 'hlt' }
  const rbxOf = () => engine.gpr(3)

  test('a pointer is not found with its metadata once a CR3 without masking keeps translations', () => {
    const stop = run(
      (a) =>
        a
          .mov(rax, tagged)
          .mov(rbx, mem64({ base: rax }))
          .mov(rdx, base | keeps)
          .mov(cr3, rdx)
          .mov(rbx, mem64({ base: rax })),
      base | u57,
    )
    expect([stop, rbxOf()]).toMatchObject([refused, 0x1111n])
  })

  test('bits that only LAM_U48 masks are none of LAM_U57’s', () => {
    const lower = data | (1n << 50n)
    const stop = run(
      (a) =>
        a
          .mov(rax, lower)
          .mov(rbx, mem64({ base: rax }))
          .mov(rdx, base | u57 | u48 | keeps)
          .mov(cr3, rdx)
          .mov(ebx, 0)
          .mov(rbx, mem64({ base: rax })),
      base | u48,
    )
    expect([stop, rbxOf()]).toMatchObject([refused, 0n])
  })

  test('pointers of the supervisor are masked by CR4.LAM_SUP, until it is cleared', () => {
    const upper = (data | (0xffffn << 48n) | (1n << 47n)) & ~(0x15n << 57n)
    const stop = run(
      (a) =>
        a
          .mov(rax, upper)
          .mov(rbx, mem64({ base: rax }))
          .mov(rdx, cr4)
          .btr(rdx, 28)
          .mov(cr4, rdx)
          .mov(rbx, mem64({ base: rax })),
      base,
      PAE | PGE | PCIDE | LAM_SUP,
    )
    expect([stop, rbxOf()]).toMatchObject([refused, 0x1111n])
  })

  test.each(['4 KiB', '2 MiB'])('INVLPG of the address without metadata forgets a page of %s with any', (size) => {
    const place = size === '4 KiB' ? at.pages + (at.data >> 12) * 8 : at.directory
    const none = size === '4 KiB' ? 0x2_9000n | all : 0x80n | all
    if (size === '2 MiB') engine.writePhysical(at.directory, new Uint8Array(BigUint64Array.of(0x80n | all).buffer))
    const gone = size === '4 KiB' ? none : 0x80n | (all & ~present)
    const stop = run(
      (a) =>
        a
          .mov(rax, tagged)
          .mov(rbx, mem64({ base: rax }))
          .mov(rdx, gone)
          .mov(mem64(place), rdx)
          .mov(rsi, data)
          .invlpg(mem8({ base: rsi }))
          .mov(rbx, mem64({ base: rax })),
      base | u57,
    )
    if (size === '4 KiB') expect([stop, rbxOf()]).toMatchObject([stopped, 0n])
    // with it goes the page of the code
    else expect(stop).toMatchObject({ kind: 'fault', vector: 14 })
  })

  test('loops load and store by pointers with metadata as by others', () => {
    const stop = run(
      (a) =>
        a
          .mov(rax, tagged)
          .mov(r8, data)
          .mov(r9, (data | (0x15n << 57n)) + 8n)
          .mov(ecx, 200)
          .label('again')
          .mov(rbx, mem64({ base: rax }))
          .inc(mem64({ base: r8 }))
          .add(mem64({ base: r9 }), rbx)
          .dec(ecx)
          .jnz('again')
          .mov(rbx, mem64({ base: r9 })),
      base | u57,
    )
    const sum = Array.from({ length: 200 }, (_, index) => 0x1111n + BigInt(index)).reduce((a, b) => a + b)
    expect([stop, rbxOf()]).toMatchObject([stopped, sum])
  })

  test('a data breakpoint is met by a pointer with metadata', () => {
    run(
      (a) =>
        a
          .mov(rdx, data)
          .mov(dr0, rdx)
          .mov(eax, 0x000f_0402)
          .mov(dr7, rax)
          .mov(rax, tagged)
          .mov(mem64({ base: rax }), rax),
      base | u57,
    )
    expect(met).toBe(1)
  })
})
