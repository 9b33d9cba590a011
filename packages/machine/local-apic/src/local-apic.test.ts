import { pseudoRandom, replayDifference } from '@vmm/device'
import { describe, expect, it } from 'vitest'
import { ApicBus, type ApicSignal, LocalApic, type LocalApicOptions } from './index.ts'

const TPR = 0x80
const EOI = 0xb0
const SVR = 0xf0
const ESR = 0x280
const ICR = 0x300
const TIMER = 0x320
const LINT0 = 0x350
const LINT1 = 0x360
const ERROR = 0x370
const ENABLED = 0x800n
const EXTENDED = 0x400n

function machine(count = 1, options: Partial<LocalApicOptions> = {}) {
  let now = 0
  const bus = new ApicBus()
  const signals: [number, ApicSignal][] = []
  const ended: unknown[] = []
  bus.attachListener({ endOfInterrupt: (vector, trigger, by) => ended.push([vector, trigger, by === apics[0]]) })
  const apics = Array.from(
    { length: count },
    (_, id) =>
      new LocalApic({
        id,
        clock: { now: () => now },
        bus,
        tsc: { at: (at) => BigInt(at) * 2n, when: (tsc) => Number((tsc + 1n) / 2n) },
        bootstrap: id === 0,
        onSignal: (signal) => signals.push([id, signal]),
        ...options,
      }),
  )
  for (const apic of apics) apic.page.write(SVR, 4, 0x1ff)
  const to = (target: number) => {
    for (;;) {
      const next = Math.min(...apics.map((apic) => apic.timer.deadline()))
      if (next > target) break
      now = next
      for (const apic of apics) if (apic.timer.deadline() <= now) apic.timer.fire(now)
    }
    now = target
  }
  const jump = (target: number) => {
    now = target
  }
  return { bus, apics, apic: apics[0]!, signals, ended, to, jump, now: () => now }
}

const read = (apic: LocalApic, offset: number) => apic.page.read(offset, 4)
const write = (apic: LocalApic, offset: number, value: number) => apic.page.write(offset, 4, value)
const base = (apic: LocalApic) => apic.readMsr(0x1b)!
const fixed = (vector: number) =>
  ({ vector, delivery: 'fixed', destination: 0, destinationMode: 'physical', trigger: 'edge' }) as const
const command = (apic: LocalApic, low: number, destination = 0) => {
  write(apic, 0x310, destination << 24)
  write(apic, ICR, low)
}
const x2apic = (apic: LocalApic) => apic.writeMsr(0x1b, base(apic) | EXTENDED)

describe('a local APIC after reset', () => {
  it('is where and what the manual says', () => {
    const apic = new LocalApic({
      id: 5,
      clock: { now: () => 0 },
      bus: new ApicBus(),
      tsc: { at: () => 0n, when: () => Number.POSITIVE_INFINITY },
      bootstrap: true,
    })
    expect(base(apic)).toBe(0xfee0_0900n)
    expect(apic.claims(0xfee0_0fff)).toBe(true)
    expect(apic.claims(0xfee0_1000)).toBe(false)
    expect(read(apic, 0x20)).toBe(0x0500_0000)
    expect(read(apic, 0x30)).toBe(0x0005_0014)
    expect(read(apic, SVR)).toBe(0xff)
    expect(read(apic, 0xe0)).toBe(0xffff_ffff)
    expect([0x320, 0x330, 0x340, 0x350, 0x360, 0x370].map((at) => read(apic, at))).toEqual(Array(6).fill(0x10000))
    expect(read(apic, 0x380) + read(apic, 0x390) + read(apic, 0x3e0)).toBe(0)
  })

  it('takes no vector until software enables it, but takes NMI, INIT and SIPI', () => {
    const { bus, apic, signals } = machine()
    write(apic, SVR, 0xff)
    expect(bus.send(fixed(0x40))).toBe(0)
    for (const delivery of ['nmi', 'smi', 'init', 'sipi'] as const) bus.send({ ...fixed(0x9a), delivery })
    expect(signals.map(([, { kind }]) => kind)).toEqual(['nmi', 'smi', 'init', 'startup'])
    expect(signals.at(-1)![1]).toEqual({ kind: 'startup', vector: 0x9a })
  })
})

