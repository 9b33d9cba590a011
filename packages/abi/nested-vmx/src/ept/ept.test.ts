import { overlap } from '@vmm/bits'
import { expect, test } from 'vitest'
import { eptFormats } from './ept-entries.rows.ts'
import { eptFormatAt, memoryTypeOf, readEptEntry } from './ept-entry.ts'
import { inveptTypeOf, invvpidTypeOf } from './invalidation-type.ts'

test.each(Object.entries(eptFormats))('no two fields share a bit: %s', (_, rows) => {
  expect(overlap(rows)).toBeUndefined()
})

test('an entry refers to a page where the level allows that, and to a table else', () => {
  expect(eptFormatAt(1, 0n)).toBe('PAGE_4K')
  expect(eptFormatAt(2, 0x80n)).toBe('PAGE_2M')
  expect(eptFormatAt(3, 0x80n)).toBe('PAGE_1G')
  expect(eptFormatAt(2, 7n)).toBe('TABLE')
  expect(eptFormatAt(4, 0x80n)).toBe('TABLE')
})

test('an entry is taken apart, with its address whole', () => {
  const read = readEptEntry('PAGE_2M', 0x8000_0000_0020_00b7n)
  expect(read).toMatchObject({
    READ: 1n,
    WRITE: 1n,
    EXECUTE: 1n,
    MEMORY_TYPE: 6n,
    ADDRESS: 0x20_0000n,
    SUPPRESS_VE: 1n,
  })
  expect(readEptEntry('POINTER', 0x1_205en)).toMatchObject({
    MEMORY_TYPE: 6n,
    LEVELS: 3n,
    ACCESSED_DIRTY: 1n,
    ADDRESS: 0x1_2000n,
  })
})

test('memory types are named; some numbers are reserved', () => {
  expect([0n, 1n, 4n, 5n, 6n].map(memoryTypeOf)).toEqual(['UC', 'WC', 'WT', 'WP', 'WB'])
  expect([2n, 3n, 7n].map(memoryTypeOf)).toEqual([undefined, undefined, undefined])
})

const told = 0x0f01_0633_40c1n

test('INVEPT and INVVPID take the types that the processor tells of', () => {
  expect([0n, 1n, 2n, 3n].map((type) => inveptTypeOf(type, told))).toEqual([
    undefined,
    'SINGLE_CONTEXT',
    'ALL_CONTEXTS',
    undefined,
  ])
  expect([0n, 3n, 4n].map((type) => invvpidTypeOf(type, told))).toEqual([
    'INDIVIDUAL_ADDRESS',
    'SINGLE_CONTEXT_GLOBALS',
    undefined,
  ])
  expect(inveptTypeOf(1n, told & ~(1n << 20n))).toBeUndefined()
  expect(invvpidTypeOf(2n, told & ~(1n << 42n))).toBeUndefined()
})
