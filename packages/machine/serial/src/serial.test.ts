import { pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { createSerial } from './index.ts'

const IER = 1
const IIR = 2
const FCR = 2
const LCR = 3
const MCR = 4
const LSR = 5
const MSR = 6
const SCR = 7

function machine() {
  let now = 0
  const sent: number[] = []
  const edges: string[] = []
  const rooms: number[] = []
  const uart = createSerial({
    base: 0x3f8,
    clock: { now: () => now },
    irq: (level) => edges.push(level ? '+' : '-'),
    onTransmit: (byte) => sent.push(byte),
    onRoom: () => rooms.push(now),
  })
  const range = uart.ports![0]!
  return {
    uart,
    sent,
    edges,
    rooms,
    read: (register: number) => range.read(0x3f8 + register, 1),
    write: (register: number, byte: number) => range.write(0x3f8 + register, 1, byte),
    receive: (text: string) => uart.receive(Uint8Array.from(text, (character) => character.charCodeAt(0))),
    at: (time: number) => {
      now = time
      if (uart.timer.deadline() <= now) uart.timer.fire(now)
    },
    now: () => now,
  }
}

const withInterrupts = (fifo = 0xc1) => {
  const m = machine()
  m.write(LCR, 3)
  m.write(FCR, fifo)
  m.write(MCR, 0x0b)
  return m
}

describe('a 16550A', () => {
  it('has registers that read back', () => {
    const { read, write } = machine()
    write(SCR, 0xa5)
    write(LCR, 0x1b)
    write(MCR, 0xff)
    write(IER, 0xff)
    expect([read(SCR), read(LCR), read(MCR), read(IER)]).toEqual([0xa5, 0x1b, 0x1f, 0x0f])
  })

  it('hides two registers behind the divisor latch', () => {
    const { read, write, sent } = machine()
    write(IER, 5)
    write(LCR, 0x83)
    write(0, 0x34)
    write(1, 0x12)
    expect([read(0), read(1)]).toEqual([0x34, 0x12])
    write(LCR, 3)
    expect([read(1), sent]).toEqual([5, []])
  })

  it('shows by its FIFO bits what part it is', () => {
    const { read, write } = machine()
    expect(read(IIR)).toBe(0x01)
    write(FCR, 1)
    expect(read(IIR)).toBe(0xc1)
    write(FCR, 0)
    expect(read(IIR)).toBe(0x01)
  })

  it('transmits at once and is always empty', () => {
    const { read, write, sent } = machine()
    write(LCR, 3)
    for (const byte of [0x68, 0x69]) write(0, byte)
    expect([sent, read(LSR)]).toEqual([[0x68, 0x69], 0x60])
  })

  it('gives received characters in order, and ready until the last is read', () => {
    const { read, receive, uart } = withInterrupts()
    expect(receive('hello, this is more than sixteen')).toBe(16)
    expect(uart.room).toBe(0)
    const text = Array.from({ length: 16 }, () => {
      expect(read(LSR) & 1).toBe(1)
      return String.fromCharCode(read(0))
    }).join('')
    expect([text, read(LSR), read(0)]).toEqual(['hello, this is m', 0x60, 0])
  })

  it('takes one character at a time without a FIFO', () => {
    const { read, receive, uart, write } = machine()
    write(LCR, 3)
    expect([receive('ab'), uart.room, read(0), receive('b'), read(0)]).toEqual([1, 0, 0x61, 1, 0x62])
  })

  it('knows who asks for a character again and again', () => {
    const { read, receive, uart, write } = machine()
    write(LCR, 3)
    for (let count = 0; count < 100; count += 1) {
      read(LSR)
      write(0, 0x78)
    }
    expect(uart.polled).toBe(false)
    for (let count = 0; count < 100; count += 1) read(LSR)
    expect(uart.polled).toBe(true)
    receive('a')
    expect(uart.polled).toBe(false)
  })

  it('says when there is room again', () => {
    const { read, receive, rooms, write } = withInterrupts()
    receive('ab')
    read(0)
    expect(rooms).toHaveLength(0)
    read(0)
    expect(rooms).toHaveLength(1)
    receive('abc')
    write(FCR, 0xc3)
    expect([rooms.length, read(LSR)]).toEqual([2, 0x60])
  })
})

describe('interrupts', () => {
  it('reach the line only through OUT2', () => {
    const { write, edges } = machine()
    write(IER, 2)
    expect(edges).toEqual([])
    write(MCR, 8)
    expect(edges).toEqual(['+'])
    write(MCR, 0)
    expect(edges).toEqual(['+', '-'])
  })

  it('enabling the transmitter interrupt interrupts, and naming it ends it', () => {
    const { read, write, edges } = withInterrupts()
    write(IER, 2)
    expect([edges, read(IIR), read(IIR)]).toEqual([['+', '-'], 0xc2, 0xc1])
    write(IER, 2)
    expect(read(IIR)).toBe(0xc1)
    write(IER, 0)
    write(IER, 2)
    expect(read(IIR)).toBe(0xc2)
  })

  it('every transmitted character is a new edge', () => {
    const { read, write, edges } = withInterrupts()
    write(IER, 2)
    write(0, 0x41)
    expect(edges).toEqual(['+', '-', '+'])
    read(IIR)
    write(0, 0x42)
    expect(edges).toEqual(['+', '-', '+', '-', '+'])
  })

  it.each([
    [0x01, 1],
    [0x41, 4],
    [0x81, 8],
    [0xc1, 14],
  ])('FIFO control %i interrupts at %i characters', (control, level) => {
    const { read, receive, write, edges } = withInterrupts(control)
    write(IER, 1)
    receive('x'.repeat(level - 1))
    expect(edges).toEqual([])
    receive('x')
    expect([edges, read(IIR)]).toEqual([['+'], 0xc4])
    read(0)
    expect(edges).toEqual(['+', '-'])
  })

  it('fewer characters than that interrupt after four character times', () => {
    const m = withInterrupts()
    m.write(IER, 1)
    m.receive('ab')
    const timeout = Math.ceil((4 * 10 * 1e9 * 16 * 12) / 1_843_200)
    expect(m.uart.timer.deadline()).toBe(timeout)
    m.at(timeout - 1)
    expect(m.read(IIR)).toBe(0xc1)
    m.at(timeout)
    expect([m.edges, m.read(IIR)]).toEqual([['+'], 0xcc])
    m.read(0)
    expect([m.edges, m.uart.timer.deadline()]).toEqual([['+', '-'], 2 * timeout])
    m.read(0)
    expect(m.uart.timer.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it('come in the order of their urgency', () => {
    const { read, receive, write } = withInterrupts(0x01)
    write(IER, 0x0f)
    write(MCR, 0x18)
    for (let count = 0; count < 17; count++) write(0, count)
    write(MCR, 0x0b)
    expect([read(IIR), read(LSR), read(IIR)]).toEqual([0xc6, 0x63, 0xc4])
    write(FCR, 0x03)
    expect([read(IIR), read(IIR), read(MSR) & 0xf, read(IIR)]).toEqual([0xc2, 0xc0, 0x3, 0xc1])
    receive('a')
    expect(read(IIR)).toBe(0xc4)
  })
})

describe('loopback', () => {
  it('returns characters and sends none', () => {
    const { read, receive, uart, write, sent } = machine()
    write(LCR, 3)
    write(MCR, 0x10)
    write(0, 0x5a)
    expect([read(LSR), read(0), sent, uart.room, receive('x')]).toEqual([0x61, 0x5a, [], 0, 0])
  })

  it.each([
    [0x01, 0x20],
    [0x02, 0x10],
    [0x04, 0x40],
    [0x08, 0x80],
  ])('connects modem output %i to input %i', (output, input) => {
    const { read, write } = machine()
    write(MCR, 0x10)
    read(MSR)
    write(MCR, 0x10 | output)
    expect(read(MSR) & 0xf0).toBe(input)
  })

  it('notes changed inputs once', () => {
    const { read, write } = machine()
    expect(read(MSR)).toBe(0xb0)
    write(MCR, 0x10)
    expect([read(MSR), read(MSR)]).toEqual([0x0b, 0x00])
    write(MCR, 0x14)
    expect(read(MSR)).toBe(0x40)
    write(MCR, 0x10)
    expect(read(MSR)).toBe(0x04)
  })

  it('a break arrives as a zero with its own status', () => {
    const { read, write } = machine()
    write(MCR, 0x10)
    write(FCR, 1)
    write(LCR, 0x43)
    expect([read(LSR), read(LSR), read(0)]).toEqual([0xf1, 0x61, 0])
  })

  it('characters have the length that the line control says', () => {
    const { read, write } = machine()
    write(MCR, 0x10)
    write(LCR, 0)
    write(0, 0xff)
    expect(read(0)).toBe(0x1f)
  })
})

it.each([1, 2, 3, 4, 5, 6])('saved state replays (seed %i)', (seed) => {
  const m = machine()
  let mark = 0
  const run = (start: number) => {
    const next = pseudoRandom(start)
    return Array.from({ length: 400 }, () => {
      m.at(m.now() + (next() % 2_000_000))
      const choice = next() % 6
      // a FIFO, in loopback, that takes a break
      if (choice === 4)
        for (const [register, byte] of [
          [FCR, 1],
          [MCR, 0x18],
          [LCR, 3],
          [LCR, 0x43],
        ] as const)
          m.write(register, byte)
      else if (choice === 0) m.write(next() % 8, next() & 0xff)
      else if (choice === 1) m.uart.receive(new Uint8Array(next() % 20))
      return `${m.read(next() % 8)} ${m.uart.room} ${m.uart.timer.deadline()} ${m.edges.splice(0)} ${m.sent.splice(0)}`
    })
  }
  const difference = replayDifference(
    m.uart,
    () => {
      run(seed)
      mark = m.now()
    },
    () => {
      m.at(mark)
      return run(seed + 9)
    },
  )
  expect(difference).toBeUndefined()
})
