import { pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { type Alarm, secondsUntil } from './alarm.ts'
import { civilTimeOf, secondsOf } from './calendar.ts'
import { createRtc } from './index.ts'

const second = 1_000_000_000
const at = (text: string) => Date.parse(`${text}Z`) / 1000

function machine(start = '2024-02-28T23:59:58') {
  let now = 0
  const edges: string[] = []
  const rtc = createRtc({
    clock: { now: () => now },
    irq8: (level) => edges.push(`${now / second}${level ? '+' : '-'}`),
    startSeconds: at(start),
    memory: { 21: 0x80, 22: 0x02 },
  })
  const range = rtc.ports![0]!
  const read = (index: number) => {
    range.write(0x70, 1, index)
    return range.read(0x71, 1)
  }
  const write = (index: number, byte: number) => {
    range.write(0x70, 1, index)
    range.write(0x71, 1, byte)
  }
  const to = (target: number) => {
    for (let stop = rtc.timer.deadline(); stop <= target; stop = rtc.timer.deadline()) {
      now = stop
      rtc.timer.fire(now)
    }
    now = target
  }
  const shown = () => [0x32, 9, 8, 7, 4, 2, 0].map((index) => read(index).toString(16).padStart(2, '0')).join(' ')
  const jump = (target: number) => {
    now = target
  }
  return { rtc, range, edges, read, write, to, shown, jump, now: () => now }
}

describe('the calendar', () => {
  it('agrees with the host in both directions over four centuries', () => {
    const next = pseudoRandom(7)
    for (let count = 0; count < 2000; count++) {
      const seconds = (next() * 1000 + next()) % 12_622_780_800
      const host = new Date(seconds * 1000)
      const time = civilTimeOf(seconds)
      expect([time.year, time.month, time.day, time.hour, time.minute, time.second, time.weekday]).toEqual([
        host.getUTCFullYear(),
        host.getUTCMonth() + 1,
        host.getUTCDate(),
        host.getUTCHours(),
        host.getUTCMinutes(),
        host.getUTCSeconds(),
        host.getUTCDay() + 1,
      ])
      expect(secondsOf(time)).toBe(seconds)
    }
  })
})

describe('the alarm search', () => {
  const obvious = (alarm: Alarm, from: number) => {
    for (let wait = 0; wait < 86_400; wait++) {
      const now = (from + wait) % 86_400
      const parts = [Math.floor(now / 3600), Math.floor(now / 60) % 60, now % 60]
      if ([alarm.hour, alarm.minute, alarm.second].every((want, index) => want < 0 || want === parts[index]))
        return wait
    }
    return Number.POSITIVE_INFINITY
  }
  it('finds what looking at every second finds', () => {
    const next = pseudoRandom(3)
    const field = (size: number) => (next() % 3 === 0 ? -1 : next() % size)
    for (let count = 0; count < 150; count++) {
      const alarm = { hour: field(26), minute: field(61), second: field(61) }
      const from = next() % 86_400
      expect([alarm, from, secondsUntil(alarm, from)]).toEqual([alarm, from, obvious(alarm, from)])
    }
  })
})

describe('the clock', () => {
  it('shows the time in BCD and 24 hours, and goes on by itself through a leap day', () => {
    const { shown, to, read } = machine()
    expect(shown()).toBe('20 24 02 28 23 59 58')
    expect(read(6)).toBe(4)
    to(2 * second)
    expect(shown()).toBe('20 24 02 29 00 00 00')
    expect(read(6)).toBe(5)
  })

  it('shows it in binary and in 12 hours when told so', () => {
    const { read, write, to } = machine()
    write(0x0b, 0x86)
    write(0, 30)
    write(2, 59)
    write(4, 23)
    write(7, 28)
    write(8, 2)
    write(9, 24)
    write(0x32, 20)
    write(0x0b, 0x06)
    expect([read(4), read(2), read(0)]).toEqual([23, 59, 30])
    write(0x0b, 0x84)
    write(4, 0x80 | 11)
    write(0x0b, 0x04)
    to(60 * second)
    expect([read(4), read(2), read(7)]).toEqual([12, 0, 29])
  })

  it('stands still while SET is on and takes what was written', () => {
    const { read, write, shown, to } = machine()
    write(0x0b, 0x82)
    to(5 * second)
    expect(shown()).toBe('20 24 02 28 23 59 58')
    for (const [index, value] of [
      [0, 0x59],
      [2, 0x30],
      [4, 0x12],
      [7, 0x31],
      [8, 0x12],
      [9, 0x99],
      [0x32, 0x19],
      [6, 0x06],
    ] as const) {
      write(index, value)
    }
    write(0x0b, 0x02)
    expect(shown()).toBe('19 99 12 31 12 30 59')
    to(5 * second + 12 * 3600 * second)
    expect(shown()).toBe('20 00 01 01 00 30 59')
    expect(read(6)).toBe(7)
  })

  it('begins its first update half a second after the divider is let go', () => {
    const { read, write, to } = machine()
    to(0.9 * second)
    write(0x0a, 0x76)
    to(3 * second)
    expect(read(0)).toBe(0x58)
    write(0x0a, 0x26)
    to(3.49 * second)
    expect(read(0)).toBe(0x58)
    to(3.5 * second)
    expect(read(0)).toBe(0x59)
  })

  it('announces an update 244 microseconds ahead', () => {
    const { read, to } = machine()
    const flag = (time: number) => {
      to(time)
      return read(0x0a) >> 7
    }
    expect([flag(0), flag(second - 244_001), flag(second - 244_000), flag(second - 1), flag(second)]).toEqual([
      0, 0, 1, 1, 0,
    ])
  })

  it('keeps memory, and says that the battery is good', () => {
    const { read, write, rtc } = machine()
    expect([read(0x15), read(0x16), read(0x0d)]).toEqual([0x80, 0x02, 0x80])
    write(0x0f, 0x0a)
    write(0x0d, 0)
    rtc.reset()
    expect([read(0x0f), read(0x0d), rtc.memoryAt(0x0f)]).toEqual([0x0a, 0x80, 0x0a])
  })

  it('does not show the index register', () => {
    const { range } = machine()
    range.write(0x70, 1, 0x8a)
    expect(range.read(0x70, 1)).toBe(0xff)
    expect(range.read(0x71, 1)).toBe(0x26)
  })
})

describe('interrupts', () => {
  it('once a second, until register C is read', () => {
    const { read, write, to, edges } = machine()
    read(0x0c)
    write(0x0b, 0x12)
    to(2.5 * second)
    expect(edges).toEqual(['1+'])
    expect(read(0x0c) & 0x90).toBe(0x90)
    expect([edges.at(-1), read(0x0c)]).toEqual(['2.5-', 0])
    to(3 * second)
    expect(edges.at(-1)).toBe('3+')
  })

  it.each([
    [3, 8192],
    [6, 1024],
    [15, 2],
    [1, 256],
    [2, 128],
  ])('periodic at rate %i: %i a second', (rate, hertz) => {
    const { read, write, to, edges } = machine()
    write(0x0a, 0x20 | rate)
    write(0x0b, 0x42)
    to(second / hertz - 1)
    expect(edges).toEqual([])
    to(Math.ceil(second / hertz))
    expect([edges.length, read(0x0c) & 0xc0]).toEqual([1, 0xc0])
  })

  it('rate 0 has no period', () => {
    const { write, rtc } = machine()
    write(0x0a, 0x20)
    write(0x0b, 0x42)
    expect(rtc.timer.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it.each([
    ['every second', 0xff, 0xff, 0xff, 1],
    ['a second of every minute', 0xc0, 0xc0, 0x05, 7],
    ['a time of day', 0x00, 0x01, 0x05, 67],
    ['tomorrow', 0x23, 0x59, 0x57, 86_399],
  ])('alarm: %s', (_, hour, minute, atSecond, wait) => {
    const { read, write, to, edges } = machine()
    write(5, hour)
    write(3, minute)
    write(1, atSecond)
    write(0x0b, 0x22)
    to(wait * second - 1)
    expect(edges).toEqual([])
    to(wait * second)
    expect(edges).toEqual([`${wait}+`])
    expect(read(0x0c) & 0xa0).toBe(0xa0)
  })

  it('an impossible alarm never goes off', () => {
    const { write, rtc } = machine()
    write(1, 0x75)
    write(0x0b, 0x22)
    expect(rtc.timer.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it('flags rise without being enabled, and enabling one that is up interrupts at once', () => {
    const { read, write, to, edges } = machine()
    to(1.5 * second)
    write(0x0b, 0x12)
    expect(edges).toEqual(['1.5+'])
    expect(read(0x0c) & 0xd0).toBe(0xd0)
  })

  it('SET turns update interrupts off', () => {
    const { read, write } = machine()
    write(0x0b, 0x92)
    expect(read(0x0b)).toBe(0x82)
  })
})

it.each([1, 2, 3, 4, 5, 6])('saved state replays (seed %i)', (seed) => {
  const m = machine()
  let mark = 0
  const run = (start: number) => {
    const next = pseudoRandom(start)
    const indexes = [...Array.from({ length: 14 }, (_, index) => index), 0x32, 0x40]
    return Array.from({ length: 300 }, () => {
      m.to(m.now() + (next() % 16) * (next() % 50_000_000))
      const index = indexes[next() % indexes.length]!
      if (next() % 3 === 0) m.write(index, index === 0x0a ? 0x20 | (next() & 0x47) | 8 : next() & 0xff)
      return `${m.read(indexes[next() % indexes.length]!)} ${m.rtc.timer.deadline()} ${m.edges.splice(0)} ${m.rtc.seconds()}`
    })
  }
  const difference = replayDifference(
    m.rtc,
    () => {
      run(seed)
      mark = m.now()
    },
    () => {
      m.jump(mark)
      return run(seed + 77)
    },
  )
  expect(difference).toBeUndefined()
})