describe('priorities', () => {
  it('the highest vector comes first and holds back its own class', () => {
    const { bus, apic } = machine()
    for (const vector of [0x31, 0x45, 0x42]) bus.send(fixed(vector))
    expect(apic.pending()).toBe(0x45)
    expect(apic.acknowledge()).toBe(0x45)
    expect(apic.pending()).toBe(-1)
    bus.send(fixed(0x50))
    expect(apic.acknowledge()).toBe(0x50)
    expect(read(apic, 0xa0)).toBe(0x50)
    write(apic, EOI, 0)
    expect(apic.pending()).toBe(-1)
    write(apic, EOI, 0)
    expect(apic.acknowledge()).toBe(0x42)
  })

  it('the task priority, which is CR8, holds back its class and below', () => {
    const { bus, apic } = machine()
    apic.cr8 = 4
    expect(read(apic, TPR)).toBe(0x40)
    bus.send(fixed(0x4f))
    expect(apic.pending()).toBe(-1)
    write(apic, TPR, 0x3f)
    expect(apic.cr8).toBe(3)
    expect(apic.pending()).toBe(0x4f)
  })

  it('IRR, ISR and TMR show where a vector is', () => {
    const { bus, apic, ended } = machine()
    bus.send({ ...fixed(0x65), trigger: 'level' })
    bus.send(fixed(0x41))
    expect([read(apic, 0x230), read(apic, 0x1b0), read(apic, 0x130)]).toEqual([0x20, 0x20, 0])
    apic.acknowledge()
    expect([read(apic, 0x230), read(apic, 0x1b0), read(apic, 0x130)]).toEqual([0, 0x20, 0x20])
    write(apic, EOI, 0)
    apic.acknowledge()
    write(apic, EOI, 0)
    expect(ended).toEqual([
      [0x65, 'level', true],
      [0x41, 'edge', true],
    ])
    bus.send(fixed(0x65))
    expect(read(apic, 0x1b0)).toBe(0)
  })

  it('an acknowledge with nothing pending gives the spurious vector and nothing in service', () => {
    const { apic } = machine()
    expect(apic.acknowledge()).toBe(0xff)
    expect(read(apic, 0x170)).toBe(0)
  })
})

describe('IA32_APIC_BASE', () => {
  const states = { disabled: 0n, xapic: ENABLED, x2apic: ENABLED | EXTENDED, invalid: EXTENDED } as const
  type State = keyof typeof states
  const allowed: Record<string, readonly State[]> = {
    disabled: ['disabled', 'xapic'],
    xapic: ['disabled', 'xapic', 'x2apic'],
    x2apic: ['disabled', 'x2apic'],
  }
  const cases = Object.keys(allowed).flatMap((from) =>
    (Object.keys(states) as State[]).map((to) => [from as State, to, allowed[from]!.includes(to)] as const),
  )
  it.each(cases)('from %s to %s: allowed %s', (from, to, ok) => {
    const { apic } = machine()
    const at = 0xfee0_0100n
    if (from === 'disabled') apic.writeMsr(0x1b, at)
    if (from === 'x2apic') x2apic(apic)
    expect(apic.writeMsr(0x1b, at | states[to])).toBe(ok)
    expect(base(apic)).toBe(at | states[ok ? to : from])
  })

  it.each([0x1n, 0x200n, 1n << 46n, 1n << 63n])('reserved bit %i is refused', (bit) => {
    const { apic } = machine()
    expect(apic.writeMsr(0x1b, base(apic) | bit)).toBe(false)
  })

  it('x2APIC mode is refused on a processor without it', () => {
    const { apic } = machine(1, { x2apic: false })
    expect(x2apic(apic)).toBe(false)
  })

  it('moves the page', () => {
    const { apic } = machine()
    apic.writeMsr(0x1b, 0xfed4_0900n)
    expect([apic.claims(0xfed4_0020), apic.claims(0xfee0_0020), apic.page.base]).toEqual([true, false, 0xfed4_0000])
  })

  it('a disabled APIC shows no page, hears nothing, keeps CR8 working and comes back reset', () => {
    const { bus, apic } = machine(2)
    write(apic, 0x20, 0x0700_0000)
    write(apic, TIMER, 0x30)
    write(apic, 0x380, 1000)
    apic.writeMsr(0x1b, base(apic) & ~ENABLED)
    expect([apic.enabled, apic.claims(0xfee0_0000)]).toEqual([false, false])
    expect(bus.send(fixed(0x40))).toBe(0)
    apic.cr8 = 9
    expect(apic.cr8).toBe(9)
    apic.cr8 = 0
    expect(apic.writeMsr(0x1b, base(apic) | ENABLED)).toBe(true)
    expect([read(apic, 0x20), read(apic, SVR), read(apic, TIMER), read(apic, 0x390)]).toEqual([0, 0xff, 0x10000, 0])
  })
})

