import { nanosecondsAt, pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { createPit, type PitOptions, pitHertz } from './index.ts'

function machine(options: Partial<PitOptions> = {}) {
  let now = 0
  const ticks = () => Math.floor((now * pitHertz) / 1e9 + 1e-6)
  const edges: string[] = []
  let level: boolean | undefined
  const pit = createPit({
    clock: { now: () => now },
    irq0: (next) => {
      if (next !== level) edges.push(`${ticks()}${next ? '+' : '-'}`)
      level = next
    },
    ...options,
  })
  const range = (port: number) => pit.ports!.find(({ first, count }) => port >= first && port < first + count)!
  return {
    pit,
    edges,
    inb: (port: number) => range(port).read(port, 1),
    outb: (port: number, value: number) => range(port).write(port, 1, value),
    to(tick: number) {
      const target = nanosecondsAt(pitHertz, tick)
      for (let stop = pit.timer.deadline(); stop <= target; stop = pit.timer.deadline()) {
        now = stop
        pit.timer.fire(now)
      }
      now = target
    },
    jump: (nanoseconds: number) => {
      now = nanoseconds
    },
    now: () => now,
  }
}

type Machine = ReturnType<typeof machine>

function program(m: Machine, counter: number, mode: number, count: number, bcd = 0) {
  m.outb(0x43, (counter << 6) | 0x30 | (mode << 1) | bcd)
  m.outb(0x40 + counter, count & 0xff)
  m.outb(0x40 + counter, count >> 8)
}

const latched = (m: Machine, counter: number) => {
  m.outb(0x43, counter << 6)
  return m.inb(0x40 + counter) | (m.inb(0x40 + counter) << 8)
}

const status = (m: Machine, counter: number) => {
  m.outb(0x43, 0xe0 | (2 << counter))
  return m.inb(0x40 + counter)
}

describe('counter 0', () => {
  it('drives IRQ0 at 18.2 Hz from power-on', () => {
    const m = machine()
    m.to(65_536 * 3)
    expect(m.edges).toEqual(['0+', '32768-', '65536+', '98304-', '131072+', '163840-', '196608+'])
  })

  it('in mode 0 raises OUT one tick after the count has passed, once', () => {
    const m = machine()
    program(m, 0, 0, 1000)
    m.to(70_000)
    expect(m.edges).toEqual(['0+', '0-', '1001+'])
    expect(m.pit.timer.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it('in mode 0 stops at the first byte of a new count and starts over after the second', () => {
    const m = machine()
    program(m, 0, 0, 1000)
    m.to(500)
    m.outb(0x40, 0x64)
    m.to(2000)
    expect(m.edges).toEqual(['0+', '0-'])
    m.outb(0x40, 0x00)
    m.to(3000)
    expect(m.edges).toEqual(['0+', '0-', '2101+'])
  })

  it('in mode 2 is low for the last tick of every period', () => {
    const m = machine()
    program(m, 0, 2, 100)
    m.to(301)
    expect(m.edges).toEqual(['0+', '100-', '101+', '200-', '201+', '300-', '301+'])
  })

  it('in mode 2 takes a new count at the end of the period', () => {
    const m = machine()
    program(m, 0, 2, 100)
    m.to(50)
    m.outb(0x40, 10)
    m.outb(0x40, 0)
    m.to(121)
    expect(m.edges).toEqual(['0+', '100-', '101+', '110-', '111+', '120-', '121+'])
  })

  it('in mode 3 with an odd count is high one tick longer than low', () => {
    const m = machine()
    program(m, 0, 3, 7)
    m.to(15)
    expect(m.edges).toEqual(['0+', '5-', '8+', '12-', '15+'])
  })

  it('in mode 3 takes a new count at the end of the half-period', () => {
    const m = machine()
    program(m, 0, 3, 100)
    m.to(10)
    m.outb(0x40, 10)
    m.outb(0x40, 0)
    m.to(66)
    expect(m.edges).toEqual(['0+', '51-', '56+', '61-', '66+'])
  })

  it('in mode 4 strobes low for one tick and stays high', () => {
    const m = machine()
    program(m, 0, 4, 100)
    m.to(70_000)
    expect(m.edges).toEqual(['0+', '101-', '102+'])
  })

  it('shows one edge when the clock has jumped over many periods', () => {
    const m = machine()
    program(m, 0, 2, 100)
    m.jump(50_000_000)
    m.pit.timer.fire(m.now())
    expect(m.edges.filter((edge) => edge.endsWith('+'))).toHaveLength(2)
  })

  it('with a count of 1 in a periodic mode never moves', () => {
    for (const mode of [2, 3]) {
      const m = machine()
      program(m, 0, mode, 1)
      expect(m.pit.timer.deadline()).toBe(Number.POSITIVE_INFINITY)
    }
  })
})

describe('reading', () => {
  it('counts down and latches a value until both bytes are read', () => {
    const m = machine()
    program(m, 0, 2, 1000)
    m.to(101)
    m.outb(0x43, 0x00)
    m.to(401)
    m.outb(0x43, 0x00)
    expect(m.inb(0x40) | (m.inb(0x40) << 8)).toBe(900)
    expect(m.inb(0x40) | (m.inb(0x40) << 8)).toBe(600)
  })

  it('in mode 3 counts down by two, twice in a period', () => {
    const m = machine()
    program(m, 0, 3, 1000)
    m.to(101)
    expect(latched(m, 0)).toBe(800)
    m.to(601)
    expect(latched(m, 0)).toBe(800)
  })

  it('in mode 0 wraps below zero and goes on', () => {
    const m = machine()
    program(m, 2, 0, 10)
    m.outb(0x61, 1)
    m.to(21)
    expect(latched(m, 2)).toBe(0x10000 - 11)
  })

  it('counts decimal digits in BCD', () => {
    const m = machine()
    program(m, 0, 2, 0x1000, 1)
    m.to(2)
    expect(latched(m, 0)).toBe(0x0999)
    program(m, 0, 0, 0, 1)
    m.to(1000)
    expect(latched(m, 0)).toBe(0x9003)
  })

  it('gives only the chosen byte when asked for one', () => {
    const m = machine()
    m.outb(0x43, 0x14)
    m.outb(0x40, 200)
    m.to(1)
    expect([m.inb(0x40), m.inb(0x40)]).toEqual([200, 200])
    m.outb(0x43, 0x24)
    m.outb(0x40, 2)
    m.to(2)
    expect([m.inb(0x40), m.inb(0x40)]).toEqual([2, 2])
  })

  it('reads back status before the count, both latched at once', () => {
    const m = machine()
    program(m, 0, 2, 1000)
    m.to(11)
    m.outb(0x43, 0xc2)
    m.to(500)
    expect([m.inb(0x40), m.inb(0x40), m.inb(0x40)]).toEqual([0xb4, 990 & 0xff, 990 >> 8])
  })

  it('says "null count" until the count is loaded', () => {
    const m = machine()
    m.outb(0x43, 0x34)
    expect(status(m, 0) & 0x40).toBe(0x40)
    m.outb(0x40, 10)
    m.outb(0x40, 0)
    expect(status(m, 0) & 0x40).toBe(0x40)
    m.to(1)
    expect(status(m, 0) & 0x40).toBe(0)
  })
})

describe('port 61H', () => {
  it('gates counter 2 and shows its OUT in bit 5', () => {
    const m = machine()
    program(m, 2, 0, 100)
    m.to(200)
    expect(m.inb(0x61) & 0x20).toBe(0)
    m.outb(0x61, 1)
    m.to(299)
    expect(m.inb(0x61) & 0x20).toBe(0)
    m.to(300)
    expect(m.inb(0x61) & 0x20).toBe(0x20)
  })

  it('pauses a mode 0 count and goes on where it stopped', () => {
    const m = machine()
    m.outb(0x61, 1)
    program(m, 2, 0, 100)
    m.to(51)
    m.outb(0x61, 0)
    m.to(1000)
    expect(latched(m, 2)).toBe(50)
    m.outb(0x61, 1)
    m.to(1049)
    expect(m.inb(0x61) & 0x20).toBe(0)
    m.to(1050)
    expect(m.inb(0x61) & 0x20).toBe(0x20)
  })

  it('triggers a one-shot, and triggers it again', () => {
    const m = machine()
    program(m, 2, 1, 100)
    m.outb(0x61, 1)
    m.to(2)
    expect(m.pit.out(2)).toBe(false)
    m.to(50)
    m.outb(0x61, 0)
    m.outb(0x61, 1)
    m.to(150)
    expect(m.pit.out(2)).toBe(false)
    m.to(151)
    expect(m.pit.out(2)).toBe(true)
  })

  it('a trigger in mode 5 makes one strobe after the count', () => {
    const m = machine()
    program(m, 2, 5, 100)
    m.outb(0x61, 1)
    const low: number[] = []
    for (let tick = 0; tick < 200; tick++) {
      m.to(tick)
      if (!m.pit.out(2)) low.push(tick)
    }
    expect(low).toEqual([101])
  })

  it('keeps bits 0 to 3, and bit 4 toggles by itself', () => {
    const m = machine()
    m.outb(0x61, 0xff)
    expect(m.inb(0x61) & 0xcf).toBe(0x0f)
    const before = m.inb(0x61) & 0x10
    m.to(20)
    expect(m.inb(0x61) & 0x10).not.toBe(before)
  })
})

describe('whatever is written', () => {
  function poke(m: Machine, next: () => number, steps: number): number[] {
    const answers: number[] = []
    let tick = Math.floor((m.now() * pitHertz) / 1e9) + 1
    for (let step = 0; step < steps; step++) {
      tick += next() % 40
      m.to(tick)
      const port = [0x40, 0x41, 0x42, 0x43, 0x61][next() % 5]!
      if (next() % 2 === 0) m.outb(port, next() & 0xff & (port < 0x43 ? 0x1f : 0xff))
      answers.push(m.inb(port), m.pit.out(0) ? 1 : 0, m.pit.timer.deadline())
    }
    return answers
  }

  it.each([1, 2, 3, 4, 5, 6])('saved state replays (seed %i)', (seed) => {
    const m = machine()
    let mark = 0
    const difference = replayDifference(
      m.pit,
      () => {
        poke(m, pseudoRandom(seed), 200)
        mark = m.now()
      },
      () => {
        m.jump(mark)
        return poke(m, pseudoRandom(seed + 100), 200)
      },
    )
    expect(difference).toBeUndefined()
  })

  it.each([1, 2, 3, 4, 5, 6])('port 61H shows OUT as it is, however often it is looked at (seed %i)', (seed) => {
    const [m, next] = [machine(), pseudoRandom(seed)]
    let at = 0
    for (let step = 0; step < 3000; step++) {
      at += next() % 3000
      m.jump(at)
      if (next() % 40 === 0) m.outb([0x42, 0x43, 0x61][next() % 3]!, next() & (next() % 2 === 0 ? 0xbf : 0x1f))
      expect((m.inb(0x61) & 0x20) !== 0).toBe(m.pit.out(2))
    }
  })

  it.each([0, 1, 2, 3, 4, 5])('OUT moves only at the deadlines (mode %i)', (mode) => {
    for (const count of [1, 2, 3, 4, 5, 9, 10]) {
      const [stepping, sleeping] = [machine(), machine()]
      for (const m of [stepping, sleeping]) program(m, 0, mode, count)
      const seen = ['0+']
      for (let tick = 0; tick <= 60; tick++) {
        stepping.jump(nanosecondsAt(pitHertz, tick))
        const edge = stepping.pit.out(0) ? '+' : '-'
        if (!seen.at(-1)!.endsWith(edge)) seen.push(`${tick}${edge}`)
      }
      sleeping.to(60)
      expect(sleeping.edges).toEqual(seen)
    }
  })

  it('a state of something else is refused', () => {
    expect(() => machine().pit.restore({ port61: 1 })).toThrow(RangeError)
  })
})

describe('from outside', () => {
  it('a counter that nobody has programmed stands still', () => {
    const m = machine({ powerOn: 'unprogrammed', speaker: 'absent' })
    m.to(200_000)
    expect(m.edges).toEqual(['0+'])
    expect(m.pit.timer.deadline()).toBe(Number.POSITIVE_INFINITY)
    expect(m.pit.readRegisters().counters.map(({ mode, count, gate }) => [mode, count, gate])).toEqual([
      [0xff, 65_536, 1],
      [0xff, 65_536, 1],
      [0xff, 65_536, 0],
    ])
    program(m, 0, 2, 1000)
    m.to(203_000)
    expect(m.edges.length).toBeGreaterThan(4)
  })

  it('another takes its registers, and counts from the beginning', () => {
    const [from, to] = [machine(), machine()]
    program(from, 0, 2, 1000)
    from.outb(0x43, 0x30)
    from.outb(0x40, 0x12)
    from.outb(0x43, 0)
    const registers = from.pit.readRegisters()
    expect(registers.counters[0]).toMatchObject({ access: 3, writeNext: 4, lowByte: 0x12, countLatched: 3, mode: 0 })
    to.pit.writeRegisters(registers)
    expect(to.pit.readRegisters()).toEqual(registers)
    to.outb(0x40, 0x34)
    expect(to.pit.readRegisters().counters[0].count).toBe(0x3412)
  })
})
