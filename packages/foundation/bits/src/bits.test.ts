import { describe, expect, test } from 'vitest'
import { bit, bits, definedMask, fieldOf, maskOf, overlap, withField } from './bits.ts'

const flags = { CF: bit(0, 'Carry'), ZF: bit(6, 'Zero'), IOPL: bits(13, 12, 'I/O privilege level') }

test('a range is written high bit first, and both its ends are in it', () => {
  expect(maskOf(bits(15, 8, 'A byte'))).toBe(0xff00n)
  expect(maskOf(bits(63, 63, 'The top bit'))).toBe(1n << 63n)
  expect(maskOf(bits(51, 12, 'An address'))).toBe(0x000f_ffff_ffff_f000n)
})

test('what no field names is what is left of the mask', () => {
  expect(definedMask(flags)).toBe(0x3041n)
  expect(~definedMask(flags) & 0xffffn).toBe(0xcfben)
  expect(definedMask({})).toBe(0n)
})

describe('a field is read and replaced in place', () => {
  test.each([0n, 0xffff_ffff_ffff_ffffn, 0x1234_5678_9abc_def0n])('in %s', (value) => {
    for (let content = 0n; content < 4n; content += 1n) {
      const changed = withField(value, flags.IOPL, content)
      expect(fieldOf(changed, flags.IOPL)).toBe(content)
      expect((changed ^ value) & ~maskOf(flags.IOPL)).toBe(0n)
    }
  })

  test('and what does not fit is cut off', () => {
    expect(withField(0n, flags.IOPL, 0xffn)).toBe(0x3000n)
    expect(withField(0n, flags.CF, 2n)).toBe(0n)
  })
})

test('two names for one bit are found, and named', () => {
  expect(overlap(flags)).toBeUndefined()
  expect(overlap({ ...flags, NT: bit(13, 'Nested task') })).toEqual(['IOPL', 'NT'])
})