describe('the page', () => {
  it('reads parts of registers and ignores stores that are not aligned words', () => {
    const { apic } = machine()
    expect([apic.page.read(0x31, 1), apic.page.read(0x32, 2), apic.page.read(0x34, 4)]).toEqual([0, 5, 0])
    apic.page.write(TPR, 1, 0xff)
    apic.page.write(TPR + 4, 4, 0xff)
    expect(read(apic, TPR)).toBe(0)
  })

  it('has a writable ID', () => {
    const { apic, bus } = machine()
    write(apic, 0x20, 0x0300_0000)
    expect(read(apic, 0x20)).toBe(0x0300_0000)
    expect(bus.send({ ...fixed(0x40), destination: 3 })).toBe(1)
  })

  it('a register that is not there is an error, reported once until ESR is written', () => {
    const { apic } = machine()
    write(apic, ERROR, 0xee)
    read(apic, 0x40)
    expect(apic.acknowledge()).toBe(0xee)
    write(apic, EOI, 0)
    write(apic, 0x40, 0)
    expect(apic.pending()).toBe(-1)
    expect(read(apic, ESR)).toBe(0)
    write(apic, ESR, 0)
    expect(read(apic, ESR)).toBe(0x80)
    write(apic, ESR, 0)
    expect(read(apic, ESR)).toBe(0)
  })

  it('illegal vectors are errors of the sender or of the receiver', () => {
    const { apic, bus } = machine()
    command(apic, 0x4000 | 0x0f)
    bus.send(fixed(0x05))
    write(apic, ESR, 0)
    expect(read(apic, ESR)).toBe(0x60)
    expect(apic.pending()).toBe(-1)
  })

  it('software disabling masks every LVT entry, and they stay masked', () => {
    const { apic } = machine()
    for (const at of [0x320, 0x330, 0x340, 0x350, 0x360, 0x370]) write(apic, at, 0x44)
    write(apic, SVR, 0xff)
    write(apic, LINT0, 0x44)
    expect([0x320, 0x330, 0x340, 0x350, 0x360, 0x370].map((at) => read(apic, at))).toEqual(Array(6).fill(0x10044))
  })

  it('keeps only the bits that registers have', () => {
    const { apic } = machine()
    const all = (at: number) => {
      write(apic, at, 0xffff_ffff)
      return read(apic, at)
    }
    expect([all(TIMER), all(0x330), all(LINT0), all(ERROR), all(0x3e0)]).toEqual([
      0x700ff, 0x107ff, 0x1a7ff, 0x100ff, 0xb,
    ])
    expect([all(TPR), all(0xd0), all(0xe0)]).toEqual([0xff, 0xff00_0000, 0xffff_ffff])
    write(apic, 0xe0, 0)
    expect(read(apic, 0xe0)).toBe(0x0fff_ffff)
  })
})

