import { type CodeSize, createDecoded, type Decoded } from '@vmm/x86-decoder'
import { describe, expect, test } from 'vitest'
import { decode } from '../src/decoder.ts'
import { GuestMachine } from '../src/guest-machine.ts'
import type { Shape } from '../src/handler-table.ts'
import type { Engine } from '../src/index.ts'
import { passingRecord } from '../src/interpreter/pass.ts'
import { builtIn } from '../src/interpreter/run.ts'
import { memoryMap } from '../src/memory-map.ts'
import { modeWord } from '../src/mode-word.ts'
import { knownAtMost, Templates } from '../src/passing/templates.ts'
import { fillEscape, fillRecord } from '../src/shapes.ts'
import { at, inRecord, recordBytes } from '../src/state-layout.ts'
import { hlt, identityMapped, leftBy, random, scatter, sumOf } from './scattered.ts'

const place = { code: 0x1_0000, written: 0x2_0000, data: 0x3_0000, bytes: 0x4_0000 } as const

const machine = (long: boolean, counts: 'nothing' | 'handlers' = 'nothing'): Engine =>
  identityMapped(long, { counts, hot: false })

const modes = [
  ['64-bit code', true, 64],
  ['32-bit code', false, 32],
] as const

/** Bytes of every opcode with prefixes, and whatever may follow. */
function* encodings(codeSize: CodeSize, next: () => number): Generator<Uint8Array> {
  const rex = codeSize === 64 ? [[0x41], [0x48], [0x4d], [0x66, 0x48], [0xf3, 0x45]] : []
  const prefixes = [[], [], [0x66], [0xf2], [0xf3], [0xf0], [0x65], [0x2e, 0x66], [0x67], ...rex]
  const maps = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]]
  for (const prefix of prefixes)
    for (const map of maps)
      for (let opcode = 0; opcode < 256; opcode += 1)
        for (const forms of [0x00, 0x40, 0x80, 0xc0]) {
          const tail = Array.from({ length: 15 }, () => (next() & 3 ? next() & 0xff : 0x80))
          tail[0] = forms | (next() & 0x3f)
          yield Uint8Array.from([...prefix, ...map, opcode, ...tail])
        }
}

/** What emitted code makes of the instruction at a host address: its record and the one behind it; undefined where it leaves that to others. */
function decoder(long: boolean) {
  const guest = new GuestMachine({ slots: [{ address: 0, bytes: place.bytes }] })
  const { cpu, buffer } = guest.place()
  const { entry, handlers } = guest.interpreter
  const size = long ? 64 : 32
  const word = modeWord({ execution: long ? 'long' : 'protected', codeSize: size, stackSize: size, user: false })
  const slots = new Map<Shape, number>()
  const slotOf = (shape: Shape): number => {
    slots.set(shape, slots.get(shape) ?? slots.size)
    return slots.get(shape)!
  }
  const bytes = new Uint8Array(buffer)
  const view = new DataView(buffer)
  const passing = new Templates({
    map: memoryMap.passing!,
    bytes,
    handlers: {
      described: (decoded) => handlers.described(decoded),
      shape: (...asked) => handlers.shape(...asked),
      slot: slotOf,
      // nothing is run
      flush: () => {},
    },
  })
  const shapeOf = (decoded: Decoded) => handlers.shape(decoded, word, () => '')
  const records = (host: number): Uint8Array | undefined => {
    if (entry.pass(cpu, host, word) === 0) {
      if (view.getUint32(cpu + at.unknownHead, true) !== host) return undefined
      view.setUint32(cpu + at.unknownHead, 0, true)
      passing.learn(host, word)
      if (entry.pass(cpu, host, word) === 0) return undefined
    }
    return bytes.slice(cpu + passingRecord, cpu + passingRecord + 2 * recordBytes)
  }
  return { bytes, passing, records, shapeOf, slotOf }
}

