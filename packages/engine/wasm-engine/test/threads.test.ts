/// <reference types="node" />
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  type Assembler,
  al,
  assembler,
  eax,
  ebp,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  esp,
  mem,
  mem8,
  mem16,
  mem32,
  mem64,
} from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { guestBytes, type HotOptions, shareGuest } from '../src/index.ts'
import type { Threaded } from './thread.ts'

const codeAt = 0x1000
const dataAt = 0x1_0000
const word = (displacement: number) => mem32({ displacement: dataAt + displacement })

const tiers: readonly (readonly [string, HotOptions | false])[] = [
  ['interpreted', false],
  ['compiled', { threshold: 50 }],
]

interface Some {
  readonly of: number
  readonly indices: readonly number[]
  /** As many take turns in each thread. */
  readonly each?: number
}

/** Runs a program by so many processors at the same time, or by some of so many; gives the words at `dataAt`. */
async function threads(who: number | Some, hot: HotOptions | false, write: (a: Assembler) => void) {
  const of = typeof who === 'number' ? who : who.of
  const { indices, each = 1 } =
    typeof who === 'number' ? { indices: Array.from({ length: who }, (_, index) => index) } : who
  const guest = shareGuest({ threads: of, vcpusOfEach: each, memoryBytes: 0x10_0000 })
  const a = assembler({ origin: codeAt, codeSize: 32 })
  write(a)
  const memory = guestBytes(guest)
  memory.set(a.finish().bytes, codeAt)
  const workers = indices.map((index, thread) => {
    const numbers = Array.from({ length: each }, (_, number) => thread * each + number)
    const workerData: Threaded = { guest, index, numbers, entry: codeAt, hot }
    return new Worker(new URL('./thread.ts', import.meta.url), { workerData })
  })
  const retired = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number))
  await Promise.all(workers.map((worker) => worker.terminate()))
  const words = new Uint32Array(memory.buffer, memory.byteOffset + dataAt, 64)
  return { words, retired }
}

/** Waits until so many processors have come here, counted at a word. */
function meet(a: Assembler, count: number, at: number): void {
  const name = `meet${at}`
  a.lock().inc(word(at)).label(name).pause().cmp(word(at), count).jb(name)
}

const rounds = 20_000

test('more than sixty-four, or more than fits beside their memory, are refused', () => {
  expect(() => shareGuest({ threads: 65, memoryBytes: 0x10_0000 })).toThrow(RangeError)
  expect(() => shareGuest({ threads: 64, memoryBytes: 3840 * 2 ** 20 })).toThrow(RangeError)
})

