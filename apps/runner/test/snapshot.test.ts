import type { LoadedImage } from '@vmm/boot'
import { al, assembler, bl, bx, dx, eax, ecx, edx, label, mem8, mem16, mem32, si } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { Machine } from '../src/machine.ts'
import { processorNamed } from '../src/processor.ts'

const at = { code: 0x1000, handler: 0x3000, ticks: 0x800, data: 0x8000 } as const

/** A real-mode program that never ends: timer interrupts, the clock's registers, random numbers, time, halts, and stores to its own code. */
function restless(): LoadedImage {
  const main = assembler({ origin: at.code, codeSize: 16 })
  main.mov(mem16(8 * 4), at.handler).mov(mem16(8 * 4 + 2), 0)
  main.mov(al, 0x34).out(0x43, al).mov(al, 0x80).out(0x40, al).mov(al, 0).out(0x40, al)
  main.mov(al, 0xfa).out(0x21, al).mov(eax, 1).xor(bx, bx).sti()
  main.label('round').imul(eax, eax, 1_103_515_245).add(eax, 12_345)
  main.mov(mem32(bx, at.data), eax).add(bx, 4).and(bx, 0x1ffc)
  main.mov(ecx, eax).rdtsc().xor(eax, ecx).rdrand(edx).xor(eax, edx)
  main
    .label('patched')
    .add(al, 1)
    .inc(mem8(label('patched', 1)))
  main.test(eax, 0xff0).jnz('round').mov(dx, 0x3f8).out(dx, al).hlt().jmp('round')
  const handler = assembler({ origin: at.handler, codeSize: 16 })
  handler.push(eax).mov(al, 0).out(0x70, al).in(al, 0x71).mov(si, at.ticks)
  handler.mov(bl, al).add(mem32(at.ticks), 1).mov(al, 0x20).out(0x20, al).pop(eax).iret()
  const segment = { selector: 0, base: 0, limit: 0xffff }
  return {
    kind: 'loaded',
    protocol: 'flat',
    writes: [
      { address: at.code, bytes: main.finish().bytes },
      { address: at.handler, bytes: handler.finish().bytes },
    ],
    start: {
      rip: at.code,
      registers: { RSP: 0x7000 },
      cr0: 0x10,
      cr3: 0,
      cr4: 0,
      efer: 0,
      code: { ...segment, access: 0x9b },
      data: { ...segment, access: 0x93 },
    },
  }
}

function machine(sent: number[] = []): Machine {
  return new Machine({
    memorySize: 4 << 20,
    table: processorNamed('max'),
    onTransmit: (_, byte) => sent.push(byte),
  })
}

function advance(to: Machine, instructions: number): void {
  while (to.instructions < instructions) {
    const result = to.slice(instructions - to.instructions)
    if (result.kind === 'idle') to.warpTo(result.until)
    else if (result.kind === 'ended') throw new Error(JSON.stringify(result.end, (_, value) => String(value)))
  }
}

/** How often the timer has interrupted. */
function ticksOf(subject: Machine): number {
  const { bytes } = subject.save().engine.memory.find(({ address }) => address === 0)!
  return new DataView(bytes.buffer).getUint32(at.ticks, true)
}

const stops = [10_000, 123_456, 200_001, 400_000]

describe('a machine that is run twice', () => {
  const once = () => {
    const sent: number[] = []
    const subject = machine(sent)
    subject.load(restless())
    const hashes = stops.map((stop) => {
      advance(subject, stop)
      return subject.stateHash()
    })
    return { sent, hashes, subject }
  }

  test('is in the same state at every stop, and in another one at each', () => {
    const [first, second] = [once(), once()]
    expect(second.hashes).toEqual(first.hashes)
    expect(new Set(first.hashes).size).toBe(stops.length)
    expect(second.sent).toEqual(first.sent)
    expect(first.sent.length).toBeGreaterThan(10)
    expect(ticksOf(first.subject)).toBeGreaterThan(10)
  })
})

describe('a snapshot', () => {
  const [middle, end] = [stops[1]!, stops[3]!]

  test('goes on in a new machine as if nothing had happened', () => {
    const straight = machine()
    straight.load(restless())
    advance(straight, end)

    const begun = machine()
    begun.load(restless())
    advance(begun, middle)
    const saved = structuredClone(begun.save())
    const resumed = machine()
    resumed.restore(saved)
    expect(resumed.stateHash()).toBe(begun.stateHash())
    advance(resumed, end)
    advance(begun, end)
    expect(resumed.instructions).toBe(straight.instructions)
    expect(resumed.now()).toBe(straight.now())
    expect([resumed.stateHash(), begun.stateHash()]).toEqual([straight.stateHash(), straight.stateHash()])
  })

  test('goes back in the machine that took it', () => {
    const subject = machine()
    subject.load(restless())
    advance(subject, middle)
    const [saved, then] = [subject.save(), subject.stateHash()]
    advance(subject, end)
    const later = subject.stateHash()
    subject.restore(saved)
    expect(subject.stateHash()).toBe(then)
    advance(subject, end)
    expect(subject.stateHash()).toBe(later)
  })

  test('of another version, or with memory that is not there, is refused', () => {
    const subject = machine()
    const saved = subject.save()
    const elsewhere = { ...saved.engine, memory: [{ address: 1 << 30, bytes: new Uint8Array(1) }] }
    expect(() => subject.restore({ ...saved, version: 99 })).toThrow(RangeError)
    expect(() => subject.restore({ ...saved, engine: elsewhere })).toThrow(RangeError)
    expect(() => subject.restore({ ...saved, devices: null })).toThrow(RangeError)
  })
})

test('a reset gives the state of power-up back, and the same program runs again in the same memory', () => {
  const [fresh, used] = [machine(), machine()]
  used.load(restless())
  advance(used, 50_000)
  used.reset()
  expect(used.vcpu.state.getRegs()).toEqual(fresh.vcpu.state.getRegs())
  expect(used.vcpu.state.getSregs()).toEqual(fresh.vcpu.state.getSregs())
  expect(used.vcpu.state.getXsave()).toEqual(fresh.vcpu.state.getXsave())
  used.load(restless())
  advance(used, used.instructions + 50_000)
})
