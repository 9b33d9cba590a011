import type { LoadedImage } from '@vmm/boot'
import { type Assembler, al, assembler, ax, cx, eax, ecx, edx, mem8, mem16, mem32, sp } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { Machine } from '../src/machine.ts'
import { processorNamed } from '../src/processor.ts'

const cpus = 4
const code = { first: 0x1000, others: 0x2000, handler: 0x3000 } as const
const data = { locked: 0x4000, guarded: 0x4004, lock: 0x4008, interrupts: 0x400c } as const
const vector = 0x60
/** Commands to all processors but the one that sends them. */
const [init, startup, interrupt] = [0xc_4500, 0xc_4600 | (code.others >> 12), 0xc_4000 | vector] as const

/** x2APIC mode, where the command register is an MSR, and a stack for each. */
function begin(a: Assembler): void {
  a.mov(ecx, 0x1b).rdmsr().or(ax, 0xc00).wrmsr()
  a.mov(ecx, 0x80f).mov(eax, 0x1ff).xor(edx, edx).wrmsr()
  a.mov(ecx, 0x802).rdmsr().shl(ax, 8).add(ax, 0x7000).mov(sp, ax)
}

function send(a: Assembler, command: number): void {
  a.mov(ecx, 0x830).mov(eax, command).xor(edx, edx).wrmsr()
}

/** For an interrupt, or for a store to where all store, as chance has it in EAX. */
function waitForAnother(a: Assembler): void {
  a.test(ax, 0x400).jnz('halt').mov(eax, data.locked).xor(ecx, ecx).xor(edx, edx).monitor()
  a.xor(eax, eax).mwait().jmp('on').label('halt').hlt()
}

/** Rounds without end: a sum under LOCK, one that only a spin lock keeps whole, time, random numbers, and interrupts for others. */
function work(a: Assembler, by: 'first' | 'other'): void {
  a.sti().label('round').lock().inc(mem32(data.locked))
  a.label('spin').mov(al, 1).xchg(al, mem8(data.lock)).test(al, al).jz('taken').pause().jmp('spin')
  a.label('taken').mov(edx, mem32(data.guarded)).nop().inc(edx).mov(mem32(data.guarded), edx).mov(mem8(data.lock), 0)
  a.mov(cx, 20).label('slowly').loop('slowly')
  a.rdtsc().rdrand(edx).xor(eax, edx).test(ax, 0x3f0).jnz('on')
  if (by === 'first') send(a, interrupt)
  else waitForAnother(a)
  a.label('on').jmp('round')
}

function program(): LoadedImage {
  const first = assembler({ origin: code.first, codeSize: 16 })
  first.mov(mem16(vector * 4), code.handler).mov(mem16(vector * 4 + 2), 0)
  begin(first)
  send(first, init)
  send(first, startup)
  work(first, 'first')
  // CS is not 0 here
  const others = assembler({ origin: 0, codeSize: 16 })
  begin(others)
  work(others, 'other')
  const handler = assembler({ origin: code.handler, codeSize: 16 })
  handler.push(eax).push(ecx).push(edx).lock().inc(mem32(data.interrupts))
  handler.mov(ecx, 0x80b).xor(eax, eax).xor(edx, edx).wrmsr().pop(edx).pop(ecx).pop(eax).iret()
  const segment = { selector: 0, base: 0, limit: 0xffff }
  const pieces = { first, others, handler }
  return {
    kind: 'loaded',
    protocol: 'flat',
    writes: (['first', 'others', 'handler'] as const).map((name) => ({
      address: code[name],
      bytes: pieces[name].finish().bytes,
    })),
    start: {
      rip: code.first,
      registers: { RSP: 0x7000 },
      ...{ cr0: 0x10, cr3: 0, cr4: 0, efer: 0 },
      code: { ...segment, access: 0x9b },
      data: { ...segment, access: 0x93 },
    },
  }
}

function machine(): Machine {
  return new Machine({ memorySize: 4 << 20, cpus, table: processorNamed('max', undefined, cpus), onTransmit: () => {} })
}

function begun(): Machine {
  const subject = machine()
  subject.load(program())
  return subject
}