/** The same by the decoder, as blocks have it. */
function expected(decoded: Decoded, shape: Shape, slot: number, bytes: Uint8Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * recordBytes))
  fillRecord(view, 0, decoded, 0)
  if (shape.isOfX87) fillEscape(view, 0, bytes.subarray(0, decoded.length))
  view.setUint16(inRecord.handler, slot, true)
  view.setUint16(inRecord.next, decoded.length, true)
  view.setUint16(recordBytes + inRecord.handler, shape.ends ? builtIn.endOfBlock : builtIn.pass, true)
  view.setUint16(recordBytes + inRecord.offset, decoded.length, true)
  return new Uint8Array(view.buffer)
}

describe.for(modes)('in %s', ([, long, codeSize]) => {
  test('what emitted code decodes is what the decoder says, whatever the opcode', () => {
    const { bytes, records, shapeOf, slotOf } = decoder(long)
    const decoded = createDecoded()
    const host = memoryMap.memoryBase + place.written
    let [decodable, passed] = [0, 0]
    for (const encoding of encodings(codeSize, random(codeSize))) {
      bytes.set(encoding, host)
      const found = records(host)
      if (decode(encoding, 0, encoding.length, codeSize, decoded) === undefined) decodable += 1
      else expect(found).toBeUndefined()
      if (found === undefined) continue
      passed += 1
      const shape = shapeOf(decoded)!
      if (!same(found, expected(decoded, shape, slotOf(shape), encoding)))
        expect.fail(`${decoded.mnemonic} ${Buffer.from(encoding).toString('hex')}`)
    }
    expect(passed).toBeGreaterThan(decodable * 0.7)
  })

  test('an instruction that leaves its page is left to others', () => {
    const { bytes, records } = decoder(long)
    const end = memoryMap.memoryBase + place.written + 4096
    // ADD EAX, imm32
    bytes.set([0x05, 1, 2, 3, 4, 0x05, 1, 2, 3, 4], end - 5)
    expect(records(end - 5)).toBeDefined()
    for (let inside = 1; inside < 5; inside += 1) {
      bytes.set([0x05, 1, 2, 3, 4], end - inside)
      expect(records(end - inside)).toBeUndefined()
    }
  })

  test('however many heads a guest puts together, no more are kept than a program has', () => {
    const { bytes, passing, records } = decoder(long)
    const host = memoryMap.memoryBase + place.written
    const prefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0xf0, 0xf2, 0xf3]
    let most = 0
    for (let head = 0; head < 10 ** 5; head += 1) {
      bytes.set(
        [...[10_000, 1000, 100, 10, 1].map((place) => prefixes[Math.floor(head / place) % 10]!), 0x01, 0x08],
        host,
      )
      records(host)
      most = Math.max(most, passing.known)
    }
    expect(most).toBe(knownAtMost)
    expect(passing.known).toBeLessThan(knownAtMost)
    // ADD EAX, ECX is as well known as before
    bytes.set([0x01, 0xc8], host)
    expect(records(host)).toBeDefined()
  })

  test('prefixes without end are left to others', () => {
    const { bytes, records } = decoder(long)
    const host = memoryMap.memoryBase + place.written
    bytes.fill(0x66, host, host + 4096)
    expect(records(host)).toBeUndefined()
  })
})

/** A guest stores code into a page and runs it, up to a HLT or a fault: everything that came of it. */
function outcome(engine: Engine, code: readonly number[], seed: number, slice: number): unknown {
  engine.writePhysical(place.written, Uint8Array.of(...code, hlt))
  // MOV [written + FFFH], AL makes it a page that is stored to; then there
  const store = engine.codeMode().codeSize === 64 ? [0x88, 0x04, 0x25] : [0x88, 0x05]
  const distance = place.written - (place.code + store.length + 4 + 5)
  const begin = [...store, ...fourOf(place.written + 0xfff), jumpNear, ...fourOf(distance)]
  engine.writePhysical(place.code, Uint8Array.of(...begin))
  scatter(engine, place, seed)
  const from = engine.retired()
  let stop = engine.run(slice)
  while (stop.kind === 'events' || (stop.kind === 'budget' && engine.retired() - from < 100)) stop = engine.run(slice)
  return {
    stop,
    retired: engine.retired() - from,
    ...leftBy(engine, place.data),
    code: sumOf(engine.physical(place.written)!.subarray(0, 0xff0)),
  }
}

