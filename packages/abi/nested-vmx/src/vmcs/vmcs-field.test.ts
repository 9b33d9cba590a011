import { overlap } from '@vmm/bits'
import { describe, expect, test } from 'vitest'
import * as controls from './controls.rows.ts'
import { readEncoding, vmcsFieldAt, vmcsPlaceOf, vmcsPlaces } from './vmcs-field.ts'

describe('the fields of a VMCS', () => {
  test('are in the order of their encodings within a width and a group, and no two share one', () => {
    const encodings = vmcsPlaces.map(({ encoding }) => encoding)
    expect(encodings).toEqual([...new Set(encodings)].toSorted((a, b) => a - b))
  })

  test('have encodings that say something', () => {
    for (const { encoding, field } of vmcsPlaces) expect(readEncoding(encoding), field).toMatchObject({ high: false })
  })

  test('are found by what VMREAD asks for, upper halves too', () => {
    for (const place of vmcsPlaces) {
      expect(vmcsFieldAt(place.encoding)).toBe(place)
      if (place.upperHalf !== undefined) expect(vmcsFieldAt(place.upperHalf)).toBe(place)
    }
    expect(vmcsFieldAt(0x2047)).toBeUndefined()
    expect(vmcsFieldAt(0x6801)).toBeUndefined()
  })

  test.each([
    ['VIRTUAL_PROCESSOR_ID', { width: 16, bytes: 2, group: 'control', index: 0, access: 'read-write' }],
    ['TSC_MULTIPLIER', { width: 64, bytes: 8, group: 'control', index: 25, upperHalf: 0x2033 }],
    ['VM_EXIT_REASON', { width: 32, bytes: 4, group: 'read-only', index: 1, access: 'read-only' }],
    ['GUEST_RIP', { width: 'natural', bytes: 8, group: 'guest', index: 15, upperHalf: undefined }],
    ['HOST_IA32_PKRS', { width: 64, bytes: 8, group: 'host', index: 3 }],
  ] as const)('fold out of the encoding: %s', (field, folded) => {
    expect(vmcsPlaceOf(field)).toMatchObject(folded)
  })
})

test.each([0x1000, 0x8000, 0x1_0000, 0x0001, 0x4001, 0x6801])('an encoding of %i says nothing', (encoding) => {
  expect(readEncoding(encoding)).toBeUndefined()
})

test('an encoding of a field that there is none of says what the field would be', () => {
  expect(readEncoding(0x2c7f)).toEqual({ width: 64, group: 'host', index: 0x3f, high: true })
})

test.each(Object.entries(controls))('no two controls share a bit: %s', (_, rows) => {
  expect(overlap(rows)).toBeUndefined()
  const places = Object.values(rows).map(({ low }) => low)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
})
