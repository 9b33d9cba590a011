import { readProfile } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { EventFd } from '../event-fd.ts'
import { VmBuses } from './vm-buses.ts'

const flag = { datamatch: 1, pio: 2, deassign: 4 } as const

function buses(): VmBuses {
  const read = readProfile('6.12')
  if (read.kind === 'bad-version') throw new Error(read.says)
  return new VmBuses(read.profile)
}

describe('an eventfd that is tied to stores', () => {
  test('is signalled in place of a device, by stores of its length and value', () => {
    const { io, eventFds } = buses()
    const [any, five] = [new EventFd(), new EventFd()]
    eventFds.assign({ addr: 0x80n, len: 1, fd: any, flags: flag.pio })
    eventFds.assign({ addr: 0x90n, len: 2, fd: five, flags: flag.pio | flag.datamatch, datamatch: 5n })
    expect([io.write(0x80, 1, 7), io.write(0x80, 2, 7), io.write(0x90, 2, 5), io.write(0x90, 2, 6)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect([any.count, five.count]).toEqual([1n, 1n])
    expect(io.read(0x80, 1)).toBeUndefined()
  })

  test('of any length hears them all, and only at its own address', () => {
    const { mmio, eventFds } = buses()
    const fd = new EventFd()
    eventFds.assign({ addr: 0xd_0000n, len: 0, fd })
    expect([1, 2, 4, 8].map((size) => mmio.write(0xd_0000, size as 1 | 2 | 4 | 8, 0n))).toEqual(Array(4).fill(true))
    expect([mmio.write(0xd_0001, 1, 0n), fd.count]).toEqual([false, 4n])
  })

  test('compares eight bytes whole', () => {
    const { mmio, eventFds } = buses()
    const fd = new EventFd()
    const datamatch = 0xffff_ffff_0000_0001n
    eventFds.assign({ addr: 0xd_0000n, len: 8, fd, flags: flag.datamatch, datamatch })
    expect([mmio.write(0xd_0000, 8, 1n), mmio.write(0xd_0000, 8, datamatch), fd.count]).toEqual([false, true, 1n])
  })

  test('no longer hears what it was untied from', () => {
    const { io, eventFds } = buses()
    const fd = new EventFd()
    const call = { addr: 0x80n, len: 1, fd, flags: flag.pio }
    eventFds.assign(call)
    expect(eventFds.assign({ ...call, flags: flag.pio | flag.deassign }).kind).toBe('done')
    expect([io.write(0x80, 1, 0), fd.count]).toEqual([false, 0n])
  })

  test('is refused where one stands that would hear the same, and that one stays', () => {
    const { io, eventFds } = buses()
    const [first, second] = [new EventFd(), new EventFd()]
    eventFds.assign({ addr: 0x80n, len: 1, fd: first, flags: flag.pio })
    const refusals = [1, 0].map((len) => eventFds.assign({ addr: 0x80n, len, fd: second, flags: flag.pio }))
    expect(refusals).toMatchObject([
      { errno: 'EEXIST', rule: 'ioeventfd-collision' },
      { errno: 'EEXIST', rule: 'ioeventfd-collision' },
    ])
    io.write(0x80, 1, 0)
    expect([first.count, second.count]).toEqual([1n, 0n])
  })

  test('takes no place of a device, but finds none on a bus that is full', () => {
    const { io, eventFds } = buses()
    const fd = new EventFd()
    const call = (addr: bigint) => eventFds.assign({ addr, len: 1, fd, flags: flag.pio }).kind
    expect(call(0x1000n)).toBe('done')
    for (let first = 0; first < 1000; first += 1)
      expect(io.attach({ first, count: 1, read: () => 0, write: () => {} }).kind).toBe('done')
    expect(call(0x1001n)).toBe('refused')
  })
})

describe('a device and an eventfd at one address', () => {
  const device = (first: number, count: number, seen: string[]) => ({
    first,
    count,
    read: () => 0,
    write: () => void seen.push('device'),
  })

  test.each([
    ['a wider device comes after', 4, 1, 'eventfd'],
    ['of one length the older comes first', 1, 1, 'device'],
    ['with any length the older comes first', 4, 0, 'device'],
  ])('%s', (_, count, len, heard) => {
    const { io, eventFds } = buses()
    const seen: string[] = []
    const fd = new EventFd()
    io.attach(device(0x80, count, seen))
    eventFds.assign({ addr: 0x80n, len, fd, flags: flag.pio })
    expect(io.write(0x80, 1, 0)).toBe(true)
    expect(fd.count === 1n ? 'eventfd' : seen[0]).toBe(heard)
  })

  test('a device that begins before it keeps it from hearing anything', () => {
    const { io, eventFds } = buses()
    const [seen, fd]: [string[], EventFd] = [[], new EventFd()]
    eventFds.assign({ addr: 0x82n, len: 1, fd, flags: flag.pio })
    io.attach(device(0x80, 4, seen))
    io.write(0x82, 1, 0)
    expect([seen, fd.count]).toEqual([['device'], 0n])
  })

  test('an eventfd that was there first stays first', () => {
    const { io, eventFds } = buses()
    const [seen, fd]: [string[], EventFd] = [[], new EventFd()]
    eventFds.assign({ addr: 0x80n, len: 0, fd, flags: flag.pio })
    io.attach(device(0x80, 4, seen))
    io.write(0x80, 1, 0)
    expect([seen, fd.count]).toEqual([[], 1n])
  })
})