describe.each(tiers)('processors in threads, %s', (_, hot) => {
  test('lose none of the increments that are locked, whatever the instruction and its width', async () => {
    const { words } = await threads(4, hot, (a) => {
      meet(a, 4, 0)
      a.mov(ecx, rounds).label('again')
      a.lock().inc(word(4))
      a.lock().add(word(8), 3)
      a.mov(eax, 1).lock().xadd(word(12), eax)
      a.lock().sub(word(16), -1)
      a.lock().inc(mem16({ displacement: dataAt + 20 }))
      a.lock().inc(mem8({ displacement: dataAt + 24 }))
      a.mov(eax, word(28))
        .label('swap')
        .lea(edx, mem({ base: eax, displacement: 1 }))
      a.lock().cmpxchg(word(28), edx).jne('swap')
      a.dec(ecx).jne('again').hlt()
    })
    expect([...words.subarray(1, 5)]).toEqual([4, 12, 4, 4].map((times) => times * rounds))
    expect(words[5]! & 0xffff).toBe((4 * rounds) & 0xffff)
    expect(words[6]! & 0xff).toBe((4 * rounds) & 0xff)
    expect(words[7]).toBe(4 * rounds)
  })

  test('lose none of the increments that are locked where three take turns in each of two threads', async () => {
    const { words, retired } = await threads({ of: 2, indices: [0, 1], each: 3 }, hot, (a) => {
      meet(a, 6, 0)
      a.mov(ecx, rounds).label('again')
      a.lock().inc(word(4))
      // each has registers and a stack of its own
      a.push(ecx)
        .mov(eax, mem32({ base: esp }))
        .cmp(eax, ecx)
        .jne('lost')
        .pop(ecx)
      a.dec(ecx).jne('again').hlt()
      a.label('lost').hlt()
    })
    expect(words[1]).toBe(6 * rounds)
    expect(Math.min(...retired)).toBeGreaterThan(3 * 8 * rounds)
  })

  test('lose none of the increments that lie across two words or are eight bytes long', async () => {
    const few = 200
    const { words } = await threads(2, hot, (a) => {
      meet(a, 2, 0)
      a.mov(ecx, few).label('again')
      a.lock().inc(mem32({ displacement: dataAt + 64 - 2 }))
      a.mov(esi, ecx)
      a.mov(eax, word(96)).mov(edx, word(100)).label('swap')
      a.mov(ebx, eax).add(ebx, 1).mov(ecx, edx).adc(ecx, 0)
      a.lock()
        .cmpxchg8b(mem64({ displacement: dataAt + 96 }))
        .jne('swap')
      a.mov(ecx, esi).dec(ecx).jne('again').hlt()
    })
    const askew = words[15]! / 0x1_0000 + (words[16]! & 0xffff) * 0x1_0000
    expect(askew).toBe(2 * few)
    expect(words[24]).toBe(2 * few)
  })

  test('keep each other out by XCHG, and let each other in by a plain store', async () => {
    const { words } = await threads(2, hot, (a) => {
      meet(a, 2, 0)
      a.mov(ecx, rounds).label('again')
      a.label('lock').mov(eax, 1).xchg(word(4), eax).test(eax, eax).je('locked')
      a.label('spin').pause().cmp(word(4), 0).jne('spin').jmp('lock')
      a.label('locked').mov(eax, word(64)).inc(eax).mov(word(64), eax)
      a.mov(word(4), 0)
      a.dec(ecx).jne('again').hlt()
    })
    expect(words[16]).toBe(2 * rounds)
  })

  test('set bits one by one at a distance', async () => {
    const { words } = await threads(2, hot, (a) => {
      meet(a, 2, 0)
      // each its own half of the same words
      a.mov(edi, ebx).shl(edi, 4).mov(ecx, 4000).label('again')
      const eachBit = (next: string, change: () => unknown): void => {
        a.mov(edx, 0).label(next)
        a.lea(esi, mem({ base: edx, index: edi, scale: 1 })).lock()
        change()
        a.inc(edx).cmp(edx, 16).jb(next)
      }
      eachBit('next', () => a.bts(mem32({ displacement: dataAt + 128 }), esi).jb('bad'))
      eachBit('back', () => a.btr(mem32({ displacement: dataAt + 128 }), esi).jae('bad'))
      a.dec(ecx).jne('again').hlt()
      a.label('bad').lock().inc(word(8)).hlt()
    })
    expect([words[2], words[32]]).toEqual([0, 0])
  })

  test('see stores in the order in which they were made', async () => {
    const { words } = await threads(2, hot, (a) => {
      meet(a, 2, 0)
      a.mov(ecx, rounds * 5)
        .test(ebx, ebx)
        .jne('reader')
      a.mov(eax, 0).label('write').inc(eax).mov(word(64), eax).mov(word(192), eax)
      a.dec(ecx).jne('write').mov(word(252), 1).hlt()
      // the flag is read first: what is behind it is at least as new
      a.label('reader').mov(eax, word(192)).mov(edx, word(64)).cmp(edx, eax).jb('bad')
      a.inc(esi).cmp(word(252), 0).je('reader').mov(word(4), esi).hlt()
      a.label('bad').mov(word(8), 1).hlt()
    })
    expect(words[2]).toBe(0)
    expect(words[1]).toBeGreaterThan(0)
  })

  test.each([
    ['MFENCE', (a: Assembler) => a.mfence()],
    ['a locked instruction', (a: Assembler) => a.lock().add(word(248), 0)],
    ['CPUID', (a: Assembler) => a.mov(ebp, ebx).mov(esi, ecx).mov(eax, 0).cpuid().mov(ebx, ebp).mov(ecx, esi)],
  ])('see at least one of two stores that each is made before a load and %s', async (_name, fence) => {
    const { words } = await threads(2, hot, (a) => {
      const own = { base: edi, displacement: dataAt + 64 }
      a.mov(edi, ebx).shl(edi, 7).mov(ecx, 1000).label('again')
      // both begin a round together: each has its count at its own place
      a.mov(mem32(own), 0)
      a.lock().inc(word(4)).label('wait')
      a.mov(eax, 1001)
        .sub(eax, ecx)
        .lea(eax, mem({ base: eax, index: eax, scale: 1 }))
        .cmp(word(4), eax)
        .jb('wait')
      a.mov(mem32(own), 1)
      fence(a)
      a.mov(edx, edi)
        .xor(edx, 128)
        .mov(eax, mem32({ base: edx, displacement: dataAt + 64 }))
      a.mov(mem32({ base: edi, displacement: dataAt + 68 }), eax)
      a.lock().inc(word(8)).label('both')
      a.mov(eax, 1001)
        .sub(eax, ecx)
        .lea(eax, mem({ base: eax, index: eax, scale: 1 }))
        .cmp(word(8), eax)
        .jb('both')
      a.mov(eax, word(68))
        .or(eax, word(68 + 128))
        .jne('seen')
        .mov(word(12), 1)
      a.label('seen').lock().inc(word(16)).label('done')
      a.mov(eax, 1001)
        .sub(eax, ecx)
        .lea(eax, mem({ base: eax, index: eax, scale: 1 }))
        .cmp(word(16), eax)
        .jb('done')
      a.dec(ecx).jne('again').hlt()
    })
    expect(words[3]).toBe(0)
  })

  test.each([
    ['two of two', 2],
    ['two of sixty-four', { of: 64, indices: [5, 63] }],
  ])('run what another has stored over, once they have been told and have executed CPUID: %s', async (_name, who) => {
    const times = 300
    const { words, retired } = await threads(who, hot, (a) => {
      meet(a, 2, 0)
      a.mov(esi, 0).test(ebx, ebx).jne('runs')
      a.label('writes').inc(esi).mov(mem32('patched', 1), esi).mov(word(4), esi)
      a.label('ran').pause().cmp(word(16), 0).jne('end').cmp(word(8), esi).jne('ran')
      a.cmp(esi, times).jb('writes').label('end').hlt()
      a.label('runs').inc(esi)
      a.label('told').pause().cmp(word(4), esi).jb('told')
      a.mov(eax, 0).cpuid()
      a.mov(edi, 100).label('twice').call('code').cmp(eax, esi).jne('bad').dec(edi).jne('twice')
      a.mov(word(8), esi).cmp(esi, times).jb('runs').hlt()
      a.label('bad').mov(word(12), eax).mov(word(16), esi).hlt()
      a.align(4096).label('code').nop().nop().nop().label('patched').mov(eax, 0).ret()
      a.mov(al, 0)
    })
    expect([words[3], words[4]]).toEqual([0, 0])
    expect(words[2]).toBe(times)
    expect(retired).toHaveLength(2)
  })
})
