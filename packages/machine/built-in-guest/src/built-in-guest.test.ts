import { createDecoded, decode } from '@vmm/x86-decoder'
import { expect, test } from 'vitest'
import { builtInGuest } from './built-in-guest.ts'

test('the header is multiboot with addresses, and adds up to zero', () => {
  const image = builtInGuest()
  const word = (at: number) => new DataView(image.buffer, image.byteOffset).getUint32(at, true)
  expect(word(0)).toBe(0x1bad_b002)
  expect((word(0) + word(4) + word(8)) | 0).toBe(0)
  expect([word(12), word(16)]).toEqual([0x10_0000, 0x10_0000])
})

test('the entry point is code', () => {
  const image = builtInGuest()
  const entry = new DataView(image.buffer, image.byteOffset).getUint32(28, true) - 0x10_0000
  const decoded = createDecoded()
  expect(decode(image, entry, image.length, 32, decoded)).toBeUndefined()
  expect(decoded.mnemonic).toBe('MOV')
})

test('the same image comes out every time', () => {
  expect(builtInGuest()).toEqual(builtInGuest())
})
