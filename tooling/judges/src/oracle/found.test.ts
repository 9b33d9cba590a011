import { describe, expect, test } from 'vitest'
import { travel } from './cross-check.ts'
import { region } from './image.ts'
import { at } from './layout.ts'
import { EngineSubject, OracleSubject } from './subjects.ts'
import { bench, lastTable, type Piece } from './workbench.ts'

/* What the cross-check has found, one case each, with the manual's answer. */

const [RAX, RCX, RBX, RSP, RSI, RDI] = [0, 1, 3, 4, 6, 7] as const
const page = 0x1000
const nop = 0x90
const general = { kind: 'fault', vector: 13, errorCode: 0 } as const

/** The entry of a page of the long mode. */
const entryOf = (linear: number): number => lastTable + (linear / page) * 8
const absent = (linear: number) => [entryOf(linear), [0, 0, 0, 0, 0, 0, 0, 0]] as const

/** #UD, whose handler has a 32-bit gate, with so much of a 16-bit stack; of 32 pages the one behind 64 KiB is missing. */
function handledThrough16BitStack(stackPointer: bigint): Piece {
  const [pages, missing] = [32, 0x10] as const
  const words = (...values: number[]): number[] => [...new Uint8Array(Uint32Array.from(values).buffer)]
  const entries = Array.from({ length: pages }, (_, index) => (index === missing ? 0 : (index * page) | 3))
  return {
    mode: 'protected',
    code: [0x0f, 0x0b],
    fields: {
      CR0: 0x8000_0011n,
      CR3: BigInt(at.tables),
      'SS.access': 0x93n,
      'GDTR.base': BigInt(at.gdt),
      'GDTR.limit': 0xffn,
      'IDTR.base': BigInt(at.idt),
      'IDTR.limit': 0xffn,
    },
    gprs: { [RSP]: stackPointer },
    memory: [
      [at.tables, words((at.tables + page) | 3)],
      [at.tables + page, words(...entries)],
      [at.gdt + 8, words(0xffff, 0xcf_9b00)],
      [at.idt + 6 * 8, words(0x8_0000 | at.code, 0x8e00)],
    ],
  }
}

