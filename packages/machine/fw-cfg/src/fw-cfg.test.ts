import { pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { createFwCfg } from './index.ts'

function machine(withMemory = true) {
  const ram = new Uint8Array(0x4000)
  const memory = {
    read: (address: number, length: number) =>
      address + length <= ram.length ? ram.slice(address, address + length) : undefined,
    write: (address: number, bytes: Uint8Array) => {
      if (address + bytes.length > ram.length) return false
      ram.set(bytes, address)
      return true
    },
  }
  const device = createFwCfg({ cpus: 3, maxCpus: 8, ramSize: 0x1_2345_6000, ...(withMemory ? { memory } : {}) })
  const range = (port: number) => device.ports!.find(({ first, count }) => port >= first && port < first + count)
  const select = (key: number) => range(0x510)!.write(0x510, 2, key)
  const next = (count: number) => Array.from({ length: count }, () => range(0x511)!.read(0x511, 1))
  const item = (key: number, count: number) => {
    select(key)
    return next(count)
  }
  const text = (key: number, count: number) => String.fromCharCode(...item(key, count))
  const dma = (control: number, length: number, target: number, at = 0x100) => {
    const view = new DataView(ram.buffer)
    view.setUint32(at, control)
    view.setUint32(at + 4, length)
    view.setBigUint64(at + 8, BigInt(target))
    const swapped = new DataView(new ArrayBuffer(4))
    swapped.setUint32(0, at)
    range(0x514)!.write(0x514, 4, 0)
    range(0x518)!.write(0x518, 4, swapped.getUint32(0, true))
    return view.getUint32(at)
  }
  return { device, range, ram, select, next, item, text, dma }
}

describe('fw_cfg', () => {
  it('introduces itself', () => {
    const { text, item } = machine()
    expect([text(0, 4), item(1, 4)]).toEqual(['QEMU', [3, 0, 0, 0]])
    expect(machine(false).item(1, 4)).toEqual([1, 0, 0, 0])
  })

  it('tells memory size and processors, little endian', () => {
    const { item } = machine()
    expect([item(3, 8), item(5, 2), item(0x0f, 2)]).toEqual([
      [0, 0x60, 0x45, 0x23, 1, 0, 0, 0],
      [3, 0],
      [8, 0],
    ])
  })

  it('gives zeros for what it does not know and past the end', () => {
    const { item } = machine()
    expect([item(0x11, 8), item(5, 4)]).toEqual([Array(8).fill(0), [3, 0, 0, 0]])
  })

  it('starts over at every selection', () => {
    const { item, next, text } = machine()
    item(0, 2)
    expect([String.fromCharCode(...next(2)), text(0, 4)]).toEqual(['MU', 'QEMU'])
  })

  it('lists files by name, big endian', () => {
    const { device, item } = machine()
    expect(device.addFile('zeta', Uint8Array.of(1, 2, 3))).toBe(0x20)
    expect(device.addFile('opt/alpha', Uint8Array.of(9))).toBe(0x21)
    expect(device.addFile('zeta', Uint8Array.of(4, 5))).toBe(0x20)
    const directory = item(0x19, 4 + 2 * 64)
    expect(directory.slice(0, 4)).toEqual([0, 0, 0, 2])
    expect(directory.slice(4, 12)).toEqual([0, 0, 0, 1, 0, 0x21, 0, 0])
    expect(String.fromCharCode(...directory.slice(12, 22))).toBe('opt/alpha\0')
    expect(directory.slice(68, 76)).toEqual([0, 0, 0, 2, 0, 0x20, 0, 0])
    expect([item(0x20, 3), item(0x21, 2)]).toEqual([
      [4, 5, 0],
      [9, 0],
    ])
    expect(() => device.addFile('x'.repeat(56), new Uint8Array(0))).toThrow(RangeError)
  })
})

describe('its DMA interface', () => {
  it('shows its signature', () => {
    const { range } = machine()
    expect([range(0x514)!.read(0x514, 4), range(0x518)!.read(0x518, 4)]).toEqual([0x554d_4551, 0x4746_4320])
    expect(machine(false).range(0x514)).toBeUndefined()
  })

  it('selects, skips and reads into memory, with zeros past the end', () => {
    const { device, dma, ram } = machine()
    const key = device.addFile('data', Uint8Array.of(1, 2, 3, 4, 5))
    ram.fill(0xee, 0x200, 0x210)
    expect(dma((key << 16) | 8, 0, 0)).toBe(0)
    expect(dma(4, 2, 0)).toBe(0)
    expect(dma(2, 5, 0x200)).toBe(0)
    expect(Array.from(ram.subarray(0x200, 0x207))).toEqual([3, 4, 5, 0, 0, 0xee, 0xee])
  })

  it('copies large items in pieces', () => {
    const { device, dma, ram } = machine()
    const key = device.addFile('data', new Uint8Array(0x3000).fill(7))
    expect(dma((key << 16) | 8 | 2, 0x3000, 0x1000)).toBe(0)
    expect([ram[0xfff], ram[0x1000], ram[0x3fff]]).toEqual([0, 7, 7])
  })

  it('says error for writing, and where there is no memory', () => {
    const { dma } = machine()
    expect([dma(16, 4, 0x200), dma((5 << 16) | 8 | 2, 2, 0x10_0000), dma(2, 0xffff_ffff, 0)]).toEqual([1, 1, 1])
  })

  it('ignores a request that is not in memory', () => {
    const { range } = machine()
    range(0x518)!.write(0x518, 4, 0xffff_ffff)
  })
})

it('saved state replays', () => {
  const m = machine()
  const run = (seed: number) => {
    const random = pseudoRandom(seed)
    return Array.from({ length: 200 }, () => {
      if (random() % 4 === 0) m.select([0, 1, 3, 5, 0x19][random() % 5]!)
      if (random() % 4 === 0) m.range(0x514)!.write(0x514, 4, random())
      return m.next(1)[0]
    })
  }
  expect(
    replayDifference(
      m.device,
      () => run(1),
      () => run(2),
    ),
  ).toBeUndefined()
})
