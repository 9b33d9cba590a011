import { likeSaved, type MmioRegion, type PortRange, pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { type Bar, createPciBus, hostBridge, PciFunction } from './index.ts'

function machine() {
  const ports: PortRange[] = []
  const regions: MmioRegion[] = []
  const edges: string[] = []
  const remove = <T>(list: T[], item: T) => list.splice(list.indexOf(item), 1)
  const bus = createPciBus({
    spaces: {
      attachPorts: (range) => ports.push(range),
      detachPorts: (range) => remove(ports, range),
      attachMemory: (region) => regions.push(region),
      detachMemory: (region) => remove(regions, region),
    },
    interruptLine: (slot, pin) => (level) => edges.push(`${slot}.${pin}${level ? '+' : '-'}`),
  })
  const range = (port: number) => bus.ports!.find(({ first, count }) => port >= first && port < first + count)!
  const out = (port: number, size: 1 | 2 | 4, value: number) => range(port).write(port, size, value)
  const inp = (port: number, size: 1 | 2 | 4) => range(port).read(port, size)
  const read = (slot: number, offset: number, size: 1 | 2 | 4) => {
    out(0xcf8, 4, 0x8000_0000 | (slot << 11) | (offset & 0xfc))
    return inp(0xcfc + (offset & 3), size)
  }
  const write = (slot: number, offset: number, size: 1 | 2 | 4, value: number) => {
    out(0xcf8, 4, 0x8000_0000 | (slot << 11) | (offset & 0xfc))
    out(0xcfc + (offset & 3), size, value)
  }
  bus.plug(0, 0, hostBridge())
  const places = () => [
    ...ports.map(({ first, count }) => `io ${first.toString(16)}+${count.toString(16)}`),
    ...regions.map(({ base, length }) => `memory ${base.toString(16)}+${length.toString(16)}`),
  ]
  return { bus, ports, regions, edges, out, inp, read, write, places }
}

function device(options: { memoryAt?: number; ioAt?: number } = {}) {
  const content = new Uint8Array(0x1000)
  const access = {
    read: (offset: number) => content[offset] ?? 0,
    write: (offset: number, _: number, value: number) => {
      content[offset] = value
    },
  }
  const placed = (at: number | undefined) => (at === undefined ? {} : { at })
  const bars: (Bar | undefined)[] = [
    { kind: 'memory', size: 0x1000, access, ...placed(options.memoryAt) },
    undefined,
    { kind: 'io', size: 0x40, access, ...placed(options.ioAt) },
  ]
  return new PciFunction({
    name: 'tester',
    vendor: 0x1b36,
    device: 5,
    classCode: 0x00_ff00,
    subsystem: { vendor: 0x1af4, device: 0x1100 },
    bars,
    interruptPin: 1,
    content: {
      reset: () => content.fill(0),
      save: () => content.slice(),
      restore: (saved) => content.set(likeSaved('tester', content, saved)),
    },
  })
}

describe('configuration mechanism 1', () => {
  it('finds the host bridge, and all ones elsewhere', () => {
    const { read, inp } = machine()
    expect([read(0, 0, 4), read(0, 8, 4), read(1, 0, 4), read(31, 2, 2)]).toEqual([
      0x1237_8086, 0x0600_0002, 0xffff_ffff, 0xffff,
    ])
    expect(inp(0xcf8, 1)).toBe(0xff)
  })

  it('keeps its address for 32-bit accesses only', () => {
    const { out, inp } = machine()
    out(0xcf8, 4, 0x8000_0000)
    expect(inp(0xcf8, 4)).toBe(0x8000_0000)
    out(0xcfb, 1, 1)
    out(0xcf8, 2, 0x1234)
    expect(inp(0xcf8, 4)).toBe(0x8000_0000)
    out(0xcf8, 4, 0xffff_ffff)
    expect(inp(0xcf8, 4)).toBe(0x80ff_ffff)
  })

  it('reads a word by either low bits of the address or of the port', () => {
    const { out, inp } = machine()
    out(0xcf8, 4, 0x8000_0002)
    expect(inp(0xcfc, 2)).toBe(0x1237)
    out(0xcf8, 4, 0x8000_0000)
    expect([inp(0xcfe, 2), inp(0xcfd, 1), inp(0xcff, 1)]).toEqual([0x1237, 0x80, 0x12])
  })

  it('answers nothing while disabled or on another bus', () => {
    const { out, inp } = machine()
    out(0xcf8, 4, 0x0000_0000)
    expect(inp(0xcfc, 4)).toBe(0xffff_ffff)
    out(0xcf8, 4, 0x8001_0000)
    expect(inp(0xcfc, 4)).toBe(0xffff_ffff)
  })

  it('has one function a place', () => {
    const { bus } = machine()
    expect(() => bus.plug(0, 0, device())).toThrow(RangeError)
    expect(() => bus.plug(32, 0, device())).toThrow(RangeError)
    expect(() => bus.plug(1, 8, device())).toThrow(RangeError)
  })
})

describe('a function', () => {
  it('shows its header, and identification does not change', () => {
    const { bus, read, write } = machine()
    bus.plug(2, 0, device())
    write(2, 0, 4, 0)
    write(2, 0x2c, 4, 0)
    write(2, 0x3c, 1, 11)
    expect([read(2, 0, 4), read(2, 8, 4), read(2, 0x2c, 4), read(2, 0x3c, 2), read(2, 0x0e, 1)]).toEqual([
      0x0005_1b36, 0x00ff_0000, 0x1100_1af4, 0x010b, 0,
    ])
  })

  it('says the size of its BARs', () => {
    const { bus, read, write } = machine()
    bus.plug(2, 0, device())
    for (const offset of [0x10, 0x14, 0x18]) write(2, offset, 4, 0xffff_ffff)
    expect([read(2, 0x10, 4), read(2, 0x14, 4), read(2, 0x18, 4)]).toEqual([0xffff_f000, 0, 0xffff_ffc1])
  })

  it('opens, moves and closes its windows', () => {
    const { bus, write, places, regions, ports } = machine()
    bus.plug(2, 0, device())
    write(2, 0x10, 4, 0xd000_0000)
    write(2, 0x18, 4, 0xc000)
    expect(places()).toEqual([])
    write(2, 4, 2, 3)
    expect(places()).toEqual(['io c000+40', 'memory d0000000+1000'])
    regions[0]!.write(5, 1, 77)
    expect([regions[0]!.read(5, 1), ports[0]!.read(0xc005, 1)]).toEqual([77, 77])
    write(2, 0x18, 4, 0xc100)
    expect(places()).toEqual(['io c100+40', 'memory d0000000+1000'])
    write(2, 4, 2, 1)
    expect(places()).toEqual(['io c100+40'])
    bus.reset()
    expect(places()).toEqual([])
  })

  it('does not open a window where it does not fit', () => {
    const { bus, write, places } = machine()
    bus.plug(2, 0, device())
    write(2, 4, 2, 3)
    write(2, 0x18, 4, 0x1_0000)
    write(2, 0x10, 4, 0)
    expect(places()).toEqual([])
  })

  it('may have been placed by firmware', () => {
    const { bus, places, read } = machine()
    bus.plug(2, 0, device({ memoryAt: 0xfebf_f000, ioAt: 0xc000 }))
    expect([places(), read(2, 4, 2), read(2, 0x18, 4)]).toEqual([['io c000+40', 'memory febff000+1000'], 3, 0xc001])
  })

  it('interrupts unless INTx is disabled, and says so in its status', () => {
    const { bus, read, write, edges } = machine()
    const plugged = device()
    bus.plug(3, 0, plugged)
    plugged.setInterrupt(true)
    expect([edges.at(-1), read(3, 6, 2) & 8]).toEqual(['3.1+', 8])
    write(3, 4, 2, 0x400)
    expect([edges.at(-1), read(3, 6, 2) & 8]).toEqual(['3.1-', 8])
    write(3, 4, 2, 0)
    plugged.setInterrupt(false)
    expect([edges.at(-1), read(3, 6, 2) & 8]).toEqual(['3.1-', 0])
  })
})

it.each([1, 2, 3])('saved state replays, windows included (seed %i)', (seed) => {
  const m = machine()
  const plugged = device()
  m.bus.plug(2, 0, plugged)
  const sizes = [1, 2, 4] as const
  const run = (start: number) => {
    const next = pseudoRandom(start)
    return Array.from({ length: 300 }, () => {
      const offset = next() % 2 === 0 ? 0x10 + 4 * (next() % 3) : (next() % 64) * 4
      const choice = next() % 6
      if (choice === 0) m.write(2, 4, 2, next())
      else if (choice === 1) plugged.setInterrupt(next() % 2 === 0)
      else if (choice === 2)
        for (const window of [...m.ports, ...m.regions]) window.write(next() % 0x40, 1, next() & 0xff)
      else m.write(2 * (next() % 2), offset, sizes[next() % 3]!, next() * 256)
      const inside = m.ports.map((range) => range.read(range.first + (next() % 0x40), 1))
      return `${m.read(2, offset, 4)} ${m.read(2, 4, 4)} ${m.places()} ${inside} ${m.edges.splice(0)}`
    })
  }
  expect(
    replayDifference(
      m.bus,
      () => run(seed),
      () => run(seed + 5),
    ),
  ).toBeUndefined()
})