describe.for(['oracle', 'engine'] as const)('the %s', (name) => {
  const subject = name === 'oracle' ? new OracleSubject() : new EngineSubject()
  const load = (piece: Piece) => subject.load(bench(piece))
  const byte = (address: number) => subject.memory(region.memory)[address]
  const accessed = (linear: number) => (subject.memory(region.tables)[entryOf(linear) - at.tables]! & 0x20) !== 0

  test('pushes nothing of a frame of which one slot, astride the end of a 16-bit stack, is in no page', () => {
    // the first slot ends at the beginning of memory, the second one begins at the end of 64 KiB
    const image = bench(handledThrough16BitStack(6n))
    const before = image.memory[region.memory]!.slice(0, 16)
    subject.load(image)
    expect(travel(subject, 2).stops.at(-1)).toBe('not delivered: exception 14 (2), CR2 10000')
    expect(subject.memory(region.memory).subarray(0, 16)).toEqual(before)
  })

  test('does not fetch an instruction before it is its turn', () => {
    load({ mode: 'long', rip: at.code + page - 1, code: [nop], memory: [absent(at.code + page)] })
    expect(subject.run(1).kind).toBe('budget')
    expect(subject.run(1)).toMatchObject({ kind: 'fault', vector: 14, errorCode: 0x10 })
  })

  test('touches the next page only for an instruction that reaches it', () => {
    load({ mode: 'long', rip: at.code + page - 2, code: [0xff, 0xc0, nop] })
    subject.run(1)
    expect([accessed(at.code), accessed(at.code + page)]).toEqual([true, false])
    load({ mode: 'long', rip: at.code + page - 1, code: [0xff, 0xc0] })
    subject.run(1)
    expect(accessed(at.code + page)).toBe(true)
  })

  test('refuses code at and across the limit of its segment', () => {
    const fields = { 'CS.limit': BigInt(at.code + 2) }
    load({ mode: 'protected', code: [nop, nop, nop, nop], fields })
    expect(subject.run(4)).toMatchObject({ ...general })
    expect(subject.get('RIP')).toBe(BigInt(at.code + 3))
    load({ mode: 'protected', code: [nop, 0x81, 0xc0, 1, 0, 0, 0], fields })
    expect(subject.run(4)).toMatchObject({ ...general })
    expect(subject.get('RIP')).toBe(BigInt(at.code + 1))
  })

  test('goes on past 64 KiB in 16-bit code whose segment is larger', () => {
    load({ mode: 'protected', rip: 0xffff, code: [nop, nop], fields: { 'CS.access': 0x809bn } })
    expect(subject.run(2).kind).toBe('budget')
    expect(subject.get('RIP')).toBe(0x1_0001n)
  })

  test('refuses code past 64 KiB in real mode', () => {
    load({ mode: 'real', rip: 0xffff, code: [nop, nop] })
    expect(subject.run(1).kind).toBe('budget')
    expect(subject.run(1)).toMatchObject({ ...general })
  })

  test('stores through CS in real mode', () => {
    load({ mode: 'real', code: [0x2e, 0xc6, 0x06, 0x00, 0xc0, 0x77] })
    expect(subject.run(1).kind).toBe('budget')
    expect(byte(0xc000)).toBe(0x77)
  })

  test('adds to what a ROM holds, and tells the bus of the sum', () => {
    load({ mode: 'protected', code: [0xfe, 0x00], gprs: { [RAX]: BigInt(at.rom) }, memory: [[at.rom, [0x41]]] })
    expect(subject.run(1).kind).toBe('budget')
    expect(subject.asked).toEqual([`store ${at.rom} 1 66 at 0`])
    expect(subject.memory(region.rom)[0]).toBe(0x41)
  })

  test('moves strings around the end of 64 KiB', () => {
    const memory = [[0x4000, [1, 2, 3, 4]]] as const
    const gprs = { [RCX]: 4n, [RSI]: 0x4000n, [RDI]: 0xfffen }
    load({ mode: 'real', code: [0xf3, 0xa4], gprs, memory, fields: { 'ES.base': 0x800n } })
    expect(subject.run(4).kind).toBe('budget')
    expect([0x107fe, 0x107ff, 0x800, 0x801].map(byte)).toEqual([1, 2, 3, 4])
    expect(subject.gpr(RDI)).toBe(2n)
  })

  test('stops filling where the segment ends', () => {
    const fields = { 'ES.limit': BigInt(at.data + 2) }
    const gprs = { [RAX]: 0x55n, [RCX]: 8n, [RDI]: BigInt(at.data) }
    load({ mode: 'protected', code: [0xf3, 0xaa], gprs, fields })
    expect(subject.run(8)).toMatchObject({ ...general })
    expect([0, 1, 2, 3].map((offset) => byte(at.data + offset))).toEqual([0x55, 0x55, 0x55, 0])
    expect(subject.gpr(RCX)).toBe(5n)
  })

  test('runs what a string instruction has written behind itself', () => {
    // MOVSB turns the INC ECX behind it into INC EAX
    const gprs = { [RSI]: BigInt(at.data), [RDI]: BigInt(at.code + 1) }
    load({ mode: 'protected', code: [0xa4, 0x41, nop], gprs, memory: [[at.data, [0x40]]] })
    expect(subject.run(3).kind === 'fault').toBe(false)
    while (subject.retired() < 3) subject.run(3 - subject.retired())
    expect([subject.gpr(RAX), subject.gpr(RCX)]).toEqual([1n, 0n])
  })

  test('writes no part of a frame that does not fit', () => {
    const gate = [0x00, 0x88, 0x08, 0x00, 0x00, 0x8e, 0x00, 0x00]
    const code = [0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0]
    const memory = [
      [at.idt + 13 * 8, gate],
      [at.gdt + 8, code],
      [at.data, [1, 2, 3, 4]],
    ] as const
    const tables = {
      'GDTR.base': BigInt(at.gdt),
      'GDTR.limit': 0xffn,
      'IDTR.base': BigInt(at.idt),
      'IDTR.limit': 0x7ffn,
    }
    // the limit lets three words in and not the error code
    const fields = { ...tables, 'SS.access': 0xc097n, 'SS.limit': BigInt(at.data + 3) }
    load({ mode: 'protected', code: [nop], gprs: { [RSP]: BigInt(at.data + 16) }, memory, fields })
    expect(subject.deliver(13, 0, 0, BigInt(at.code))?.vector).toBe(12)
    expect([0, 4, 8, 12].map((offset) => byte(at.data + offset))).toEqual([1, 0, 0, 0])
    expect(subject.gpr(RSP)).toBe(BigInt(at.data + 16))
  })

  test('refuses what runs out of the canonical addresses before it looks for pages', () => {
    // FNSTENV of 28 bytes, the last of which are beyond
    load({ mode: 'long', code: [0xd9, 0x33], gprs: { [RBX]: 0x7fff_ffff_fff0n } })
    expect(subject.run(1)).toMatchObject({ ...general })
  })

  test('stores nothing of a pseudo-descriptor that lies askew', () => {
    const user = { CPL: 3n, CR0: 0x4_0011n, 'CS.access': 0xc0fbn, 'SS.access': 0xc0f3n, 'DS.access': 0xc0f3n }
    const memory = [[at.data, [1, 2, 3, 4]]] as const
    load({
      mode: 'protected',
      code: [0x0f, 0x01, 0x08],
      gprs: { [RAX]: BigInt(at.data) },
      rflags: 0x4_0002n,
      fields: user,
      memory,
    })
    expect(subject.run(1)).toMatchObject({ kind: 'fault', vector: 17, errorCode: 0 })
    expect([0, 1, 2, 3].map((offset) => byte(at.data + offset))).toEqual([1, 2, 3, 4])
  })

  test('sees descriptor tables above 4 GiB in their low 32 bits outside IA-32e mode', () => {
    const fields = { 'GDTR.base': 0x1_0000_0000n + BigInt(at.gdt), 'GDTR.limit': 0xffn }
    const memory = [[at.gdt + 16, [0xff, 0xff, 0, 0x10, 0, 0x93, 0xcf, 0]]] as const
    load({ mode: 'protected', code: [0x8e, 0xd8], gprs: { [RAX]: 16n }, memory, fields })
    expect(subject.run(1).kind).toBe('budget')
    expect(subject.get('DS.base')).toBe(0x1000n)
  })

  test('checks all 512 bytes that FXSAVE stores', () => {
    const fields = { 'DS.limit': BigInt(at.data + 0x1fe) }
    load({ mode: 'protected', code: [0x0f, 0xae, 0x00], gprs: { [RAX]: BigInt(at.data) }, fields })
    expect(subject.run(1)).toMatchObject({ ...general })
  })
})
