import { type CodeSize, createDecoded } from '@vmm/x86-decoder'
import { describe, expect, test } from 'vitest'
import { decode } from '../src/decoder.ts'
import { GuestMachine } from '../src/guest-machine.ts'
import { memoryMap } from '../src/memory-map.ts'
import { modeWord } from '../src/mode-word.ts'
import { blockHeadBytes, inBlock, longestBlock, recordBytes } from '../src/state-layout.ts'
import { random } from './scattered.ts'

const modes = [
  ['64-bit code', 'long', 64],
  ['32-bit code', 'protected', 32],
] as const

/** Where code is in guest memory, which is three pages: another one follows. */
const codeAt = 0x1000

/** Blocks that are written of code at `codeAt`, and how many instructions of them emitted code knows. */
function writer(execution: 'long' | 'protected', codeSize: CodeSize) {
  const guest = new GuestMachine({ slots: [{ address: 0, bytes: 0x3000 }] })
  const { buffer } = guest.place()
  const { blocks, interpreter } = guest
  const [bytes, view] = [new Uint8Array(buffer), new DataView(buffer)]
  const word = modeWord({ execution, codeSize, stackSize: 32, user: false })
  const host = memoryMap.memoryBase + codeAt
  const block = memoryMap.blocks.from
  const store = (code: readonly number[], at = 0) => bytes.set(code, host + at)
  const write = (at = 0) => {
    bytes.fill(0, block, block + blockHeadBytes + (longestBlock + 1) * recordBytes)
    const size = blocks.write(block, host + at, host + 0x1000, word, longestBlock, true)
    const count = view.getUint32(block + inBlock.count, true)
    const written = bytes.slice(block, block + blockHeadBytes + (count + 1) * recordBytes)
    return { size, count, written: Buffer.from(written).toString('hex') }
  }
  /** The same by the decoder alone. */
  const decoded = (at = 0) => {
    const { templates } = blocks
    blocks.templates = undefined
    const written = write(at)
    blocks.templates = templates
    return written
  }
  const known = () => interpreter.entry.draft(host, word, block, 0, 0)
  return { store, write, decoded, known }
}

/** Instructions one after the other, of every kind that follows from chance. */
function* streams(codeSize: CodeSize, seed: number): Generator<readonly number[]> {
  const next = random(seed)
  const decoded = createDecoded()
  for (let count = 0; count < 1500; count += 1) {
    const code: number[] = []
    for (let instructions = 0; instructions < 1 + (next() & 15); ) {
      const rex = codeSize === 64 && next() & 1 ? [0x40 | (next() & 15)] : []
      const prefix = next() & 7 ? [] : [[0x66], [0xf2], [0xf3], [0x67]][next() & 3]!
      const tail = Array.from({ length: 14 }, () => next() & 0xff)
      const bytes = [...prefix, ...rex, ...(next() & 3 ? [] : [0x0f]), ...tail].slice(0, 15)
      if (decode(Uint8Array.from(bytes), 0, bytes.length, codeSize, decoded) !== undefined) continue
      code.push(...bytes.slice(0, decoded.length))
      instructions += 1
    }
    yield code
  }
}

describe.for(modes)('a block of %s', ([, execution, codeSize]) => {
  test('that emitted code drafts is the one that was written instruction by instruction', () => {
    const { store, write, decoded, known } = writer(execution, codeSize)
    let [drafted, all] = [0, 0]
    for (const code of streams(codeSize, codeSize + 3)) {
      store(code)
      const expected = decoded()
      // a head that is met again is known
      for (const _ of ['first', 'again']) expect(write()).toEqual(expected)
      drafted += known()
      all += expected.count
      expect(write()).toEqual(expected)
    }
    expect(drafted).toBeGreaterThan(all * 0.4)
  })

  test('is drafted of heads that other code has, whatever follows them', () => {
    const { store, write, decoded, known } = writer(execution, codeSize)
    // ADD EAX, imm32; a short JNE
    const add = (value: number) => [0x05, value, value, value, value]
    for (const value of [1, 2]) {
      store([...add(value), 0x75, value])
      write()
    }
    store([...add(0x83), 0x75, 0x91])
    expect(known()).toBe(2)
    expect(write()).toEqual(decoded())
  })

  test('ends with the last instruction that is all in its page', () => {
    const { store, write } = writer(execution, codeSize)
    const nops = Array.from({ length: 5 }, () => 0x90)
    // MOV EAX, imm32
    const move = [0xb8, 1, 2, 3, 4]
    store([...nops, 0xf4])
    for (const _ of [1, 2]) write()
    store([...move, 0xf4])
    for (const _ of [1, 2]) write()
    const at = 0x1000 - 7
    store([...nops, ...move.slice(0, 2)], at)
    expect(write(at)).toMatchObject({ size: 5, count: 5 })
  })

  test('ends with its page where an instruction does, whatever the next page has', () => {
    const { store, write, decoded, known } = writer(execution, codeSize)
    const [nops, hlt] = [Array.from({ length: 5 }, () => 0x90), 0xf4]
    store([...nops, hlt])
    for (const _ of [1, 2]) write()
    const at = 0x1000 - nops.length
    store([...nops, ...nops, hlt], at)
    expect(known()).toBe(nops.length + 1)
    expect(write(at)).toMatchObject({ size: nops.length, count: nops.length })
    expect(write(at)).toEqual(decoded(at))
  })

  test('is no longer than one that is written instruction by instruction', () => {
    const { store, write, known } = writer(execution, codeSize)
    store(Array.from({ length: longestBlock + 20 }, () => 0x90))
    const first = write()
    expect(first.count).toBe(longestBlock)
    write()
    expect(known()).toBe(longestBlock)
    expect(write()).toEqual(first)
  })

  test('stops before an instruction whose head is not known, and goes on behind it', () => {
    const { store, write, decoded, known } = writer(execution, codeSize)
    store([0x90, 0x90, 0xf4])
    for (const _ of [1, 2]) write()
    // BSWAP EAX in between
    store([0x90, 0x0f, 0xc8, 0x90, 0xf4])
    expect(known()).toBe(1)
    expect(write()).toEqual(decoded())
    expect(write()).toMatchObject({ size: 5, count: 4 })
  })
})

test('a head that is met once is not known', () => {
  const { store, write, known } = writer('long', 64)
  store([0x48, 0x01, 0xc8, 0xf4])
  write()
  expect(known()).toBe(0)
  write()
  expect(known()).toBe(2)
})
