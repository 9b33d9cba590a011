import { nanosecondsAt, pseudoRandom, replayDifference, type Saved, savedText } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { createPcBoard, type MachineEvent, type PcBoardOptions, powerTimerHertz } from './index.ts'

const second = 1_000_000_000

function machine(cpus = 1, options: Partial<PcBoardOptions> = {}) {
  let now = 0
  const events: MachineEvent[] = []
  const signals: string[] = []
  const sent: string[] = []
  const woken: number[] = []
  const flushed: number[] = []
  const gates: boolean[] = []
  const board = createPcBoard({
    clock: { now: () => now },
    cpus,
    memorySize: 0x1_4000_0000,
    tsc: () => ({ at: (at) => BigInt(at) * 2n, when: (tsc) => Number((tsc + 1n) / 2n) }),
    onSignal: (cpu, signal) => signals.push(`${cpu} ${signal.kind}${signal.kind === 'startup' ? signal.vector : ''}`),
    onEvent: (event) => events.push(event),
    onInterrupt: (cpu) => woken.push(cpu),
    onFlushPage: (page) => flushed.push(page),
    onA20: (passes) => gates.push(passes),
    serialPorts: [0, 1].map((index) => ({
      onTransmit: (byte) => sent.push(`${index}${String.fromCharCode(byte)}`),
    })),
    ...options,
  })
  const to = (target: number) => {
    for (let stop = board.nextDeadline(); stop <= target; stop = board.nextDeadline()) {
      now = stop
      board.runTimers(now)
    }
    now = target
  }
  const inb = (port: number) => board.readPort(port, 1)
  const outb = (port: number, value: number) => board.writePort(port, 1, value)
  const redirect = (pin: number, low: number, destination = 0) => {
    board.writeMemory(0, 0xfec0_0000, 4, 0x11 + 2 * pin)
    board.writeMemory(0, 0xfec0_0010, 4, destination << 24)
    board.writeMemory(0, 0xfec0_0000, 4, 0x10 + 2 * pin)
    board.writeMemory(0, 0xfec0_0010, 4, low)
  }
  const enable = (cpu: number) => board.writeMemory(cpu, 0xfee0_00f0, 4, 0x1ff)
  const jump = (target: number) => {
    now = target
  }
  return { board, events, signals, sent, woken, flushed, gates, to, jump, inb, outb, redirect, enable, now: () => now }
}

/** All vectors that a processor takes, ended by a local EOI or by one to the PICs. */
function drain({ board, outb }: ReturnType<typeof machine>, cpu = 0): number[] {
  const vectors: number[] = []
  while (board.interruptPending(cpu) && vectors.length < 10) {
    const vector = board.acknowledgeInterrupt(cpu)
    vectors.push(vector)
    board.writeMemory(cpu, 0xfee0_00b0, 4, 0)
    outb(0xa0, 0x20)
    outb(0x20, 0x20)
  }
  return vectors
}

/** The devices of a saved board, by name. */
function devicesIn(saved: Saved): readonly { name: string; state: Saved }[] {
  const { devices, controllers } = saved as { devices: { devices: SavedDevice[] }; controllers: SavedDevice[] }
  return [...devices.devices, ...controllers]
}

type SavedDevice = { name: string; state: Saved }

