import { pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { createPic } from './index.ts'

function machine() {
  const levels: boolean[] = []
  const pic = createPic({ intr: (level) => levels.push(level) })
  const range = (port: number) => pic.ports!.find(({ first, count }) => port >= first && port < first + count)!
  const inb = (port: number) => range(port).read(port, 1)
  const outb = (port: number, value: number) => range(port).write(port, 1, value)
  return { pic, levels, inb, outb }
}

type Machine = ReturnType<typeof machine>

function initialize({ outb }: Machine, icw4 = 0x01) {
  for (const [command, base, icw3] of [
    [0x20, 0x20, 4],
    [0xa0, 0x28, 2],
  ] as const) {
    outb(command, 0x11)
    outb(command + 1, base)
    outb(command + 1, icw3)
    outb(command + 1, icw4)
  }
}

function ready(icw4?: number) {
  const m = machine()
  initialize(m, icw4)
  return m
}

const pulse = ({ pic }: Machine, irq: number) => {
  pic.setLine(irq, true)
  pic.setLine(irq, false)
}

/** Every vector the processor gets when it acknowledges and ends with a non-specific EOI until nothing is left. */
function drain(m: Machine): number[] {
  const vectors: number[] = []
  while (m.pic.pending() && vectors.length < 20) {
    const vector = m.pic.acknowledge()
    vectors.push(vector)
    if (vector >= 0x28) m.outb(0xa0, 0x20)
    m.outb(0x20, 0x20)
  }
  return vectors
}

describe('a pair of 8259As', () => {
  it('delivers every input with its own vector, the most urgent first', () => {
    const m = ready()
    for (const irq of [15, 0, 7, 8, 3]) pulse(m, irq)
    expect(drain(m)).toEqual([0x20, 0x28, 0x2f, 0x23, 0x27])
  })

  it('raises INT once and drops it when taken', () => {
    const m = ready()
    pulse(m, 4)
    pulse(m, 4)
    expect(m.levels).toEqual([true])
    expect(m.pic.acknowledge()).toBe(0x24)
    expect(m.levels).toEqual([true, false])
  })

  it('masks read back, and hold a request until they are cleared', () => {
    const m = ready()
    m.outb(0x21, 0xfb)
    m.outb(0xa1, 0xff)
    expect([m.inb(0x21), m.inb(0xa1)]).toEqual([0xfb, 0xff])
    pulse(m, 9)
    expect(m.pic.pending()).toBe(false)
    m.outb(0xa1, 0xfd)
    expect(drain(m)).toEqual([0x29])
  })

  it('an interrupt in service holds back itself and everything less urgent', () => {
    const m = ready()
    pulse(m, 3)
    expect(m.pic.acknowledge()).toBe(0x23)
    pulse(m, 3)
    pulse(m, 4)
    expect(m.pic.pending()).toBe(false)
    pulse(m, 1)
    expect(m.pic.acknowledge()).toBe(0x21)
    m.outb(0x20, 0x20)
    expect(m.pic.pending()).toBe(false)
    m.outb(0x20, 0x63)
    expect(drain(m)).toEqual([0x23, 0x24])
  })

  it('shows IRR, or ISR when asked', () => {
    const m = ready()
    pulse(m, 0)
    pulse(m, 5)
    m.pic.acknowledge()
    expect(m.inb(0x20)).toBe(0x20)
    m.outb(0x20, 0x0b)
    expect(m.inb(0x20)).toBe(0x01)
    m.outb(0x20, 0x0a)
    expect(m.inb(0x20)).toBe(0x20)
  })

  it('a level input asks again for as long as it is high', () => {
    const m = ready()
    m.outb(0x4d1, 0x0a)
    m.outb(0x4d0, 0xff)
    expect([m.inb(0x4d0), m.inb(0x4d1)]).toEqual([0xf8, 0x0a])
    m.pic.setLine(11, true)
    expect(m.pic.acknowledge()).toBe(0x2b)
    m.outb(0xa0, 0x20)
    m.outb(0x20, 0x20)
    expect(m.pic.acknowledge()).toBe(0x2b)
    m.pic.setLine(11, false)
    m.outb(0xa0, 0x20)
    m.outb(0x20, 0x20)
    expect(m.pic.pending()).toBe(false)
  })

  it('answers with input 7 or 15, not in service, when the request has gone', () => {
    const m = ready()
    m.outb(0x4d0, 0x10)
    m.outb(0x4d1, 0x02)
    m.pic.setLine(4, true)
    m.pic.setLine(4, false)
    expect(m.pic.acknowledge()).toBe(0x27)
    m.outb(0x20, 0x0b)
    expect(m.inb(0x20)).toBe(0)
  })

  it('polling takes the most urgent request', () => {
    const m = ready()
    pulse(m, 6)
    m.outb(0x20, 0x0c)
    expect(m.inb(0x20)).toBe(0x86)
    expect(m.pic.pending()).toBe(false)
    m.outb(0x20, 0x0b)
    expect(m.inb(0x20)).toBe(0x40)
    m.outb(0x20, 0x20)
    m.outb(0x20, 0x0c)
    expect(m.inb(0x20) & 0x80).toBe(0)
  })

  it('with automatic EOI never leaves anything in service', () => {
    const m = ready(0x03)
    pulse(m, 10)
    pulse(m, 1)
    expect([m.pic.acknowledge(), m.pic.acknowledge()]).toEqual([0x21, 0x2a])
    m.outb(0x20, 0x0b)
    m.outb(0xa0, 0x0b)
    expect([m.inb(0x20), m.inb(0xa0)]).toEqual([0, 0])
  })

  it('rotation gives the served input the lowest priority', () => {
    const m = ready()
    m.outb(0x20, 0xc3)
    for (const irq of [3, 4, 0]) pulse(m, irq)
    expect(drain(m)).toEqual([0x24, 0x20, 0x23])
    pulse(m, 4)
    m.pic.acknowledge()
    m.outb(0x20, 0xa0)
    for (const irq of [4, 5]) pulse(m, irq)
    expect(drain(m)).toEqual([0x25, 0x24])
  })

  it('rotates after every interrupt in automatic EOI mode when told so', () => {
    const m = ready(0x03)
    m.outb(0x20, 0x80)
    pulse(m, 0)
    expect(m.pic.acknowledge()).toBe(0x20)
    for (const irq of [0, 1]) pulse(m, irq)
    expect([m.pic.acknowledge(), m.pic.acknowledge()]).toEqual([0x21, 0x20])
  })

  it('special mask mode lets less urgent inputs pass one that is masked while in service', () => {
    const m = ready()
    pulse(m, 1)
    m.pic.acknowledge()
    m.outb(0x21, 0x02)
    pulse(m, 5)
    expect(m.pic.pending()).toBe(false)
    m.outb(0x20, 0x68)
    expect(m.pic.acknowledge()).toBe(0x25)
  })

  it('special fully nested mode lets a more urgent input of the slave pass', () => {
    for (const [icw4, passes] of [
      [0x01, false],
      [0x11, true],
    ] as const) {
      const m = ready(icw4)
      pulse(m, 12)
      expect(m.pic.acknowledge()).toBe(0x2c)
      pulse(m, 9)
      expect(m.pic.pending()).toBe(passes)
    }
  })

  it('initialization clears masks, requests of edges and what is in service', () => {
    const m = ready()
    pulse(m, 1)
    m.pic.acknowledge()
    pulse(m, 2)
    pulse(m, 3)
    m.outb(0x21, 0x40)
    initialize(m)
    expect(m.inb(0x21)).toBe(0)
    expect(m.pic.pending()).toBe(false)
    pulse(m, 1)
    expect(drain(m)).toEqual([0x21])
  })

  it('input 2 is not driven from outside', () => {
    const m = ready()
    m.pic.setLine(2, true)
    expect(m.pic.pending()).toBe(false)
  })

  it('says of a request whether it is masked, joins one that waits, or is new', () => {
    const m = ready()
    m.outb(0x21, 0x08)
    expect([m.pic.setLine(3, true), m.pic.setLine(4, true), m.pic.setLine(4, false)]).toEqual([-1, 1, 1])
    expect([m.pic.setLine(4, true), m.pic.setLine(4, true)]).toEqual([0, 1])
  })

  it('tells of ends and of masks', () => {
    const told: (number | string)[] = []
    const pic = createPic({
      intr: () => {},
      onEnd: (irq) => told.push(irq),
      onMask: (irq, on) => told.push(`${irq} ${on}`),
    })
    const outb = (port: number, value: number) =>
      pic.ports!.find(({ first, count }) => port >= first && port < first + count)!.write(port, 1, value)
    pic.setLine(9, true)
    pic.acknowledge()
    outb(0xa0, 0x20)
    outb(0x20, 0x62)
    outb(0xa1, 0x81)
    outb(0xa1, 0x80)
    expect(told).toEqual([9, 2, '8 true', '15 true', '8 false'])
  })

  it('goes on from the registers of another', () => {
    const [from, to] = [ready(), machine()]
    from.outb(0x21, 0x10)
    pulse(from, 12)
    pulse(from, 1)
    from.pic.acknowledge()
    for (const chip of ['master', 'slave'] as const) to.pic.writeRegisters(chip, from.pic.readRegisters(chip))
    expect(to.pic.readRegisters('master')).toEqual(from.pic.readRegisters('master'))
    for (const { outb } of [from, to]) outb(0x20, 0x20)
    expect(drain(to)).toEqual(drain(from))
    expect(to.levels.at(-1)).toBe(false)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('saved state replays (seed %i)', (seed) => {
    const m = machine()
    const run = (start: number, steps: number) => {
      const next = pseudoRandom(start)
      return Array.from({ length: steps }, () => {
        const port = [0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1][next() % 6]!
        const choice = next() % 8
        if (choice < 4) m.pic.setLine(next() % 16, next() % 2 === 0)
        else if (choice < 6) m.outb(port, next() & 0xff)
        else if (choice === 6) return m.pic.acknowledge()
        return m.inb(port) * 2 + Number(m.pic.pending())
      })
    }
    initialize(m)
    expect(
      replayDifference(
        m.pic,
        () => run(seed, 100),
        () => run(seed + 50, 300),
      ),
    ).toBeUndefined()
  })
})
