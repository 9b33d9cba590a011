import { createHash } from 'node:crypto'
import {
  type Assembler,
  assembler,
  ecx,
  edx,
  esi,
  mem64,
  mem128,
  mem256,
  xmm0,
  xmm1,
  xmm2,
  xmm6,
  xmm7,
  ymm0,
  ymm1,
  ymm6,
  ymm7,
} from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { codeAt, ranFlat32 } from './flat32.ts'

const data = 0xa000
const message = 'abc'

const bytesOf = (words: BigUint64Array | Uint32Array): Uint8Array => new Uint8Array(words.buffer)

/** The message as the one block that it is with what hashes put behind it: its words, the first one first. */
function padded(bytes: 64 | 128): DataView {
  const block = new DataView(new ArrayBuffer(bytes))
  for (const [index, byte] of new TextEncoder().encode(message).entries()) block.setUint8(index, byte)
  block.setUint8(message.length, 0x80)
  block.setUint32(bytes - 4, message.length * 8)
  return block
}

/** What code leaves at its label `state`: 64 bytes. */
function left(hot: boolean, code: (a: Assembler) => void): DataView {
  const a = assembler({ origin: codeAt, codeSize: 32 })
  code(a)
  const { bytes, labels } = a.finish()
  // CR4.OSXSAVE and OSFXSR, and the states of x87, SSE and AVX
  const fields = { CR4: 0x4_0200n, XCR0: 7n } as const
  const engine = ranFlat32(bytes, { hot: hot && { threshold: 0 }, slice: 10_000, fields })
  const found = engine.physical(Number(labels.get('state')))!
  return new DataView(found.buffer, found.byteOffset, 64)
}

/** Eight words in the order of the alphabet, of two vectors that have A B E F and C D G H with the first one on top. */
const inOrder = <W>(word: (index: number) => W): readonly W[] => [3, 2, 7, 6, 1, 0, 5, 4].map(word)
/** The other way. */
const asVectors = <W>([a, b, c, d, e, f, g, h]: readonly W[]): readonly W[] =>
  [f, e, b, a, h, g, d, c] as unknown as readonly W[]

const isPrime = (n: number): boolean => !Array.from({ length: n - 2 }, (_, index) => index + 2).some((d) => n % d === 0)
const primes = Array.from({ length: 409 }, (_, index) => index + 2).filter(isPrime)

/** The first 64 bits behind the point of a root. Source: FIPS 180-4, 4.2.3 and 5.3.5. */
function fractionOfRoot(prime: number, power: 2 | 3): bigint {
  const target = BigInt(prime) << BigInt(64 * power)
  let root = 0n
  for (let bit = 1n << 70n; bit > 0n; bit >>= 1n) if ((root + bit) ** BigInt(power) <= target) root += bit
  return BigInt.asUintN(64, root)
}

/** SHA-512 of one block: 64 more words of the message, then 80 rounds. */
function sha512(a: Assembler): void {
  const block = padded(128)
  const words = BigUint64Array.from({ length: 16 }, (_, index) => block.getBigUint64(8 * index))
  const first = primes.slice(0, 8).map((prime) => fractionOfRoot(prime, 2))
  const constants = primes.slice(0, 80).map((prime) => fractionOfRoot(prime, 3))
  const at = (displacement: number) => mem256({ base: ecx, displacement })
  const lower = (displacement: number) => mem128({ base: ecx, displacement })
  a.mov(ecx, data + 64).mov(edx, 16)
  a.label('extend').vmovdqu(ymm0, at(0)).vmovdqu(xmm1, lower(32)).vsha512msg1(ymm0, xmm1)
  a.vpaddq(ymm0, ymm0, at(72)).vmovdqu(ymm1, at(96)).vsha512msg2(ymm0, ymm1)
  a.vmovdqu(at(128), ymm0).add(ecx, 32).dec(edx).jnz('extend')
  a.vmovdqu(ymm6, mem256(data)).vmovdqu(ymm7, mem256(data + 32))
  a.mov(ecx, data + 64)
    .mov(esi, data + 64 + 640)
    .mov(edx, 20)
  a.label('rounds')
    .vmovdqu(ymm0, at(0))
    .vpaddq(ymm0, ymm0, mem256({ base: esi }))
  a.vsha512rnds2(ymm7, ymm6, xmm0).vextracti128(xmm0, ymm0, 1).vsha512rnds2(ymm6, ymm7, xmm0)
  a.add(ecx, 32).add(esi, 32).dec(edx).jnz('rounds')
  a.vpaddq(ymm6, ymm6, mem256(data)).vpaddq(ymm7, ymm7, mem256(data + 32))
  a.vmovdqu(mem256(data), ymm6)
    .vmovdqu(mem256(data + 32), ymm7)
    .hlt()
  a.org(data)
    .label('state')
    .bytes(bytesOf(BigUint64Array.from(asVectors(first))))
    .bytes(bytesOf(words))
  a.space(64 * 8).bytes(bytesOf(BigUint64Array.from(constants)))
}