describe('interrupts', () => {
  it('lines reach the PIC, and through LINT0 the bootstrap processor only', () => {
    const m = machine(2)
    m.outb(0x200b, 1)
    expect([m.board.interruptPending(0), m.board.interruptPending(1)]).toEqual([true, false])
    expect(drain(m)).toEqual([0x73])
  })

  it('a 32-bit write to a line is heard as its first byte', () => {
    const m = machine()
    m.board.writePort(0x200b, 4, 1)
    m.board.writePort(0x200b, 4, 0)
    expect(drain(m)).toEqual([0x73])
  })

  it('lines reach the I/O APIC too, the timer on input 2', () => {
    const m = machine(2)
    m.enable(1)
    m.redirect(2, 0x30, 1)
    m.redirect(14, 0x3e, 1)
    m.outb(0x43, 0x30)
    m.outb(0x40, 100)
    m.outb(0x40, 0)
    m.to(200_000)
    m.outb(0x200e, 1)
    expect([drain(m, 1), m.board.interruptPending(0)]).toEqual([[0x3e, 0x30], false])
    expect(m.woken).toContain(1)
  })

  it('without a local APIC the PIC is asked directly', () => {
    const m = machine()
    m.board.writeMemory(0, 0xfee0_0350, 4, 0x1_0000)
    m.outb(0x200b, 1)
    expect(m.board.interruptPending(0)).toBe(false)
    m.board.writeMsr(0, 0x1b, 0xfee0_0100n)
    expect(m.board.acknowledgeInterrupt(0)).toBe(0x73)
  })

  it('the local APIC comes before the PIC', () => {
    const m = machine()
    m.enable(0)
    m.board.writeMemory(0, 0xfee0_0300, 4, 0x4_0041)
    m.outb(0x200b, 1)
    expect(drain(m)).toEqual([0x41, 0x73])
  })

  it('an edge that toggles while masked in the I/O APIC is lost, and a level is not', () => {
    const m = machine()
    m.enable(0)
    for (const [mode, expected] of [
      [0, []],
      [0x8000, [0x61]],
    ] as const) {
      m.redirect(15, 0x1_0000 | mode | 0x61)
      m.outb(0x200f, 1)
      m.redirect(15, mode | 0x61)
      expect([m.board.interruptPending(0), mode]).toEqual([expected.length > 0, mode])
      if (expected.length > 0) expect(m.board.acknowledgeInterrupt(0)).toBe(0x61)
      m.outb(0x200f, 0)
      m.board.writeMemory(0, 0xfee0_00b0, 4, 0)
    }
  })

  it('serial ports share lines 4 and 3 with the test device', () => {
    const m = machine()
    m.enable(0)
    m.redirect(4, 0x34)
    m.outb(0x3fc, 8)
    m.outb(0x3f9, 2)
    m.outb(0x2004, 1)
    expect(drain(m)).toEqual([0x34])
    m.outb(0x2004, 0)
    m.inb(0x3fa)
    m.outb(0x2004, 1)
    expect(drain(m)).toEqual([0x34])
  })

  it('processors start each other', () => {
    const m = machine(3)
    m.board.writeMemory(0, 0xfee0_0300, 4, 0xc_4500)
    m.board.writeMemory(0, 0xfee0_0300, 4, 0xc_4608)
    expect(m.signals).toEqual(['1 init', '2 init', '1 startup8', '2 startup8'])
  })
})

describe('x87 errors', () => {
  it('raise line 13 until port F0H is written, which lets the processor go on', () => {
    let ignored = 0
    const onIgnoreNumericError = () => {
      ignored += 1
    }
    const here = machine(1, { onIgnoreNumericError })
    // nobody would hear of it: it is an exception
    expect(here.board.numericErrors.raise()).toBe(false)
    here.outb(0xa1, 0xdf)
    expect(here.board.numericErrors.raise()).toBe(true)
    expect(drain(here)).toEqual([0x75])
    // one error is one edge
    here.board.numericErrors.raise()
    expect([drain(here), ignored]).toEqual([[], 0])
    here.outb(0xf0, 0)
    here.outb(0xf0, 0)
    expect([drain(here), ignored]).toEqual([[], 1])
    here.board.numericErrors.raise()
    expect(drain(here)).toEqual([0x75])
  })
})

describe('memory', () => {
  it('every processor sees its own local APIC, and nothing when it is off', () => {
    const { board } = machine(2)
    expect([board.readMemory(0, 0xfee0_0020, 4), board.readMemory(1, 0xfee0_0020, 4)]).toEqual([0, 0x0100_0000])
    board.writeMsr(1, 0x1b, 0xfee0_0000n)
    for (let at = 0; at < 0x1000; at += 4) board.writeMemory(1, 0xfee0_0000 + at, 4, 0xffff_ffff)
    expect([board.readMemory(1, 0xfee0_0030, 4), board.claimsMemory(1, 0xfee0_0000)]).toEqual([0xffff_ffff, false])
    expect(board.readMemory(0, 0xfee0_0030, 4)).toBe(0x0005_0014)
  })

  it('the test device has 64 KiB of plain memory', () => {
    const { board } = machine()
    board.writeMemory(0, 0xff00_0001, 4, 0x1122_3344)
    expect([board.readMemory(0, 0xff00_0003, 1), board.readMemory(0, 0xff00_0000, 2)]).toEqual([0x22, 0x4400])
    expect([board.claimsMemory(0, 0xff00_ffff), board.claimsMemory(0, 0xff01_0000)]).toEqual([true, false])
  })

  it('nobody is all ones', () => {
    expect(machine().board.readMemory(0, 0xd000_0000, 4)).toBe(0xffff_ffff)
  })
})

