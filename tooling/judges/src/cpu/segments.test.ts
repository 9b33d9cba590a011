import { createDecoded, createDecoder } from '@vmm/x86-decoder'
import { isExecuted } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { differences } from './compare.ts'
import { Random } from './random.ts'
import { subjectNamed, subjectNames } from './report.ts'
import { completedArea } from './saved-area.ts'
import { aimSegments } from './segment-states.ts'
import { localTable } from './segments.ts'
import { dataOffset, place, type Snippet } from './snippet.ts'
import { unknownBits } from './unknown-bits.ts'

const { decode } = createDecoder(isExecuted)
const decoded = createDecoded()
const stack = BigInt(place.data + dataOffset + 256)
const fx = new Uint8Array(512)
fx.set([0x7f, 0x03])
fx.set([0x80, 0x1f], 24)

const snippet = (codeSize: 32 | 64, ...code: number[]): Snippet => ({
  code: Uint8Array.from(code),
  codeSize,
  gprs: BigUint64Array.from({ length: 16 }, (_, index) => (index === 4 ? stack : BigInt(index))),
  rflags: 0x202n,
  fx,
  data: new Uint8Array(place.dataBytes),
})

test('local descriptors are as modify_ldt makes them', () => {
  const table = new DataView(localTable().buffer)
  // what modify_ldt(0) gave back of a 32-bit and of a 16-bit segment
  expect(table.getBigUint64(8, true)).toBe(0x1040_f301_0000_0fffn)
  expect(table.getBigUint64(24, true)).toBe(0x1000_f301_0000_0fffn)
})

test('IRET never begins to step through what follows', () => {
  const trap = 0x100
  for (let seed = 0; seed < 50; seed += 1) {
    const { code, gprs, data } = snippet(64, 0x48, 0xcf)
    decode(code, 0, code.length, 64, decoded)
    aimSegments(new Random(seed), true, { decoded, code, codeSize: 64, gprs, data })
    expect(new DataView(data.buffer).getUint16(256 + 16, true) & trap).toBe(0)
  }
})

describe.each(subjectNames)('software interrupts of a program in the %s', (name) => {
  const subject = subjectNamed(name)
  const ends = (...code: number[]) => {
    const { vector, errorCode, rip, segments } = subject.run(snippet(64, ...code))
    return [vector, errorCode, Number(rip - BigInt(place.code)), segments[1]]
  }

  test('come out behind the instruction where the gate is open', () => {
    expect(ends(0xcc)).toEqual([3, 0, 1, 0x33])
    expect(ends(0xf1)).toEqual([1, 0, 1, 0x33])
    expect(ends(0xcd, 0x04)).toEqual([4, 0, 2, 0x33])
  })

  test('are refused where it is not', () => {
    expect(ends(0xcd, 0x0e)).toEqual([13, 0x72, 0, 0x33])
  })

  test('leave nothing behind for the next', () => {
    ends(0xcc)
    expect(ends(0x90)).toEqual([undefined, 0, 1, 0x33])
  })
})

test('a far jump ends at a breakpoint in the other code, with its selector', () => {
  for (const name of subjectNames) {
    const jump = snippet(32, 0xea, 0x00, 0x02, 0x00, 0x50, 0x33, 0x00)
    const { vector, rip, segments } = subjectNamed(name).run(jump)
    expect([name, vector, rip, segments[1]]).toEqual([name, undefined, BigInt(place.code32 + 0x200), 0x33])
  }
})

test('selectors are compared, and of CS only where somebody saw it', () => {
  const nop = snippet(64, 0x90)
  const mine = subjectNamed('oracle').run(nop)
  const other = { ...mine, segments: Uint16Array.from(mine.segments, (one, at) => (at === 3 ? 0 : one)) }
  expect(differences('NOP', nop, other, mine)).toEqual(['DS: 0; ours 2b'])
  const unseen = { ...mine, segments: Uint16Array.from(mine.segments, (one, at) => (at === 1 ? 0 : one)) }
  expect(differences('NOP', nop, unseen, mine)).toEqual([])
})

test('what nobody can foretell is left out, and no more', () => {
  const time = snippet(64, 0x0f, 0x31)
  const mine = subjectNamed('oracle').run(time)
  const with_ = (rax: bigint) => ({ ...mine, gprs: mine.gprs.map((one, index) => (index === 0 ? rax : one)) })
  expect(differences('RDTSC', time, with_(0x1234n), mine)).toEqual([])
  expect(differences('RDTSC', time, with_(1n << 32n), mine)).toEqual(['r0: 100000000; ours 0'])
  expect(unknownBits('RDRAND', snippet(64, 0x66, 0x0f, 0xc7, 0xf3))).toEqual(new Map([[3, 0xffffn]]))
})

test('a saved area is completed with what may be left out', () => {
  const [plain, left] = [new Uint8Array(place.dataBytes), new Uint8Array(place.dataBytes).fill(7, 160, 832)]
  left.fill(0, 512, 576)
  const [a, b] = [completedArea(plain, 6), completedArea(left, 6)]
  expect(a.subarray(0, 416)).toEqual(b.subarray(0, 416))
  expect(a.subarray(512, 832)).toEqual(b.subarray(512, 832))
  // what was not asked for stays as it is
  expect(completedArea(left, 2).subarray(576, 832)).toEqual(left.subarray(576, 832))
})
