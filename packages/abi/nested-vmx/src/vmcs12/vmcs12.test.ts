import { describe, expect, test } from 'vitest'
import { revisionOf, vmcs12At, vmcs12Bytes, vmcs12Of, vmcs12Places, vmcs12Reader, vmcsRegionBytes } from './vmcs12.ts'

test('no two fields share an encoding or a byte', () => {
  const bytes = vmcs12Places.flatMap(({ offset, bytes }) => Array.from({ length: bytes }, (_, at) => offset + at))
  expect(new Set(bytes).size).toBe(bytes.length)
  expect(Math.min(...bytes)).toBeGreaterThanOrEqual(40)
  expect(new Set(vmcs12Places.map(({ encoding }) => encoding)).size).toBe(vmcs12Places.length)
})

test('every field lies on a multiple of its width', () => {
  expect(vmcs12Places.filter(({ offset, bytes }) => offset % bytes !== 0)).toEqual([])
})

test('a region has 4096 bytes, of which 998 hold something', () => {
  expect([vmcsRegionBytes, vmcs12Bytes]).toEqual([4096, 998])
})

test('fields are in the order of their encodings', () => {
  const encodings = vmcs12Places.map(({ encoding }) => encoding)
  expect(encodings).toEqual(encodings.toSorted((a, b) => a - b))
})

describe('a region', () => {
  const region = vmcs12Of({
    GUEST_RIP: 0xffff_8000_1234_5678n,
    VIRTUAL_PROCESSOR_ID: 0x1_0007n,
    GUEST_CS_LIMIT: 0xfffn,
  })

  test('holds each field at its place, in its width', () => {
    const read = vmcs12Reader(region)
    expect([read('GUEST_RIP'), read('VIRTUAL_PROCESSOR_ID'), read('GUEST_CS_LIMIT'), read('HOST_RIP')]).toEqual([
      0xffff_8000_1234_5678n,
      7n,
      0xfffn,
      0n,
    ])
    expect(region[544]).toBe(0x78)
  })

  test('begins with the revision that VMPTRLD looks for', () => {
    expect(revisionOf(region)).toBe(0x11e5_7ed0)
  })

  test('that ends early has nothing beyond', () => {
    expect(vmcs12Reader(region.subarray(0, 100))('GUEST_RIP')).toBe(0n)
  })
})

test('a field is found by what VMREAD asks for, its upper half too', () => {
  expect(vmcs12At(0x681e)).toMatchObject({ field: 'GUEST_RIP', bytes: 8, group: 'guest' })
  expect(vmcs12At(0x2801)).toMatchObject({ field: 'VMCS_LINK_POINTER' })
  expect(vmcs12At(0x681f)).toBeUndefined()
  expect(vmcs12At(0x7fff)).toBeUndefined()
})
