import { expect, test } from 'vitest'
import { readDevices, writeDevices } from './device-access.ts'
import { nobody, type VcpuMachine } from './machine.ts'

function bus(claims: (address: number) => boolean = () => true) {
  const seen: (readonly [string, number, number])[] = []
  const machine: VcpuMachine = {
    ...nobody(() => 0),
    mmioRead: (address, size) => {
      seen.push(['read', address, size])
      return claims(address) ? BigInt(address & 0xff) : undefined
    },
    mmioWrite: (address, size) => {
      seen.push(['write', address, size])
      return claims(address)
    },
  }
  return { machine, seen }
}

test.each([
  [0x1000, 8, [[0x1000, 8]]],
  [
    0x1002,
    4,
    [
      [0x1002, 2],
      [0x1004, 2],
    ],
  ],
  [
    0x1001,
    7,
    [
      [0x1001, 1],
      [0x1002, 2],
      [0x1004, 4],
    ],
  ],
  [
    0x1003,
    8,
    [
      [0x1003, 1],
      [0x1004, 4],
      [0x1008, 2],
      [0x100a, 1],
    ],
  ],
])('an access to %i of %i bytes comes in pieces on their own boundaries', (address, bytes, pieces) => {
  const { machine, seen } = bus()
  readDevices(machine, address, bytes)
  writeDevices(machine, address, bytes, 0n)
  expect(seen).toEqual([...pieces.map((piece) => ['read', ...piece]), ...pieces.map((piece) => ['write', ...piece])])
})

test('pieces are put together in their order', () => {
  expect(readDevices(bus().machine, 0x1011, 3)).toBe(0x00_1211n)
})

test('where nobody answers the first byte nobody is asked further', () => {
  const { machine, seen } = bus(() => false)
  expect([readDevices(machine, 0x1001, 4), writeDevices(machine, 0x1001, 4, 0n)]).toEqual([undefined, false])
  expect(seen).toHaveLength(2)
})

test('what a device does not answer behind its own bytes reads as ones', () => {
  expect(readDevices(bus((address) => address < 0x1004).machine, 0x1002, 4)).toBe(0xffff_0002n)
})
