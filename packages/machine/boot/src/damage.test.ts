import { describe, expect, test } from 'vitest'
import { bzImage } from '../test/sample-images.ts'
import { crc32 } from './crc32.ts'
import { damageOf } from './index.ts'
import { encodeText } from './text.ts'

const release = '6.1.0-56-cloud-amd64 (debian) #1 SMP'
const signature = { at: 0x80, checksum: 0x80 + 24 + 64, certificate: 0x80 + 24 + 144 }

/** A kernel of a release, with the mark of a PE file and the checksum that makes its CRC zero. */
function sealed(text = release, more: Parameters<typeof bzImage>[0] = {}): Uint8Array {
  const image = bzImage({ payload: Uint8Array.from({ length: 4096 }, (_, index) => (index * 7) & 0xff), ...more })
  const view = new DataView(image.buffer)
  view.setUint16(0x20e, 0x300, true)
  image.set(encodeText(`${text}\0`), 0x500)
  view.setUint32(0x3c, signature.at, true)
  view.setUint32(signature.at, 0x4550, true)
  view.setUint16(signature.at + 24, 0x20b, true)
  view.setUint32(image.length - 4, crc32(image.subarray(0, -4)), true)
  return image
}

/** Bit by bit, as the definition has it. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (((crc ^ (byte >> bit)) & 1) === 0 ? 0 : 0xedb8_8320)
  return crc >>> 0
}

test('the CRC-32 of the digits is the check value that every catalogue has', () => {
  expect(~crc32(encodeText('123456789')) >>> 0).toBe(0xcbf4_3926)
})

test.each([0, 1, 7, 8, 9, 1000])('the CRC-32 of %i bytes is what it is bit by bit, and in two pieces', (length) => {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 37) & 0xff)
  expect(crc32(bytes)).toBe(slowly(bytes))
  expect(crc32(bytes.subarray(3), crc32(bytes.subarray(0, 3)))).toBe(crc32(bytes))
})

describe('a bzImage with a checksum', () => {
  test('is whole as it was made', () => {
    expect(damageOf(sealed())).toBeUndefined()
  })

  test('is whole when it has been signed since, with something behind it', () => {
    const image = Uint8Array.from([...sealed(), ...Array<number>(1472).fill(1)])
    const view = new DataView(image.buffer)
    view.setUint32(signature.checksum, 0x00d8_d44c, true)
    view.setBigUint64(signature.certificate, 0x5c0_00d8_7200n, true)
    expect(damageOf(image)).toBeUndefined()
  })

  test.each([0x100, 0x3ff, 0x900, 0x17fb])('is corrupted when its byte %i has changed', (at) => {
    const image = sealed()
    image[at]! ^= 0x10
    expect(damageOf(image)).toMatch(/^the kernel image is corrupted: its CRC-32 comes to [0-9a-f]+, expected 0$/)
  })
})

test.each<readonly [string, Uint8Array]>([
  ['a kernel of Linux 6.15, which has none', sealed('6.15.2 (me) #1')],
  ['a kernel that does not tell its release', sealed('memtest')],
  ['a kernel of boot protocol 2.07', sealed(release, { version: 0x207 })],
  ['half a kernel', sealed().subarray(0, 3000)],
  ['what is no kernel', new Uint8Array(5000)],
])('nothing is said against %s', (_, image) => {
  const changed = Uint8Array.from(image)
  if (changed.length > 2000) changed[1900]! ^= 0xff
  expect(damageOf(changed)).toBeUndefined()
})
