import { createDecoded, decode } from '@vmm/x86-decoder'
import { expect, test } from 'vitest'
import { Generator } from './generate.ts'
import { Random } from './random.ts'
import { undefinedAfterShift } from './shift-flags.ts'
import { place, type Snippet } from './snippet.ts'

const many = (seed: number): Snippet[] => {
  const generator = new Generator(new Random(seed))
  return Array.from({ length: 3000 }, () => generator.next())
}

test('the same seed brings forth the same cases, another one others', () => {
  expect(many(7)).toEqual(many(7))
  expect(many(8)).not.toEqual(many(7))
})

test('cases are in both sizes of code, and some are no instruction', () => {
  const decoded = createDecoded()
  const cases = many(1)
  const failing = cases.filter(
    ({ code, codeSize }) => decode(code, 0, code.length, codeSize ?? 64, decoded) !== undefined,
  )
  expect(failing.length).toBeGreaterThan(20)
  expect(failing.length).toBeLessThan(cases.length / 4)
  for (const size of [32, 64]) expect(cases.filter(({ codeSize }) => codeSize === size).length).toBeGreaterThan(500)
})

test.each([
  ['shl eax, cl by nothing', 'SHL', [0xd3, 0xe0], 0x20n, 0n],
  ['shl eax, cl by one', 'SHL', [0xd3, 0xe0], 1n, 0x10n],
  ['shl eax, cl by two', 'SHL', [0xd3, 0xe0], 2n, 0x810n],
  ['shl al, cl by eight', 'SHL', [0xd2, 0xe0], 8n, 0x811n],
  ['sar al, cl by eight', 'SAR', [0xd2, 0xf8], 8n, 0x810n],
  ['rol eax, cl by one', 'ROL', [0xd3, 0xc0], 1n, 0n],
  ['rol eax, 5', 'ROL', [0xc1, 0xc0, 5], 1n, 0x800n],
  ['add eax, ecx', 'ADD', [0x01, 0xc8], 1n, undefined],
] as const)('%s leaves undefined what the manual says', (_text, mnemonic, code, count, mask) => {
  const snippet: Snippet = {
    code: Uint8Array.from(code),
    gprs: BigUint64Array.from({ length: 16 }, (_, index) => (index === 1 ? count : 0n)),
    rflags: 2n,
    fx: new Uint8Array(512),
    data: new Uint8Array(place.dataBytes),
  }
  expect(undefinedAfterShift(mnemonic, snippet)).toBe(mask)
})