describe('ends', () => {
  it.each([
    ['the keyboard controller pulses reset', [[0x64, 0xfe]], { kind: 'reset', by: 'keyboard-controller' }],
    [
      'its output port does',
      [
        [0x64, 0xd1],
        [0x60, 0xfe],
      ],
      { kind: 'reset', by: 'keyboard-controller' },
    ],
    ['port 92H', [[0x92, 0x03]], { kind: 'reset', by: 'port-92' }],
    [
      'port CF9H',
      [
        [0xcf9, 0x02],
        [0xcf9, 0x06],
      ],
      { kind: 'reset', by: 'port-cf9' },
    ],
    ['a debug exit', [[0xf4, 38]], { kind: 'debug-exit', value: 38 }],
  ] as const)('%s', (_, writes, event) => {
    const m = machine()
    for (const [port, value] of writes) m.outb(port, value)
    expect(m.events).toEqual([event])
  })

  it('the debug exit takes 32 bits whole', () => {
    const m = machine()
    m.board.writePort(0xf4, 4, 0x1234_5678)
    expect(m.events).toEqual([{ kind: 'debug-exit', value: 0x1234_5678 }])
  })

  it('"Shutdown" powers off, and only the whole word does', () => {
    const m = machine()
    for (const letter of 'Shut ShuShutdownS') m.outb(0x8900, letter.charCodeAt(0))
    expect(m.events).toEqual([{ kind: 'power-off', by: 'shutdown-port' }])
  })

  it('S5 powers off, other types do nothing', () => {
    const m = machine()
    m.board.writePort(0x604, 2, 0x2000 | (5 << 10))
    expect(m.events).toEqual([])
    m.board.writePort(0x604, 2, 0x2000)
    expect(m.events).toEqual([{ kind: 'power-off', by: 'acpi' }])
  })

  it('S3 suspends, and the clock alarm wakes', () => {
    const m = machine()
    const cmos = (index: number, value: number) => {
      m.outb(0x70, index)
      m.outb(0x71, value)
    }
    for (const [index, value] of [
      [1, 0x03],
      [3, 0xc0],
      [5, 0xc0],
      [0x0b, 0x22],
    ] as const) {
      cmos(index, value)
    }
    m.board.writePort(0x602, 2, 0x400)
    m.board.writePort(0x604, 2, 0x2400)
    expect([m.events, m.board.power.sleeping]).toEqual([[{ kind: 'suspend' }], true])
    m.to(3 * second - 1)
    expect(m.events).toHaveLength(1)
    m.to(3 * second)
    expect([m.events[1], m.board.power.sleeping]).toEqual([{ kind: 'wake' }, false])
    expect(m.board.readPort(0x600, 2) & 0x8400).toBe(0x8400)
  })

  it('S3 leaves power to the clock alone: the rest wakes as firmware leaves it', () => {
    const m = machine()
    const fresh = devicesIn(machine().board.save())
    m.enable(0)
    m.redirect(4, 0x41)
    for (const [port, value] of [
      [0x3fb, 0x1b],
      [0x3f9, 0x0f],
      [0x21, 0x00],
      [0x43, 0x34],
      [0x70, 0x0b],
      [0x71, 0x22],
    ] as const)
      m.outb(port, value)
    m.board.writePort(0x602, 2, 0x400)
    m.board.writePort(0x604, 2, 0x2400)
    // not the PIT's: the alarm, at midnight
    expect(m.board.nextDeadline()).toBe(86_400 * second)
    m.board.wake()
    const changed = devicesIn(m.board.save()).filter(({ state }, index) => {
      return savedText(state) !== savedText(fresh[index]?.state ?? null)
    })
    expect(changed.map(({ name }) => name)).toEqual(['rtc', 'power'])
    expect([m.board.rtc.memoryAt(0x0b), m.board.readPort(0x602, 2)]).toEqual([0x22, 0x400])
  })

  it('A20 follows port 92H and the keyboard controller, and opens at reset', () => {
    const m = machine()
    m.outb(0x92, 0)
    m.outb(0x64, 0xd1)
    m.outb(0x60, 0xdf)
    m.outb(0x92, 0)
    m.board.reset()
    expect(m.gates).toEqual([false, true, false, true])
  })
})