describe('interprocessor interrupts', () => {
  const who = (apics: readonly LocalApic[]) =>
    apics.flatMap((apic, id) => {
      const got = apic.acknowledge() === 0x51
      write(apic, EOI, 0)
      return got ? [id] : []
    })

  it.each([
    ['no shorthand, physical', 0x0051, 2, [2]],
    ['physical broadcast', 0x0051, 0xff, [0, 1, 2, 3]],
    ['self', 0x4_0051, 0, [1]],
    ['all', 0x8_0051, 0, [0, 1, 2, 3]],
    ['all but self', 0xc_0051, 0, [0, 2, 3]],
    ['nobody', 0x0051, 9, []],
  ])('%s', (_, low, destination, expected) => {
    const { apics } = machine(4)
    command(apics[1]!, low, destination)
    expect(who(apics)).toEqual(expected)
    expect(read(apics[1]!, ICR)).toBe(low)
  })

  it.each([
    ['flat', 0xffff_ffff, [1, 2, 4, 8], 0x0a, [1, 3]],
    ['flat broadcast', 0xffff_ffff, [1, 2, 4, 8], 0xff, [0, 1, 2, 3]],
    ['cluster', 0x0fff_ffff, [0x11, 0x12, 0x21, 0x22], 0x23, [2, 3]],
    ['cluster of nobody', 0x0fff_ffff, [0x11, 0x12, 0x21, 0x22], 0x13 + 0x20, []],
  ])('logical, %s', (_, format, ids, destination, expected) => {
    const { apics } = machine(4)
    for (const [index, apic] of apics.entries()) {
      write(apic, 0xe0, format)
      write(apic, 0xd0, ids[index]! << 24)
    }
    command(apics[0]!, 0x0851, destination)
    expect(who(apics)).toEqual(expected)
  })

  it('lowest priority goes to the idlest, in turn among equals, never to a disabled one', () => {
    const { apics } = machine(4)
    apics[0]!.cr8 = 8
    write(apics[2]!, SVR, 0xff)
    for (const [index, apic] of apics.entries()) write(apic, 0xd0, (1 << index) << 24)
    const turns = [1, 2, 3].map(() => {
      command(apics[0]!, 0x0951, 0x0f)
      return who(apics)
    })
    expect(turns).toEqual([[1], [3], [1]])
  })

  it('INIT and SIPI reach the others, and the INIT de-assert does nothing', () => {
    const { apics, signals } = machine(3)
    command(apics[0]!, 0xc_4500)
    command(apics[0]!, 0xc_8500)
    command(apics[0]!, 0xc_4608)
    expect(signals).toEqual([
      [1, { kind: 'init' }],
      [2, { kind: 'init' }],
      [1, { kind: 'startup', vector: 8 }],
      [2, { kind: 'startup', vector: 8 }],
    ])
  })

  it('an INIT resets everything but the ID and the base', () => {
    const { apic } = machine()
    write(apic, 0x20, 0x0300_0000)
    apic.writeMsr(0x1b, 0xfed4_0900n)
    apic.initialize()
    expect([read(apic, 0x20), read(apic, SVR), base(apic)]).toEqual([0x0300_0000, 0xff, 0xfed4_0900n])
  })
})

