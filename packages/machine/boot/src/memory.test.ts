import { expect, test } from 'vitest'
import { deviceHole, e820Map, ramSlots } from './index.ts'

const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30]
const usable = (memorySize: number) => e820Map(memorySize).filter(({ type }) => type === 1)

test('memory beyond 3 GiB goes on at 4 GiB', () => {
  expect(ramSlots(512 * mebibyte)).toEqual([{ address: 0, bytes: 512 * mebibyte }])
  const slots = [
    { address: 0, bytes: deviceHole },
    { address: 4 * gibibyte, bytes: gibibyte },
  ]
  expect(ramSlots(4 * gibibyte)).toEqual(slots)
  expect(usable(4 * gibibyte).at(-1)).toEqual({ ...slots[1], type: 1 })
})

test('memory is usable below 640 KiB and from 1 MiB on, and nowhere between', () => {
  const addresses = usable(64 * mebibyte).map(({ address, bytes }) => [address, address + bytes])
  expect(addresses).toEqual([
    [0, 0x9_fc00],
    [mebibyte, 64 * mebibyte],
  ])
})

test.each([1, mebibyte / 2, mebibyte, 16 * mebibyte, 3 * gibibyte, 8 * gibibyte])(
  'the map of %i bytes ascends, overlaps nothing and has no empty entry',
  (memorySize) => {
    const map = e820Map(memorySize)
    expect(map.every(({ bytes }) => bytes > 0)).toBe(true)
    const ends = map.map(({ address, bytes }) => address + bytes)
    expect(map.slice(1).every(({ address }, index) => address >= ends[index]!)).toBe(true)
  },
)

test('all usable memory is in a slot', () => {
  for (const memorySize of [16 * mebibyte, 5 * gibibyte]) {
    for (const { address, bytes } of usable(memorySize)) {
      const inside = ramSlots(memorySize).some(
        (slot) => slot.address <= address && address + bytes <= slot.address + slot.bytes,
      )
      expect(inside).toBe(true)
    }
  }
})