describe('power management', () => {
  it('the timer counts at 3.579545 MHz in 24 bits', () => {
    const m = machine()
    m.to(nanosecondsAt(powerTimerHertz, 0x1234_5678))
    expect(m.board.readPort(0x608, 4)).toBe(0x34_5678)
    expect(m.board.readPort(0x609, 1)).toBe(0x56)
  })

  it('its overflow interrupts on line 9, as a level, until it is cleared', () => {
    const m = machine()
    m.enable(0)
    m.redirect(9, 0x8039)
    m.board.writePort(0x602, 2, 1)
    m.to(nanosecondsAt(powerTimerHertz, 2 ** 23) - 1)
    expect(m.board.interruptPending(0)).toBe(false)
    m.to(nanosecondsAt(powerTimerHertz, 2 ** 23))
    expect(m.board.acknowledgeInterrupt(0)).toBe(0x39)
    m.board.writeMemory(0, 0xfee0_00b0, 4, 0)
    expect(m.board.acknowledgeInterrupt(0)).toBe(0x39)
    m.board.writePort(0x600, 2, 1)
    m.board.writeMemory(0, 0xfee0_00b0, 4, 0)
    expect([m.board.interruptPending(0), m.board.readPort(0x600, 2)]).toEqual([false, 0])
  })

  it('the machine is in ACPI mode', () => {
    expect(machine().board.readPort(0x604, 2)).toBe(1)
  })
})

describe('the keyboard controller', () => {
  const wait = ({ inb }: ReturnType<typeof machine>) => inb(0x64)

  it('tests well, and answers what drivers probe', () => {
    const m = machine()
    const ask = (command: number) => {
      m.outb(0x64, command)
      return [wait(m) & 1, m.inb(0x60), wait(m) & 1]
    }
    expect([ask(0xaa), ask(0xab), ask(0xa9)]).toEqual([
      [1, 0x55, 0],
      [1, 0x00, 0],
      [1, 0x00, 0],
    ])
    m.outb(0x64, 0x60)
    m.outb(0x60, 0x74)
    expect(ask(0x20)[1]).toBe(0x74)
    m.outb(0x64, 0xa8)
    expect(ask(0x20)[1]).toBe(0x54)
    m.outb(0x64, 0xa7)
    expect(ask(0x20)[1]).toBe(0x74)
  })

  it('returns the loop byte as one of the mouse, with interrupt 12', () => {
    const m = machine()
    m.enable(0)
    m.redirect(12, 0x3c)
    m.outb(0x64, 0x60)
    m.outb(0x60, 0x47)
    m.outb(0x64, 0xd3)
    m.outb(0x60, 0xa5)
    expect([m.inb(0x64) & 0x21, m.board.acknowledgeInterrupt(0), m.inb(0x60), m.inb(0x64) & 1]).toEqual([
      0x21, 0x3c, 0xa5, 0,
    ])
  })

  it('has a keyboard that acknowledges, one byte and one edge of interrupt 1 at a time', () => {
    const m = machine()
    m.enable(0)
    m.redirect(1, 0x31)
    m.outb(0x64, 0x60)
    m.outb(0x60, 0x45)
    m.outb(0x60, 0xff)
    const answers = [0, 1].map(() => [
      m.board.acknowledgeInterrupt(0),
      m.inb(0x60),
      m.board.writeMemory(0, 0xfee0_00b0, 4, 0),
    ])
    expect(answers).toEqual([
      [0x31, 0xfa, undefined],
      [0x31, 0xaa, undefined],
    ])
    expect(m.inb(0x64) & 1).toBe(0)
    m.outb(0x60, 0xed)
    m.outb(0x60, 0x07)
    m.outb(0x60, 0xf2)
    expect([0, 1, 2, 3, 4].map(() => m.inb(0x60))).toEqual([0xfa, 0xfa, 0xfa, 0xab, 0x83])
  })

  it('has no mouse', () => {
    const m = machine()
    m.outb(0x64, 0xd4)
    m.outb(0x60, 0xf2)
    expect([m.inb(0x64) & 0x61, m.inb(0x60)]).toEqual([0x61, 0xfe])
  })
})

