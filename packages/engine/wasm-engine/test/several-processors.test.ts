import { type Assembler, al, assembler, ax, cx, dx, eax, ebx, ecx, mem8, mem16, mem32 } from '@vmm/x86-assembler'
import { nobodyAround } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { Engine, GuestMachine, type MemorySlot } from '../src/index.ts'

const codeAt = 0x1000
const slots: readonly MemorySlot[] = [{ address: 0, bytes: 0x2_0000 }]

type Size = 16 | 32

/** Sets a processor up for real-address code, or flat 32-bit code. */
function ready(engine: Engine, rip: number, size: Size = 16): Engine {
  for (const name of ['CS', 'DS', 'ES', 'SS'] as const) {
    engine.set(`${name}.limit`, size === 16 ? 0xffffn : 0xffff_ffffn)
    engine.set(`${name}.access`, (name === 'CS' ? 0x9bn : 0x93n) | (size === 16 ? 0n : 0xc000n))
  }
  engine.set('CR0', size === 16 ? 0x10n : 0x11n)
  engine.set('RIP', BigInt(rip))
  engine.modeChanged()
  return engine
}

/** Writes code into a machine's memory. */
function put(machine: GuestMachine, address: number, write: (a: Assembler) => void, codeSize: Size = 16): void {
  const a = assembler({ origin: address, codeSize })
  write(a)
  machine.slots.writeAt(address, a.finish().bytes)
}

function pair(size: Size = 16) {
  const machine = new GuestMachine({ slots })
  const [first, second] = [0, 1].map(() => ready(new Engine({ machine, ports: nobodyAround }), codeAt, size))
  return { machine, first: first!, second: second! }
}

const low = (engine: Engine, index: number) => Number(engine.gpr(index) & 0xffffn)

test('two processors run the same code with registers and counts of their own', () => {
  const { machine, first, second } = pair()
  put(machine, codeAt, (a) => a.add(ax, 3).hlt())
  second.setGpr(0, 40n)
  expect(first.run(100)).toEqual({ kind: 'exit', reason: 'hlt' })
  expect(second.run(1)).toEqual({ kind: 'budget' })
  expect([low(first, 0), low(second, 0)]).toEqual([3, 43])
  expect([first.retired(), second.retired()]).toEqual([2, 1])
})

test('code that one processor has stored over is new to another that had run it', () => {
  const { machine, first, second } = pair()
  put(machine, codeAt, (a) => a.mov(ax, 1).hlt())
  put(machine, 0x3000, (a) => a.mov(mem8({ displacement: codeAt + 1 }), 2).hlt())
  second.run(100)
  ready(first, 0x3000).run(100)
  ready(second, codeAt).run(100)
  expect(low(second, 0)).toBe(2)
})

test('a store through a translation made before the other processor ran the page is seen', () => {
  const { machine, first, second } = pair()
  put(machine, codeAt, (a) => a.mov(ax, 1).hlt())
  put(machine, 0x3000, (a) => a.mov(mem8({ displacement: codeAt + 0x20 }), 7).hlt())
  ready(first, 0x3000).run(100)
  second.run(100)
  put(machine, 0x3000, (a) => a.mov(mem8({ displacement: codeAt + 1 }), 9).hlt())
  ready(first, 0x3000).run(100)
  ready(second, codeAt).run(100)
  expect(low(second, 0)).toBe(9)
})

test('a line that one processor monitors is left when another stores to it', () => {
  const { machine, first, second } = pair(32)
  put(machine, 0x3000, (a) => a.mov(mem32({ displacement: 0x5004 }), 1).hlt(), 32)
  first.set('MONITOR', 0x5000n)
  second.set('MONITOR', 0x5040n)
  ready(second, 0x3000, 32).run(100)
  const none = (1n << 64n) - 1n
  expect([first.get('MONITOR'), second.get('MONITOR')]).toEqual([none, 0x5040n])
})

test('a line stays monitored while another line of its page is left', () => {
  const { machine, first, second } = pair(32)
  put(machine, 0x3000, (a) => a.mov(mem32({ displacement: 0x5044 }), 1).hlt(), 32)
  first.set('MONITOR', 0x5000n)
  second.set('MONITOR', 0x5040n)
  first.set('MONITOR', (1n << 64n) - 1n)
  ready(first, 0x3000, 32).run(100)
  expect(second.get('MONITOR')).toBe((1n << 64n) - 1n)
})

test('slots that are shown elsewhere are elsewhere for every processor', () => {
  const { machine, first, second } = pair(32)
  put(machine, codeAt, (a) => a.mov(eax, mem32({ displacement: 0x1_0000 })).hlt(), 32)
  machine.slots.memory[0x1_0000] = 5
  machine.slots.memory[0x1_8000] = 6
  const runs = () => [first, second].map((each) => [ready(each, codeAt, 32).run(10), low(each, 0)][1])
  expect(runs()).toEqual([5, 5])
  machine.slots.replace([
    { address: 0, bytes: 0x1_0000, offset: 0 },
    { address: 0x1_0000, bytes: 0x8000, offset: 0x1_8000 },
  ])
  expect(runs()).toEqual([6, 6])
})