describe('x2APIC mode', () => {
  it('has no page, a 32-bit ID and a logical ID made from it', () => {
    const { apics } = machine(40)
    const apic = apics[37]!
    x2apic(apic)
    expect(apic.claims(0xfee0_0000)).toBe(false)
    expect([apic.readMsr(0x802), apic.readMsr(0x80d)]).toEqual([37n, 0x0002_0020n])
  })

  it('its registers are unreachable from xAPIC mode', () => {
    const { apic } = machine()
    expect([apic.readMsr(0x802), apic.writeMsr(0x808, 0n)]).toEqual([undefined, false])
  })

  const readable = new Set([0x02, 0x03, 0x08, 0x0a, 0x0d, 0x0f, 0x28, 0x30, 0x38, 0x39, 0x3e])
  for (let number = 0x10; number < 0x28; number++) readable.add(number)
  for (let number = 0x32; number < 0x38; number++) readable.add(number)
  it('reads exactly the registers of the manual', () => {
    const { apic } = machine()
    x2apic(apic)
    const found = Array.from({ length: 0x100 }, (_, number) => number).filter(
      (number) => apic.readMsr(0x800 + number) !== undefined,
    )
    expect(found).toEqual([...readable].sort((a, b) => a - b))
  })

  it('writes exactly the registers of the manual', () => {
    const { apic } = machine()
    x2apic(apic)
    const found = Array.from({ length: 0x100 }, (_, number) => number).filter((number) =>
      apic.writeMsr(0x800 + number, 0n),
    )
    expect(found).toEqual([0x08, 0x0b, 0x0f, 0x28, 0x30, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x3e, 0x3f])
  })

  it.each([
    [0x808, 0x100n],
    [0x80b, 1n],
    [0x80f, 0x400n],
    [0x828, 1n],
    [0x830, 1n << 13n],
    [0x830, 1n << 20n],
    [0x832, 1n << 19n],
    [0x837, 1n << 8n],
    [0x838, 1n << 32n],
    [0x83e, 4n],
    [0x83f, 0x100n],
  ])('MSR %i refuses the reserved bits %i', (index, value) => {
    const { apic } = machine()
    x2apic(apic)
    expect(apic.writeMsr(index, value)).toBe(false)
  })

  it('sends with one write of 64 bits, to IDs above 255 too', () => {
    const { apics } = machine(300)
    for (const apic of apics) x2apic(apic)
    for (const apic of apics) apic.writeMsr(0x80f, 0x1ffn)
    expect(apics[0]!.writeMsr(0x830, (299n << 32n) | 0x4051n)).toBe(true)
    expect(apics[299]!.pending()).toBe(0x51)
    apics[0]!.writeMsr(0x830, (255n << 32n) | 0x4052n)
    expect(apics.filter((apic) => apic.pending() === 0x52)).toEqual([apics[255]])
    apics[0]!.writeMsr(0x830, (0x0012_0803n << 32n) | 0x4853n)
    expect(apics.flatMap((apic, id) => (apic.pending() === 0x53 ? [id] : []))).toEqual([288, 289, 299])
    apics[0]!.writeMsr(0x830, (0xffff_ffffn << 32n) | 0x4061n)
    expect(apics.every((apic) => apic.pending() === 0x61)).toBe(true)
    expect(apics[0]!.readMsr(0x830)).toBe((0xffff_ffffn << 32n) | 0x4061n)
  })

  it('sends to itself', () => {
    const { apic } = machine()
    x2apic(apic)
    apic.writeMsr(0x830, 0x0000_0007_0000_4041n)
    apic.writeMsr(0x83f, 0x99n)
    expect([apic.pending(), apic.readMsr(0x830)]).toEqual([0x99, 0x0000_0007_0000_4041n])
  })
})