describe('what test kernels use', () => {
  it('the latch has byte lanes', () => {
    const { board } = machine()
    board.writePort(0xe0, 4, 0x1234_5678)
    board.writePort(0xe2, 1, 0xab)
    expect([board.readPort(0xe0, 4), board.readPort(0xe1, 2), board.readPort(0xe8, 1)]).toEqual([
      0x12ab_5678, 0xab56, 0,
    ])
  })

  it('flushing names the page', () => {
    const m = machine()
    m.board.writePort(0xe4, 4, 0x8123_4fff)
    expect(m.flushed).toEqual([0x8123_4000])
  })

  it('fw_cfg says how many processors and how much memory there is, and 0 for what it does not know', () => {
    const { board } = machine(4)
    const item = (key: number, bytes: number) => {
      board.writePort(0x510, 2, key)
      return Array.from({ length: bytes }, () => board.readPort(0x511, 1)).reduce(
        (sum, byte, at) => sum + byte * 256 ** at,
        0,
      )
    }
    expect([item(5, 2), item(3, 8), item(0x11, 8)]).toEqual([4, 0x1_4000_0000, 0])
  })

  it('PCI has a host bridge and nothing else', () => {
    const { board } = machine()
    const found = Array.from({ length: 256 }, (_, place) => {
      board.writePort(0xcf8, 4, 0x8000_0000 | (place << 8))
      return board.readPort(0xcfc, 2)
    })
    expect(found.map((vendor, place) => (vendor === 0xffff ? -1 : place)).filter((place) => place >= 0)).toEqual([0])
    board.writePort(0xcf8, 4, 0x8000_0002)
    expect(board.readPort(0xcfc, 2)).toBe(0x1237)
    board.writePort(0xcfb, 1, 1)
    expect(board.readPort(0xcf8, 4)).toBe(0x8000_0002)
  })

  it('the PCI test device counts the accesses that its header asks for', () => {
    const { board } = machine(1, { pciTestDevice: 'present' })
    const header = (read: (at: number) => number) => ({
      width: read(1),
      offset: read(4) | (read(5) << 8),
      data: read(8),
      count: read(12),
      name: String.fromCharCode(read(16), read(17), read(18)),
    })
    const memory = (at: number) => board.readMemory(0, 0xfebf_f000 + at, 1)
    const port = (at: number) => board.readPort(0xc000 + at, 1)
    expect(memory(1)).toBe(0)
    board.writeMemory(0, 0xfebf_f000, 1, 2)
    expect(header(memory)).toEqual({ width: 1, offset: 2050, data: 0xfa, count: 0, name: 'mmi' })
    for (const value of [0xfa, 0xce, 0xfa]) board.writeMemory(0, 0xfebf_f000 + 2050, 1, value)
    expect(header(memory).count).toBe(2)
    board.writePort(0xc000, 1, 1)
    expect(header(port)).toEqual({ width: 1, offset: 132, data: 0xce, count: 0, name: 'por' })
    board.writePort(0xc000 + 132, 1, 7)
    expect(header(port).count).toBe(1)
    board.writePort(0xc000, 1, 9)
    expect(port(1)).toBe(0)
  })

  it('COM1 and COM2 speak', () => {
    const m = machine()
    m.outb(0x3fb, 3)
    m.outb(0x2fb, 3)
    m.outb(0x3f8, 0x41)
    m.outb(0x2f8, 0x42)
    expect([m.sent, m.inb(0x3fd) & 0x20]).toEqual([['0A', '1B'], 0x20])
    expect(m.inb(0x3ed)).toBe(0xff)
  })

  it('CMOS says how much memory there is', () => {
    const m = machine()
    const at = (index: number) => m.board.rtc.memoryAt(index)
    expect([at(0x15) | (at(0x16) << 8), at(0x34) | (at(0x35) << 8), at(0x5b) | (at(0x5c) << 8)]).toEqual([
      640, 0xbf00, 0x8000,
    ])
  })
})

