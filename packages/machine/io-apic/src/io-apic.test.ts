import { type InterruptMessage, pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { createIoApic } from './index.ts'

function machine(version?: 0x11 | 0x20) {
  const sent: InterruptMessage[] = []
  const state = { takers: 1 }
  const apic = createIoApic({
    send: (message) => {
      sent.push(message)
      return state.takers
    },
    ...(version === undefined ? {} : { version }),
  })
  const page = apic.memory[0]
  const read = (register: number) => {
    page.write(0, 4, register)
    return page.read(0x10, 4)
  }
  const write = (register: number, value: number) => {
    page.write(0, 4, register)
    page.write(0x10, 4, value)
  }
  const vectors = () => sent.splice(0).map(({ vector }) => vector)
  return { apic, page, sent, read, write, vectors, state }
}

const edge = 0
const level = 0x8000
const masked = 0x1_0000
const pin = (number: number) => 0x10 + 2 * number

describe('an I/O APIC', () => {
  it('says how many inputs it has, and starts with all of them masked', () => {
    const { read, page } = machine()
    expect(page.base).toBe(0xfec0_0000)
    expect(read(1)).toBe(0x0017_0020)
    for (let number = 0; number < 24; number++) expect([read(pin(number)), read(pin(number) + 1)]).toEqual([masked, 0])
    expect(read(pin(24))).toBe(0)
    expect(machine(0x11).read(1)).toBe(0x0017_0011)
  })

  it('keeps its ID, shown as arbitration ID too', () => {
    const { read, write } = machine()
    write(0, 0xffff_ffff)
    write(1, 0)
    expect([read(0), read(2), read(1)]).toEqual([0x0f00_0000, 0x0f00_0000, 0x0017_0020])
  })

  it('keeps only the bits that software may write', () => {
    const { read, write } = machine()
    write(pin(3), 0xffff_ffff)
    write(pin(3) + 1, 0xffff_ffff)
    expect([read(pin(3)), read(pin(3) + 1)]).toEqual([0x1_afff, 0xff00_0000])
  })

  it.each([
    ['fixed', 0x0045, 0x02, { delivery: 'fixed', destination: 2, destinationMode: 'physical' }],
    ['lowest priority, logical', 0x0945, 0x0f, { delivery: 'lowest', destination: 15, destinationMode: 'logical' }],
    ['SMI', 0x0200, 0x01, { delivery: 'smi', destination: 1, destinationMode: 'physical' }],
    ['NMI', 0x0400, 0x01, { delivery: 'nmi', destination: 1, destinationMode: 'physical' }],
    ['INIT', 0x0500, 0x01, { delivery: 'init', destination: 1, destinationMode: 'physical' }],
    ['ExtINT', 0x0700, 0xff, { delivery: 'external', destination: 0xffff_ffff, destinationMode: 'physical' }],
  ])('delivers %s', (_, low, destination, message) => {
    const { apic, write, sent } = machine()
    write(pin(9) + 1, destination << 24)
    write(pin(9), low)
    apic.setLine(9, true)
    expect(sent).toEqual([{ vector: low & 0xff, trigger: 'edge', ...message }])
  })

  it.each([0x0300, 0x0600])('a reserved delivery mode sends nothing (%i)', (low) => {
    const { apic, write, sent } = machine()
    write(pin(9), low)
    apic.setLine(9, true)
    expect(sent).toEqual([])
  })

  it('an edge is one message, and the next needs the line to drop', () => {
    const { apic, write, vectors } = machine()
    write(pin(14), edge | 0x77)
    apic.setLine(14, true)
    apic.setLine(14, true)
    apic.setLine(14, false)
    apic.setLine(14, true)
    expect(vectors()).toEqual([0x77, 0x77])
  })

  it('an edge while masked is lost', () => {
    const { apic, write, vectors } = machine()
    write(pin(14), masked | edge | 0x81)
    apic.setLine(14, true)
    write(pin(14), edge | 0x81)
    expect(vectors()).toEqual([])
    apic.setLine(14, false)
    apic.setLine(14, true)
    expect(vectors()).toEqual([0x81])
  })

  it('a level is one message until its end, and comes again while it is asserted', () => {
    const { apic, read, write, vectors } = machine()
    write(pin(14), level | 0x9a)
    apic.setLine(14, true)
    expect(read(pin(14))).toBe(level | 0x4000 | 0x9a)
    apic.setLine(14, false)
    apic.setLine(14, true)
    expect(vectors()).toEqual([0x9a])
    apic.endOfInterrupt(0x55)
    expect(vectors()).toEqual([])
    apic.endOfInterrupt(0x9a)
    expect(vectors()).toEqual([0x9a])
    apic.setLine(14, false)
    apic.endOfInterrupt(0x9a)
    expect([vectors(), read(pin(14))]).toEqual([[], level | 0x9a])
  })

  it('a level that came while masked is delivered when the mask goes', () => {
    const { apic, write, vectors } = machine()
    write(pin(14), masked | level | 0x9a)
    apic.setLine(14, true)
    expect(vectors()).toEqual([])
    write(pin(14), level | 0x9a)
    expect(vectors()).toEqual([0x9a])
  })

  it('masking while the interrupt is being served does not lose its end', () => {
    const { apic, read, write, vectors } = machine()
    write(pin(14), level | 0x9a)
    apic.setLine(14, true)
    write(pin(14), masked | level | 0x9a)
    apic.endOfInterrupt(0x9a)
    expect([vectors(), read(pin(14))]).toEqual([[0x9a], masked | level | 0x9a])
    write(pin(14), level | 0x9a)
    expect(vectors()).toEqual([0x9a])
  })

  it('becoming edge-triggered clears remote IRR', () => {
    const { apic, read, write } = machine()
    write(pin(14), level | 0x9a)
    apic.setLine(14, true)
    write(pin(14), masked | edge | 0x9a)
    expect(read(pin(14))).toBe(masked | 0x9a)
  })

  it('a level that nobody took is not waiting for an end', () => {
    const { apic, read, write, state } = machine()
    state.takers = 0
    write(pin(14), level | 0x9a)
    apic.setLine(14, true)
    expect(read(pin(14))).toBe(level | 0x9a)
  })

  it('has an EOI register from version 20H on', () => {
    for (const [version, cleared] of [
      [0x20, true],
      [0x11, false],
    ] as const) {
      const { apic, page, read, write } = machine(version)
      write(pin(1), level | 0x9a)
      apic.setLine(1, true)
      apic.setLine(1, false)
      page.write(0x40, 4, 0x9a)
      expect(read(pin(1)) === (level | 0x9a)).toBe(cleared)
    }
  })

  it('a line that does not exist is nobody', () => {
    const { apic, sent } = machine()
    apic.setLine(24, true)
    expect(sent).toEqual([])
  })

  it.each([1, 2, 3, 4])('saved state replays (seed %i)', (seed) => {
    const m = machine()
    const run = (start: number) => {
      const next = pseudoRandom(start)
      return Array.from({ length: 300 }, () => {
        const choice = next() % 4
        if (choice === 0) m.write(next() % 4 === 0 ? 0 : next() % 0x42, ((next() << 24) | (next() & 0x1_87ff)) >>> 0)
        else if (choice === 1) m.apic.endOfInterrupt(next() & 0xff)
        else m.apic.setLine(next() % 24, next() % 2 === 0)
        return `${m.read(next() % 0x42)} ${m.vectors()}`
      })
    }
    expect(
      replayDifference(
        m.apic,
        () => run(seed),
        () => run(seed + 10),
      ),
    ).toBeUndefined()
  })

  it('says what came of an input', () => {
    const { apic, write, state } = machine()
    expect(apic.setLine(4, true)).toBe(-1)
    expect(apic.setLine(4, false)).toBe(1)
    write(pin(4), 0x55)
    expect([apic.setLine(4, true), apic.setLine(4, true)]).toEqual([1, 0])
    write(pin(5), level | 0x56)
    state.takers = 3
    expect([apic.setLine(5, true), apic.setLine(5, true)]).toEqual([3, -1])
    expect(apic.setLine(24, true)).toBe(-1)
  })

  it('goes on from the registers of another, whose requests are made again', () => {
    const [from, to] = [machine(), machine()]
    from.write(pin(7), level | masked | 0x77)
    from.write(pin(8), 0x78)
    from.apic.setLine(7, true)
    from.apic.setLine(8, true)
    const registers = from.apic.readRegisters()
    expect([registers.requests, registers.entries[7]]).toEqual([1 << 7, 0x1_8077n])
    to.apic.writeRegisters({ ...registers, entries: registers.entries.with(7, 0x8077n) })
    expect(to.vectors()).toEqual([0x77])
    expect(to.apic.readRegisters().entries[7]).toBe(0xc077n)
  })

  it('tells of masks and ends, and asks who drives an input whether an old level still stands', () => {
    const told: unknown[] = []
    const resampled: number[] = []
    const apic = createIoApic({
      send: () => 1,
      reserved: 'kept',
      onMask: (at, is) => told.push([at, is]),
      onEnd: (at) => told.push(at),
      resample: (at) => resampled.push(at) === 1,
    })
    const write = (register: number, value: number) => {
      apic.memory[0].write(0, 4, register)
      apic.memory[0].write(0x10, 4, value)
    }
    write(pin(3), level | masked | 0x33)
    apic.setLine(3, true)
    write(pin(3), 0xfffe_0000 | level | 0x33)
    expect(apic.readRegisters()).toMatchObject({ requests: 0 })
    expect(apic.readRegisters().entries[3]).toBe(0xfffe_8033n)
    apic.endOfInterrupt(0x33, 'edge')
    expect([told, resampled]).toEqual([[[3, false], 3], [3]])
  })
})