describe('the timer', () => {
  it('one-shot counts down once and interrupts', () => {
    const { apic, to } = machine()
    write(apic, TIMER, 0x40)
    write(apic, 0x3e0, 0xb)
    write(apic, 0x380, 1000)
    to(400)
    expect(read(apic, 0x390)).toBe(600)
    to(999)
    expect(apic.pending()).toBe(-1)
    to(1000)
    expect([apic.acknowledge(), read(apic, 0x390)]).toEqual([0x40, 0])
    expect(apic.timer.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it.each([
    [0, 2],
    [1, 4],
    [2, 8],
    [3, 16],
    [8, 32],
    [9, 64],
    [10, 128],
    [11, 1],
  ])('divide configuration %i divides by %i', (configuration, divisor) => {
    const { apic } = machine()
    write(apic, TIMER, 0x40)
    write(apic, 0x3e0, configuration)
    write(apic, 0x380, 10)
    expect(apic.timer.deadline()).toBe(10 * divisor)
  })

  it('periodic starts over by itself, and misses nothing but what nobody saw', () => {
    const { apic, to, jump } = machine()
    write(apic, 0x3e0, 0xb)
    write(apic, TIMER, 0x2_0040)
    write(apic, 0x380, 100)
    to(100)
    apic.acknowledge()
    write(apic, EOI, 0)
    expect(apic.timer.deadline()).toBe(200)
    jump(1050)
    apic.timer.fire(1050)
    expect([apic.pending(), apic.timer.deadline(), read(apic, 0x390)]).toEqual([0x40, 1100, 50])
  })

  it('a masked timer counts and does not interrupt', () => {
    const { apic, to } = machine()
    write(apic, 0x3e0, 0xb)
    write(apic, TIMER, 0x1_0040)
    write(apic, 0x380, 100)
    to(60)
    expect(read(apic, 0x390)).toBe(40)
    to(200)
    write(apic, TIMER, 0x40)
    expect([apic.pending(), read(apic, 0x390)]).toEqual([-1, 0])
  })

  it('changing between one-shot and periodic keeps the count, and a finished one stays finished', () => {
    const { apic, to } = machine()
    write(apic, 0x3e0, 0xb)
    write(apic, TIMER, 0x40)
    write(apic, 0x380, 1000)
    to(700)
    write(apic, TIMER, 0x2_0040)
    expect(read(apic, 0x390)).toBe(300)
    to(1100)
    expect(read(apic, 0x390)).toBe(900)
    write(apic, TIMER, 0x40)
    to(2000)
    expect(read(apic, 0x390)).toBe(0)
    write(apic, TIMER, 0x2_0040)
    expect([read(apic, 0x390), read(apic, 0x380)]).toEqual([0, 1000])
  })

  it('TSC-deadline fires when the counter gets there, at once for the past, and reads 0 then', () => {
    const { apic, to } = machine()
    expect(apic.writeMsr(0x6e0, 500n)).toBe(true)
    expect(apic.readMsr(0x6e0)).toBe(0n)
    write(apic, TIMER, 0x4_0040)
    apic.writeMsr(0x6e0, 501n)
    expect([apic.readMsr(0x6e0), apic.timer.deadline()]).toEqual([501n, 251])
    write(apic, 0x380, 77)
    expect([read(apic, 0x380), read(apic, 0x390)]).toEqual([0, 0])
    to(250)
    expect(apic.pending()).toBe(-1)
    to(251)
    expect([apic.acknowledge(), apic.readMsr(0x6e0)]).toEqual([0x40, 0n])
    write(apic, EOI, 0)
    apic.writeMsr(0x6e0, 1n)
    expect([apic.pending(), apic.readMsr(0x6e0)]).toEqual([0x40, 0n])
  })

  it('leaving TSC-deadline mode disarms it', () => {
    const { apic } = machine()
    write(apic, TIMER, 0x4_0040)
    apic.writeMsr(0x6e0, 500n)
    write(apic, TIMER, 0x40)
    expect([apic.timer.deadline(), apic.readMsr(0x6e0)]).toEqual([Number.POSITIVE_INFINITY, 0n])
  })

  it('a processor without the TSC-deadline timer refuses its MSR and mode', () => {
    const { apic } = machine(1, { tscDeadline: false })
    write(apic, TIMER, 0x4_0040)
    expect([apic.readMsr(0x6e0), apic.writeMsr(0x6e0, 1n), read(apic, TIMER)]).toEqual([undefined, false, 0x40])
  })
})

describe('LINT0 and LINT1', () => {
  it('ExtINT asks the PIC while the pin is high, masked or not enabled it does not', () => {
    const { apic } = machine()
    apic.setLint(0, true)
    expect(apic.externalPending()).toBe(false)
    write(apic, LINT0, 0x700)
    expect(apic.externalPending()).toBe(true)
    write(apic, LINT0, 0x1_0700)
    expect(apic.externalPending()).toBe(false)
    apic.writeMsr(0x1b, base(apic) & ~ENABLED)
    expect(apic.externalPending()).toBe(true)
    apic.setLint(0, false)
    expect(apic.externalPending()).toBe(false)
  })

  it('firmware may have connected the PIC already', () => {
    const { apic } = machine(1, { lint0AtReset: 'external' })
    apic.setLint(0, true)
    expect(apic.externalPending()).toBe(true)
  })

  it('an ExtINT message asks the PIC once', () => {
    const { apic, bus } = machine()
    bus.send({ ...fixed(0), delivery: 'external' })
    expect(apic.externalPending()).toBe(true)
    apic.acknowledgeExternal()
    expect(apic.externalPending()).toBe(false)
  })

  it('a rising LINT1 set to NMI is an NMI, and is one without an APIC', () => {
    const { apic, signals } = machine()
    apic.setLint(1, true)
    expect(signals).toEqual([])
    write(apic, LINT1, 0x400)
    apic.setLint(1, false)
    apic.setLint(1, true)
    apic.writeMsr(0x1b, base(apic) & ~ENABLED)
    apic.setLint(1, false)
    apic.setLint(1, true)
    expect(signals).toEqual([
      [0, { kind: 'nmi' }],
      [0, { kind: 'nmi' }],
    ])
  })

  it('a fixed level pin asks again after EOI while it is high', () => {
    const { apic } = machine()
    write(apic, LINT0, 0x8061)
    apic.setLint(0, true)
    expect(read(apic, LINT0)).toBe(0xc061)
    expect(apic.acknowledge()).toBe(0x61)
    expect(apic.pending()).toBe(-1)
    write(apic, EOI, 0)
    expect(apic.acknowledge()).toBe(0x61)
    apic.setLint(0, false)
    write(apic, EOI, 0)
    expect([apic.pending(), read(apic, LINT0)]).toEqual([-1, 0x8061])
  })
})

describe('registers as a page', () => {
  const word = (page: Uint8Array, offset: number) => new DataView(page.buffer).getUint32(offset, true)

  it('show what the guest sees, and come back in another APIC', () => {
    const { apics, bus, to } = machine(2)
    const [first, second] = apics as [LocalApic, LocalApic]
    write(first, TPR, 0x30)
    write(first, LINT0, 0x8700)
    write(first, 0x380, 1000)
    write(first, TIMER, 0x2_0040)
    bus.send(fixed(0x55))
    bus.send(fixed(0x66))
    first.acknowledge()
    to(100)
    const page = first.readRegisters()
    expect(page).toHaveLength(1024)
    for (const offset of [0x20, 0x30, TPR, SVR, ICR, TIMER, LINT0, LINT1, ERROR, 0x380, 0x390, 0x3e0])
      expect([offset, word(page, offset)]).toEqual([offset, read(first, offset)])
    second.writeRegisters(page)
    expect(second.readRegisters()).toEqual(page)
    expect(second.timer.deadline()).toBe(first.timer.deadline())
    second.page.write(EOI, 4, 0)
    expect(second.acknowledge()).toBe(0x55)
  })

  it('have the ID in the upper byte in x2APIC mode too, and do not change it there', () => {
    const { apics } = machine(2)
    const second = apics[1]!
    second.writeMsr(0x1b, base(second) | ENABLED | EXTENDED)
    const page = second.readRegisters()
    expect(word(page, 0x20)).toBe(0x0100_0000)
    page.fill(0xff, 0x20, 0x24)
    second.writeRegisters(page)
    expect(second.readMsr(0x802)).toBe(1n)
  })

  it('take an ID of x2APIC mode that is given beside them, which stays until the mode is entered again', () => {
    const { apics } = machine(2)
    const second = apics[1]!
    second.writeMsr(0x1b, base(second) | ENABLED | EXTENDED)
    second.writeRegisters(second.readRegisters(), 7)
    expect(second.readMsr(0x802)).toBe(7n)
    expect(word(second.readRegisters(), 0x20)).toBe(0x0700_0000)
    second.writeRegisters(second.readRegisters())
    expect(second.readMsr(0x802)).toBe(7n)
    second.writeMsr(0x1b, base(second) & ~EXTENDED, 'host')
    second.writeMsr(0x1b, base(second) | EXTENDED, 'host')
    expect(second.readMsr(0x802)).toBe(1n)
  })

  it.each([1, 2, 3])('of any bytes leave an APIC that still answers (seed %i)', (seed) => {
    const { apic } = machine()
    const next = pseudoRandom(seed)
    apic.writeRegisters(Uint8Array.from({ length: 1024 }, () => next()))
    const page = apic.readRegisters()
    apic.writeRegisters(page)
    expect(apic.readRegisters()).toEqual(page)
    expect(apic.pending()).toBeGreaterThanOrEqual(-1)
  })
})

it('a host may go from x2APIC mode to xAPIC mode, a guest may not', () => {
  const { apic } = machine()
  const xapic = base(apic)
  apic.writeMsr(0x1b, xapic | EXTENDED)
  expect(apic.writeMsr(0x1b, xapic)).toBe(false)
  expect(apic.writeMsr(0x1b, xapic, 'host')).toBe(true)
  expect(apic.writeMsr(0x1b, xapic | 1n, 'host')).toBe(false)
})

describe('whatever is done to it', () => {
  function poke(m: ReturnType<typeof machine>, seed: number, steps: number): unknown[] {
    const next = pseudoRandom(seed)
    return Array.from({ length: steps }, () => {
      m.to(m.now() + (next() % 500))
      const apic = m.apics[next() % m.apics.length]!
      const choice = next() % 12
      if (choice < 4) write(apic, (next() % 0x40) << 4, next() % 3 ? next() & 0x4_ffff : next())
      else if (choice === 4) apic.writeMsr(0x800 + (next() % 0x40), BigInt(next()))
      else if (choice === 5) apic.writeMsr(0x1b, 0xfee0_0000n | BigInt(next() & 0xd00))
      else if (choice === 6) apic.setLint(next() & 1 ? 1 : 0, (next() & 1) !== 0)
      else if (choice === 7) apic.writeMsr(0x6e0, BigInt(m.now() * 2 + (next() % 2000)))
      else if (choice === 8) return apic.acknowledge()
      else if (choice > 9)
        m.bus.send({
          vector: 16 + (next() % 240),
          delivery: choice === 10 ? 'fixed' : 'lowest',
          destination: next() % 4 === 0 ? 0xffff_ffff : next() % 3,
          destinationMode: 'physical',
          trigger: next() % 2 === 0 ? 'edge' : 'level',
        })
      return `${read(apic, (next() % 0x40) << 4)} ${apic.readMsr(0x800 + (next() % 0x40))} ${apic.timer.deadline()}`
    })
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('saved state replays (seed %i)', (seed) => {
    const m = machine(3)
    let mark = 0
    const device = {
      name: 'all',
      save: () => [m.bus.save(), ...m.apics.map((apic) => apic.save())],
      restore: (saved: unknown) => {
        const [bus, ...apics] = saved as ReturnType<LocalApic['save']>[]
        m.bus.restore(bus!)
        for (const [index, state] of apics.entries()) m.apics[index]!.restore(state)
      },
    }
    const difference = replayDifference(
      device,
      () => {
        poke(m, seed, 400)
        mark = m.now()
      },
      () => {
        m.jump(mark)
        return poke(m, seed + 1000, 400)
      },
    )
    expect(difference).toBeUndefined()
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'what it has shown is what a load gives, until it says otherwise (seed %i)',
    (seed) => {
      const shown = new Map<number, number>()
      let place = -1
      const registers = {
        taskPriority: 0,
        set place(address: number) {
          shown.clear()
          place = address
        },
        show: (number: number, value: number) => void shown.set(number, value),
        letWrite() {},
        forget: () => shown.clear(),
      }
      const m = machine(1, { registers })
      let looks = 0
      for (let step = 0; step < 300; step += 1) {
        poke(m, seed * 1000 + step, 1)
        for (const number of [2, 3, 8, 10, 13, 14, 15, 16, 24, 32, 40, 48, 49, 50, 51, 53, 55, 56, 62]) {
          const before = shown.get(number)
          const value = read(m.apic, number << 4)
          if (before === undefined) continue
          looks += 1
          expect([number, before]).toEqual([number, value])
        }
        expect([place, registers.taskPriority]).toEqual([m.apic.page.base, read(m.apic, TPR)])
      }
      expect(looks).toBeGreaterThan(500)
    },
  )

  it('a state of something else is refused by name', () => {
    expect(() => machine().apic.restore({ base: 1n })).toThrow(/local-apic 0/)
  })
})
