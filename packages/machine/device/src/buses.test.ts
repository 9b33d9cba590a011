import { describe, expect, it } from 'vitest'
import { IoBus, MmioBus, type PortRange } from './index.ts'

function recorder(first: number, count: number, widest?: 1 | 2 | 4) {
  const seen: string[] = []
  const range: PortRange = {
    first,
    count,
    ...(widest === undefined ? {} : { widest }),
    read: (port, size) => {
      seen.push(`r${port.toString(16)}/${size}`)
      return size === 1 ? port & 0xff : size === 2 ? 0x1234 : 0x1234_5678
    },
    write: (port, size, value) => seen.push(`w${port.toString(16)}/${size}=${value.toString(16)}`),
  }
  return { seen, range }
}

describe('the I/O bus', () => {
  it('reads all ones where nobody is, and swallows writes', () => {
    const bus = new IoBus()
    bus.write(0x5000, 4, 1)
    expect([bus.read(0x80, 1), bus.read(0x80, 2), bus.read(0xffff, 4)]).toEqual([0xff, 0xffff, 0xffff_ffff])
  })

  it('gives a device whole accesses of the widths it takes', () => {
    const bus = new IoBus()
    const { range, seen } = recorder(0xf4, 4)
    bus.attach(range)
    expect([bus.read(0xf4, 4), bus.read(0xf6, 2)]).toEqual([0x1234_5678, 0x1234])
    bus.write(0xf4, 4, 0x8000_0001)
    expect(seen).toEqual(['rf4/4', 'rf6/2', 'wf4/4=80000001'])
  })

  it('splits what is too wide, lowest port first', () => {
    const bus = new IoBus()
    const { range, seen } = recorder(0x40, 4, 1)
    bus.attach(range)
    expect(bus.read(0x40, 4)).toBe(0x4342_4140)
    bus.write(0x42, 2, 0xa1b2)
    expect(seen.slice(4)).toEqual(['w42/1=b2', 'w43/1=a1'])
  })

  it('splits what runs over the end of a device into its neighbour, or into nobody', () => {
    const bus = new IoBus()
    const [low, high] = [recorder(0x60, 2, 1), recorder(0x62, 1, 1)]
    bus.attach(low.range)
    bus.attach(high.range)
    expect(bus.read(0x60, 4)).toBe(0xff62_6160)
    bus.write(0x61, 4, 0x0403_0201)
    expect([low.seen.at(-1), high.seen.at(-1)]).toEqual(['w61/1=1', 'w62/1=2'])
  })

  it('wraps after the last port', () => {
    const bus = new IoBus()
    const { range, seen } = recorder(0, 1, 1)
    bus.attach(range)
    expect(bus.read(0xffff, 2)).toBe(0x00ff)
    expect(seen).toEqual(['r0/1'])
  })

  it('knows whether anybody owns a port', () => {
    const bus = new IoBus()
    const { range } = recorder(0x60, 1)
    expect(bus.claims(0x60)).toBe(false)
    bus.attach(range)
    expect([bus.claims(0x5f), bus.claims(0x60), bus.claims(0x61)]).toEqual([false, true, false])
    bus.detach(range)
    expect(bus.claims(0x60)).toBe(false)
  })

  it('uncovers what a newer device had covered when that goes', () => {
    const bus = new IoBus()
    const [old, young] = [recorder(0xcf8, 4), recorder(0xcf9, 1, 1)]
    bus.attach(old.range)
    bus.attach(young.range)
    expect([bus.read(0xcf9, 1), bus.read(0xcf8, 4)]).toEqual([0xf9, 0x1234_5678])
    expect([old.seen, young.seen]).toEqual([['rcf8/4'], ['rcf9/1']])
    bus.detach(young.range)
    bus.read(0xcf9, 1)
    expect(old.seen).toEqual(['rcf8/4', 'rcf9/1'])
    bus.detach(young.range)
    bus.detach(old.range)
    expect(bus.read(0xcf8, 4)).toBe(0xffff_ffff)
  })
})

describe('the memory bus', () => {
  const bytes = (base: number, length: number) => {
    const content = new Uint8Array(length)
    const read = (offset: number, size: number) =>
      Array.from({ length: size }, (_, index) => content[offset + index]! * 2 ** (8 * index)).reduce((a, b) => a + b)
    const write = (offset: number, size: number, value: number) => {
      for (let index = 0; index < size; index++) content[offset + index] = value >>> (8 * index)
    }
    return { base, length, read, write, content }
  }

  it('finds regions wherever they have moved', () => {
    const bus = new MmioBus()
    const region = bytes(0xff00_0000, 16)
    bus.attach(region)
    bus.write(0xff00_0004, 4, 0xdead_beef)
    region.base = 0xc000_0000
    expect([bus.read(0xc000_0004, 4), bus.read(0xff00_0004, 4), bus.claims(0xc000_000f)]).toEqual([
      0xdead_beef,
      0xffff_ffff,
      true,
    ])
    bus.detach(region)
    expect(bus.claims(0xc000_0000)).toBe(false)
  })

  it('splits what runs over an edge', () => {
    const bus = new MmioBus()
    const region = bytes(0x1000, 2)
    bus.attach(region)
    bus.write(0x0fff, 4, 0x4433_2211)
    expect([...region.content, bus.read(0x0fff, 4)]).toEqual([0x22, 0x33, 0xff33_22ff])
  })
})