/** Runs up to a count, coming back every so many instructions. */
function advance(to: Machine, instructions: number, slice = Number.POSITIVE_INFINITY): void {
  while (to.instructions < instructions) {
    const result = to.slice(Math.min(slice, instructions - to.instructions))
    if (result.kind === 'idle') to.warpTo(result.until)
    else if (result.kind === 'ended') throw new Error(JSON.stringify(result.end, (_, value) => String(value)))
  }
}

function word(subject: Machine, address: number): number {
  const { bytes } = subject.vm.memory
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(address, true)
}

const stops = [60_000, 500_001, 1_999_999, 4_000_000]
const hashes = (slice?: number) => {
  const subject = begun()
  return stops.map((stop) => {
    advance(subject, stop, slice)
    return subject.stateHash()
  })
}

describe('several processors', () => {
  test('all run, take locks from each other, and are interrupted by each other', () => {
    const subject = begun()
    advance(subject, 8_000_000)
    const each = subject.instructionsOfEach
    expect(each).toHaveLength(cpus)
    expect(each.reduce((sum, count) => sum + count)).toBe(subject.instructions)
    expect(Math.min(...each)).toBeGreaterThan(5000)
    expect(word(subject, data.interrupts)).toBeGreaterThan(5)
    // as many as are between the two when it stops
    const apart = word(subject, data.locked) - word(subject, data.guarded)
    expect(apart).toBeGreaterThanOrEqual(0)
    expect(apart).toBeLessThanOrEqual(cpus)
  })

  test('do the same in every run, wherever it stops in between', () => {
    const straight = hashes()
    expect(new Set(straight).size).toBe(stops.length)
    expect(hashes(777)).toEqual(straight)
    expect(hashes(123_457)).toEqual(straight)
  })

  test('are saved, and go on in a new machine as if nothing had happened', () => {
    const straight = begun()
    advance(straight, stops[3]!)
    const half = begun()
    advance(half, stops[1]!)
    const resumed = machine()
    resumed.restore(structuredClone(half.save()))
    expect(resumed.stateHash()).toBe(half.stateHash())
    advance(resumed, stops[3]!)
    expect(resumed.instructionsOfEach).toEqual(straight.instructionsOfEach)
    expect([resumed.now(), resumed.stateHash()]).toEqual([straight.now(), straight.stateHash()])
  })

  test('begin anew after a reset: all but the first wait', () => {
    const subject = begun()
    advance(subject, 300_000)
    subject.reset()
    const before = subject.instructionsOfEach
    subject.load({ ...program(), writes: [{ address: code.first, bytes: Uint8Array.of(0xeb, 0xfe) }] })
    advance(subject, subject.instructions + 200_000)
    const since = subject.instructionsOfEach.map((count, index) => count - before[index]!)
    expect(since).toEqual([200_000, 0, 0, 0])
    subject.reset()
    subject.load(program())
    advance(subject, subject.instructions + 6_000_000)
    expect(Math.min(...subject.instructionsOfEach.map((count, index) => count - before[index]!))).toBeGreaterThan(
      10_000,
    )
  })

  test('are not taken from a machine that had another number of them', () => {
    const one = new Machine({ memorySize: 4 << 20, table: processorNamed('max'), onTransmit: () => {} })
    expect(() => machine().restore(one.save())).toThrow(RangeError)
  })

  test('each have an ID of their own in CPUID, and the rest alike', () => {
    const subject = machine()
    const leaf = (vcpu: (typeof subject.vm.vcpus)[number], number: number, index = 0) =>
      vcpu.cpuid.find((entry) => entry.function === number && entry.index === index)!
    for (const vcpu of subject.vm.vcpus) {
      expect(leaf(vcpu, 1).ebx >>> 16).toBe((vcpu.id << 8) | cpus)
      expect(leaf(vcpu, 4, 3).eax >>> 14).toBe((3 << 12) | 3)
      expect([0, 1, 2].map((index) => leaf(vcpu, 0xb, index).edx)).toEqual([vcpu.id, vcpu.id, vcpu.id])
      expect([leaf(vcpu, 0xb, 0).ebx, leaf(vcpu, 0xb, 1).ebx, leaf(vcpu, 0xb, 1).eax]).toEqual([1, cpus, 2])
    }
  })
})
