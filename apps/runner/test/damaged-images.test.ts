import { type LoadedImage, loadImage, type RefusedImage } from '@vmm/boot'
import { builtInGuest } from '@vmm/built-in-guest'
import { describe, expect, test } from 'vitest'
import { firmwareTables, Machine } from '../src/machine.ts'
import { processorNamed } from '../src/processor.ts'
import { guestTest, needsGuest } from './guests.ts'
import { file } from './kernels.ts'
import { vmm } from './vmm.ts'

needsGuest()

const memorySize = 128 * 2 ** 20
const table = processorNamed('default')

/** A fixed sequence of 32-bit numbers: Marsaglia's xorshift. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

const load = (image: Uint8Array) =>
  loadImage(image, { memorySize, commandLine: 'console=ttyS0', rsdp: firmwareTables().base })

/** What is loaded fits the memory; what is refused says so in one line. */
function verdictOn(result: LoadedImage | RefusedImage): string {
  if (result.kind === 'refused') return /^[^\n]{10,200}$/.test(result.says) ? 'refused' : `says ${result.says}`
  const outside = result.writes.find(({ address, bytes }) => !(address >= 0 && address + bytes.length <= memorySize))
  return outside === undefined ? 'loaded' : `writes ${outside.bytes.length} bytes at ${outside.address}`
}

/** Runs what was loaded for a while: how it stopped. Nothing may be thrown. */
function began(loaded: LoadedImage, instructions: number): string {
  const machine = new Machine({ memorySize, table, onTransmit: () => {} })
  machine.load(loaded)
  const result = machine.slice(instructions)
  return result.kind === 'ended' ? result.end.kind : result.kind
}

const stops = ['running', 'idle', 'shutdown', 'reset', 'power-off', 'internal-error', 'debug-exit']

/** An image with a few of its bytes changed, the headers more often than the rest. */
function damaged(image: Uint8Array, next: () => number, headers: number): Uint8Array {
  const changed = new Uint8Array(image)
  for (let count = (next() % 6) + 1; count > 0; count -= 1) {
    const at = next() % (next() % 8 === 0 ? image.length : headers)
    changed.fill([0, 0xff, 0x80, next() & 0xff][next() % 4]!, at, at + [1, 2, 4, 8, 64][next() % 5]!)
  }
  return changed
}

describe('a real bzImage', () => {
  guestTest('is loaded or refused wherever it is cut', async ({ kernel }) => {
    const next = numbers(0x0bad_cafe)
    const lengths = [
      ...Array.from({ length: 0x300 }, (_, length) => length),
      ...Array.from({ length: 400 }, () => next() % kernel.length),
      ...[1, 15, 16, 17, 511, 512].map((less) => kernel.length - less),
    ]
    const verdicts = lengths.map((length) => verdictOn(load(kernel.subarray(0, length))))
    expect(verdicts.filter((verdict) => verdict !== 'loaded' && verdict !== 'refused')).toEqual([])
    expect(verdicts.slice(0, 0x300)).toEqual(Array(0x300).fill('refused'))
    expect([load(kernel).kind, load(kernel.subarray(0, -4096)).kind]).toEqual(['loaded', 'refused'])
  })

  guestTest('is loaded or refused whatever its header becomes', async ({ kernel }) => {
    // the sizes that the header is checked against are those of the whole file
    const verdicts = new Set<string>()
    const next = numbers(0x1357_9bdf)
    const changed = new Uint8Array(kernel)
    for (let round = 0; round < 4000; round += 1) {
      const at = 0x1f1 + (next() % 0x80)
      const length = [1, 2, 4, 8][next() % 4]!
      changed.fill([0, 0xff, 0x80, next() & 0xff][next() % 4]!, at, at + length)
      verdicts.add(verdictOn(load(changed)))
      if (round % 4 === 0) changed.set(kernel.subarray(0x1f1, 0x280), 0x1f1)
    }
    expect([...verdicts].toSorted()).toEqual(['loaded', 'refused'])
  })

  guestTest('runs or dies, but never takes the machine along, whatever its bytes become', async ({ kernel }) => {
    const next = numbers(0x2468_ace1)
    for (let round = 0; round < 12; round += 1) {
      const loaded = load(damaged(kernel, next, 0x8000))
      if (loaded.kind === 'loaded') expect(stops).toContain(began(loaded, 1_000_000))
    }
  })

  guestTest('cut short is one line for a person, and status 2', async ({ kernel }) => {
    const { status, stdout, stderr } = await vmm(['run', file('short', kernel.subarray(0, 1_000_000))])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^vmm: image \S+: the kernel image is truncated: \d+ bytes of \d+ after the setup code\n$/)
  })
})

guestTest('a real bzImage with a byte changed anywhere is one line for a person, and status 2', async ({ kernel }) => {
  const changed = Uint8Array.from(kernel)
  changed[5_000_000]! ^= 1
  const { status, stdout, stderr } = await vmm(['run', file('changed', changed)])
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^vmm: image \S+: the kernel image is corrupted: [^\n]+\n$/)
})

describe('a multiboot image', () => {
  const image = builtInGuest()

  test('is loaded or refused wherever it is cut', () => {
    const verdicts = Array.from({ length: image.length }, (_, length) => verdictOn(load(image.slice(0, length))))
    expect(verdicts.filter((verdict) => verdict !== 'loaded' && verdict !== 'refused')).toEqual([])
  })

  test('runs or dies, but never takes the machine along, whatever its bytes become', () => {
    const next = numbers(0x1122_3344)
    const ends = new Set<string>()
    for (let round = 0; round < 24; round += 1) {
      const loaded = load(damaged(image, next, image.length))
      if (loaded.kind === 'loaded') ends.add(began(loaded, 100_000))
    }
    expect([...ends].filter((end) => !stops.includes(end))).toEqual([])
    expect(ends).toContain('shutdown')
  })
})