const jumpNear = 0xe9
const fourOf = (value: number): readonly number[] => [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff)

/** ADD EAX, imm32; MOV [ESI + 8], EAX; IMUL ECX, EAX, 3; PUSH RBX; LEA EDX, [EAX + ECX * 4 + 7]; XCHG EBX, ECX; POP RBP; SHLD EDX, EAX, 5. */
const plain = (immediate: number): readonly number[] => [
  ...[0x05, ...fourOf(immediate), 0x89, 0x46, 8, 0x6b, 0xc8, 3, 0x53, 0x8d, 0x54, 0x88, 7],
  ...[0x87, 0xd9, 0x5d, 0x0f, 0xa4, 0xc2, 5],
]

/** Instructions that are likely to be taken one after the other: most have registers and memory in all forms, and none is a REP. */
function* streams(codeSize: CodeSize): Generator<readonly number[]> {
  const next = random(codeSize + 7)
  const decoded = createDecoded()
  for (let count = 0; count < 120; ) {
    const code: number[] = []
    while (code.length < 40) {
      const rex = codeSize === 64 && next() & 1 ? [0x40 | (next() & 15)] : []
      const bytes = [...rex, ...(next() & 3 ? [] : [0x0f]), ...Array.from({ length: 14 }, () => next() & 0xff)]
      if (decode(Uint8Array.from(bytes), 0, bytes.length, codeSize, decoded) !== undefined || decoded.rep !== 'none')
        continue
      // what comes of time and of chance differs
      if (/^(RD|LOOP|SYS|ST|CLI)/.test(decoded.mnemonic)) continue
      code.push(...bytes.slice(0, decoded.length))
    }
    count += 1
    yield code
  }
}

describe.for(modes)('code that was just written, in %s,', ([, long, codeSize]) => {
  test('is not kept until it is met again', () => {
    const engine = machine(long)
    const kept = () => engine.machine.statistics().blocksDecoded
    const first = outcome(engine, plain(1), 1, 100)
    // of the code that stores and jumps, which is written anew each time
    expect(kept()).toBe(1)
    for (let other = 2; other < 20; other += 1) outcome(engine, plain(other), 1, 100)
    expect(kept()).toBe(19)
    expect(outcome(engine, plain(1), 1, 100)).toEqual(first)
    expect(kept()).toBe(21)
  })

  test.for([1, 3, 100])('does what it does as a block, at most %d at a time', (slice) => {
    const [passing, kept] = [machine(long), machine(long, 'handlers')]
    for (const [seed, code] of [...streams(codeSize)].entries())
      expect(outcome(passing, code, seed, slice)).toEqual(outcome(kept, code, seed, slice))
    const decoded = [passing, kept].map((engine) => engine.machine.statistics().blocksDecoded)
    if (slice > 1) expect(decoded[0]).toBeLessThan(decoded[1]! * 0.7)
  })

  test('stores over what comes next, and runs that', () => {
    const engine = machine(long)
    // MOV BYTE [RIP + 2 or written + ...], 2 over the immediate of MOV EAX, 1
    const to = place.written + 8
    const store = long ? [0xc6, 0x04, 0x25, ...fourOf(to + 1), 2] : [0xc6, 0x05, ...fourOf(to + 1), 2, 0x90]
    outcome(engine, [...store, 0xb8, ...fourOf(1)], 1, 100)
    expect(engine.gpr(0)).toBe(2n)
  })
})

const same = (one: Uint8Array, other: Uint8Array): boolean => one.every((byte, index) => byte === other[index])