describe('whatever a guest does', () => {
  const interesting = [
    0x20, 0x21, 0xa0, 0xa1, 0x40, 0x42, 0x43, 0x60, 0x61, 0x64, 0x70, 0x71, 0x92, 0xe0, 0xe4, 0xf4, 0x3f8, 0x3f9, 0x3fa,
    0x3fc, 0x4d0, 0x4d1, 0x510, 0x511, 0x514, 0x518, 0x600, 0x602, 0x604, 0x608, 0xcf8, 0xcf9, 0xcfc, 0xcfe, 0x2003,
    0x8900,
  ]
  const windows = [0xfebf_f000, 0xfee0_0000, 0xfec0_0000, 0xff00_0000, 0xff00_fc00, 0xfee0_0ffe, 0xd000_0000]
  const sizes = [1, 2, 4] as const

  const idlest = (vector: number) =>
    ({ vector, delivery: 'lowest', destination: 0xffff_ffff, destinationMode: 'physical', trigger: 'edge' }) as const

  function poke(m: ReturnType<typeof machine>, seed: number, steps: number): unknown[] {
    const next = pseudoRandom(seed)
    return Array.from({ length: steps }, () => {
      m.to(m.now() + (next() % 20_000))
      const size = sizes[next() % 3]!
      const value = (next() * 256 + next()) >>> (next() % 24)
      const port = next() % 8 === 0 ? next() & 0xffff : interesting[next() % interesting.length]!
      const address = windows[next() % windows.length]! + (next() & 0x3ff)
      const cpu = next() % 2
      const choice = next() % 10
      if (choice === 8) m.board.writePort(0x8900, 1, 'Shut'.charCodeAt(next() % 4))
      else if (choice === 9) m.board.apicBus.send(idlest(32 + (next() % 200)))
      else if (choice < 2) m.board.writePort(port, size, value)
      else if (choice < 4) m.board.writeMemory(cpu, address, size, value)
      else if (choice === 4) m.board.writeMsr(cpu, [0x1b, 0x6e0, 0x800 + (next() & 0xff)][next() % 3]!, BigInt(value))
      else if (choice === 5 && m.board.interruptPending(cpu)) return m.board.acknowledgeInterrupt(cpu)
      return `${m.board.readPort(port, size)} ${m.board.readMemory(cpu, address, size)} ${m.board.nextDeadline()}`
    })
  }

  it.each([1, 2, 3, 4, 5, 6])('answers are numbers and saved state replays (seed %i)', (seed) => {
    const m = machine(2, {
      pciTestDevice: 'present',
      memory: { read: () => new Uint8Array(16), write: (_, bytes) => bytes.length < 100 },
    })
    let mark = 0
    const difference = replayDifference(
      { name: 'pc-board', save: () => m.board.save(), restore: (saved) => m.board.restore(saved) },
      () => {
        for (const cpu of [0, 1]) m.board.writeMemory(cpu, 0xfee0_00f0, 4, 0x1ff)
        poke(m, seed, 1500)
        mark = m.now()
      },
      () => {
        m.jump(mark)
        return poke(m, seed + 500, 1500)
      },
    )
    expect(difference).toBeUndefined()
  })

  it('resetting gives the board that was built', () => {
    const [fresh, used] = [machine(2), machine(2)]
    poke(used, 9, 500)
    used.board.reset()
    fresh.jump(used.now())
    fresh.board.reset()
    const visible = (m: ReturnType<typeof machine>) =>
      [0x21, 0xa1, 0x4d0, 0x61, 0x3f9, 0x3fb, 0x3fc, 0x92, 0xcf9, 0x600, 0x602, 0x604].map((port) => m.inb(port))
    expect(visible(used)).toEqual(visible(fresh))
    expect(used.board.readMemory(0, 0xfee0_00f0, 4)).toBe(0xff)
  })

  it('a state of another board is refused', () => {
    expect(() => machine(1).board.restore(machine(2).board.save())).toThrow(RangeError)
  })
})