const rotated = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0
/** What SM3 begins with. Source: GB/T 32905-2016, 4.1. */
const initial = [
  ...[0x7380_166f, 0x4914_b2b9, 0x1724_42d7, 0xda8a_0600],
  ...[0xa96f_30bc, 0x1631_38aa, 0xe38d_ee4d, 0xb0fb_0e4e],
] as const
/** How far C, D, G and H are turned before the instruction turns them back, and after it has left them as they were two rounds before. */
const turns = [0, 0, 9, 9, 0, 0, 19, 19] as const

/** SM3 of one block: 52 more words of the message, then 64 rounds. */
function sm3(a: Assembler): void {
  const block = padded(64)
  const words = Uint32Array.from({ length: 16 }, (_, index) => block.getUint32(4 * index))
  const turned = initial.map((word, index) => rotated(word, (32 - turns[index]!) % 32))
  const at = (displacement: number) => mem128({ base: ecx, displacement })
  a.mov(ecx, data + 64).mov(edx, 13)
  a.label('extend').vmovdqu(xmm0, at(28)).vmovdqu(xmm1, at(52)).vmovdqu(xmm2, at(0)).vsm3msg1(xmm0, xmm1, xmm2)
  a.vmovdqu(xmm1, at(12)).vmovdqu(xmm2, at(40)).vsm3msg2(xmm0, xmm1, xmm2)
  a.vmovdqu(at(64), xmm0).add(ecx, 16).dec(edx).jnz('extend')
  a.vmovdqu(xmm6, mem128(data)).vmovdqu(xmm7, mem128(data + 16))
  for (let round = 0; round < 64; round += 2) {
    const from = data + 64 + 4 * round
    a.vmovq(xmm0, mem64(from))
      .vmovq(xmm1, mem64(from + 16))
      .vpunpcklqdq(xmm0, xmm0, xmm1)
    const [to, other] = round % 4 === 0 ? [xmm7, xmm6] : [xmm6, xmm7]
    a.vsm3rnds2(to, other, xmm0, round)
  }
  a.vmovdqu(mem128(data), xmm6)
    .vmovdqu(mem128(data + 16), xmm7)
    .hlt()
  a.org(data)
    .label('state')
    .bytes(bytesOf(Uint32Array.from(asVectors(turned))))
    .space(32)
  a.bytes(bytesOf(words)).space(53 * 4)
}

describe.each([
  ['step by step', false],
  ['compiled', true],
] as const)('by their instructions, %s,', (_, hot) => {
  test('SHA-512 is that of FIPS 180-4', () => {
    const state = left(hot, sha512)
    const words = inOrder((index) => state.getBigUint64(8 * index, true))
    const hash = words.map((word) => word.toString(16).padStart(16, '0')).join('')
    expect(hash).toBe(createHash('sha512').update(message).digest('hex'))
  })

  test('SM3 is that of GB/T 32905', () => {
    const state = left(hot, sm3)
    const words = inOrder((index) => state.getUint32(4 * index, true))
    const ends = words.map((word, index) => (rotated(word, turns[index]!) ^ initial[index]!) >>> 0)
    const hash = ends.map((word) => word.toString(16).padStart(8, '0')).join('')
    expect(hash).toBe(createHash('sm3').update(message).digest('hex'))
  })
})