test('a processor that is made later finds the loop that 32-bit code has got by then', () => {
  const machine = new GuestMachine({ slots })
  put(machine, codeAt, (a) => a.mov(ecx, 1_000_000).label('round').add(eax, ebx).dec(ecx).jnz('round').hlt(), 32)
  const earlier = ready(new Engine({ machine, ports: nobodyAround }), codeAt, 32)
  const first = ready(new Engine({ machine, ports: nobodyAround }), codeAt, 32)
  while (first.run(1_000_000).kind === 'budget');
  const later = ready(new Engine({ machine, ports: nobodyAround }), codeAt, 32)
  for (const each of [earlier, later]) {
    each.setGpr(3, 2n)
    while (each.run(1_000_000).kind === 'budget');
    expect(Number(each.gpr(0))).toBe(2_000_000)
  }
})

test('a processor beyond 2 GiB crosses pages, asks devices and takes instructions one by one', () => {
  const machine = new GuestMachine({ slots, memoryBytes: 2.1 * 2 ** 30 })
  const asked: number[] = []
  const ports = {
    ...nobodyAround,
    mmioRead: (address: number) => {
      asked.push(address)
      return 0x1234n
    },
  }
  const engine = ready(new Engine({ machine, ports }), 0x1ffc, 32)
  put(
    machine,
    0x1ffc,
    (a) =>
      a
        .mov(eax, mem32({ displacement: 0x9_0000 }))
        .mov(mem32({ displacement: 0x5ffe }), eax)
        .mov(ebx, mem32({ displacement: 0x5ffe }))
        .hlt(),
    32,
  )
  while (engine.run(1).kind === 'budget');
  expect(asked).toEqual([0x9_0000])
  expect(Number(engine.gpr(3))).toBe(0x1234)
})

test('who answers a running processor cannot run another one of its machine', () => {
  const machine = new GuestMachine({ slots })
  const other = ready(new Engine({ machine, ports: nobodyAround }), codeAt)
  const ports = { ...nobodyAround, portOut: () => other.run(1) !== undefined }
  const engine = ready(new Engine({ machine, ports }), codeAt)
  put(machine, codeAt, (a) => a.mov(dx, 0x80).out(dx, al).hlt())
  expect(() => engine.run(10)).toThrow('a processor of this machine is running already')
})

test('a machine says when it has no room for one processor more', () => {
  const machine = new GuestMachine({ slots: [], memoryBytes: 3.92 * 2 ** 30 })
  let made = 0
  while (machine.hasRoom) {
    new Engine({ machine, ports: nobodyAround })
    made += 1
  }
  expect(made).toBeGreaterThan(1)
  expect(() => new Engine({ machine, ports: nobodyAround })).toThrow(RangeError)
})

test('system-management mode has guest-physical addresses of its own', () => {
  const { machine, first, second } = pair()
  put(machine, codeAt, (a) => a.mov(ax, mem16({ displacement: 0x100 })).hlt())
  machine.slots.memory[0x100] = 1
  machine.slots.memory[0x1_0100] = 2
  machine.slots.memory.copyWithin(0x1_1000, codeAt, codeAt + 0x10)
  machine.smmSlots.replace([{ address: 0, bytes: 0x1_0000, offset: 0x1_0000 }])
  second.addressSpace = 'smm'
  const runs = () => [first, second].map((each) => [ready(each, codeAt).run(10), low(each, 0)][1])
  expect(runs()).toEqual([1, 2])
  second.addressSpace = 'ordinary'
  expect(runs()).toEqual([1, 1])
})

test('every processor repeats what it has done, run by run, however they take turns', () => {
  const sums = (turn: number) => {
    const { machine, first, second } = pair()
    put(machine, codeAt, (a) =>
      a
        .mov(cx, 500)
        .label('round')
        .inc(mem16({ displacement: 0x8000 }))
        .dec(cx)
        .jnz('round')
        .hlt(),
    )
    const running = new Set([first, second])
    while (running.size > 0) for (const each of running) if (each.run(turn).kind === 'exit') running.delete(each)
    return [
      first.retired(),
      second.retired(),
      new DataView(machine.slots.memory.slice(0x8000, 0x8002).buffer).getUint16(0, true),
    ]
  }
  expect([1, 7, 100, 10_000].map(sums)).toEqual(Array.from({ length: 4 }, () => [1502, 1502, 1000]))
})

test('what is hot on a processor that was made later reaches over pages, too', () => {
  const machine = new GuestMachine({ slots, hot: { threshold: 8 } })
  const [, second] = [0, 1].map(() => ready(new Engine({ machine, ports: nobodyAround }), codeAt, 32))
  const [rounds, far] = [200, 0x5000]
  put(machine, codeAt, (a) => a.mov(ecx, rounds).label('again').call(far).dec(ecx).jne('again').hlt(), 32)
  put(machine, far, (a) => a.add(eax, 3).ret(), 32)
  second!.setGpr(4, 0x8000n)
  let stop = second!.run(10_000)
  while (stop.kind !== 'exit') stop = second!.run(10_000)
  expect(second!.gpr(0)).toBe(BigInt(3 * rounds))
  expect(machine.statistics().regionsEntered).toBeGreaterThan(0)
})
