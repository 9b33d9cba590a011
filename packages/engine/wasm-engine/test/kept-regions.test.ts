import { assembler, eax, ebx, ecx, edx, esi, mem32, xmm0, xmm1 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import type { Emitted } from '../src/emit/holes.ts'
import type { EmittedCode } from '../src/index.ts'
import { KeptRegions } from '../src/kept-regions.ts'
import { codeAt, ranFlat32 } from './flat32.ts'

/** What a program keeps from start to start, and how one ends. */
function storage(tellsTheEnd = true) {
  const parts = new Map<string, Uint8Array<ArrayBuffer>>()
  const last = new Map<string, () => void>()
  const emitted: EmittedCode = {
    find: (name) => parts.get(name),
    keep: (name, bytes) => void parts.set(name, bytes),
    ...(tellsTheEnd && { atEnd: (name: string, keep: () => void) => void last.set(name, keep) }),
  }
  const end = () => {
    for (const keep of last.values()) keep()
    last.clear()
  }
  const regions = () => [...parts].find(([name]) => name.startsWith('regions'))?.[1]
  return { emitted, end, regions }
}

interface Program {
  /** What is added each time. */
  readonly step?: number
  /** Bytes of NOPs before all of it, and between it and the function that it calls. */
  readonly before?: number
  readonly between?: number
  readonly floats?: boolean
}

/** A loop that calls a function, stores and loads. */
function programOf({ step = 3, before = 0, between = 0, floats = false }: Program): Uint8Array {
  const a = assembler({ origin: codeAt, codeSize: 32 })
  for (let count = 0; count < before; count += 1) a.nop()
  a.mov(ecx, 4000)
    .mov(esi, 0x8000)
    .label('loop')
    .call('add')
    .mov(mem32({ base: esi }), eax)
  if (floats) a.cvtsi2sd(xmm0, eax).addsd(xmm1, xmm0).cvttsd2si(ebx, xmm1)
  a.add(ebx, mem32({ base: esi }))
    .dec(ecx)
    .jnz('loop')
    .hlt()
  for (let count = 0; count < between; count += 1) a.nop()
  a.label('add').add(eax, step).rol(edx, 3).xor(edx, eax).ret()
  return a.finish().bytes
}

const hot = { threshold: 100, batch: 1 } as const
const fields = { CR4: 0x600n } as const

function ran(program: Program, { emitted, end }: Partial<ReturnType<typeof storage>> = {}) {
  const engine = ranFlat32(programOf(program), { hot, slice: 1000, emitted, fields })
  end?.()
  const { regionsCompiled, regionsFound } = engine.machine.statistics()
  const state = [0, 1, 2, 3].map((number) => engine.gpr(number))
  return { compiled: regionsCompiled, found: regionsFound, state, retired: engine.retired() }
}

/** A start after another one of the same program. */
function after(first: Program, then: Program) {
  const kept = storage()
  ran(first, kept)
  return ran(then, kept)
}

test.for<Program>([{}, { between: 5000 }])('what did the same before has the same regions: %j', (program) => {
  const { compiled, found, ...outcome } = after(program, program)
  expect(compiled).toBeGreaterThan(0)
  expect(found).toBe(compiled)
  const { state, retired } = ran(program)
  expect(outcome).toEqual({ state, retired })
})

test.for<[what: string, first: Program, then: Program]>([
  ['on one page', {}, { before: 200 }],
  ['on two', { between: 5000 }, { between: 5000, before: 0x2000 }],
])('regions are found wherever their code lies now: %s', ([, first, then]) => {
  const { compiled, found, ...outcome } = after(first, then)
  expect(compiled).toBeGreaterThan(0)
  expect(found).toBe(compiled)
  const { state, retired } = ran(then)
  expect(outcome).toEqual({ state, retired })
})

test.for<[what: string, then: Program]>([
  ['another number', { step: 5 }],
  ['another distance', { between: 7 }],
  ['a page between them', { between: 5000 }],
])('of code that is not the same nothing is found that has it: %s', ([, then]) => {
  const { compiled, found, ...outcome } = after({}, then)
  expect(found).toBeLessThan(compiled)
  const { state, retired } = ran(then)
  expect(outcome).toEqual({ state, retired })
})

test('what calls another function of its module is made each time', () => {
  const kept = storage()
  const once = ran({ floats: true }, kept)
  const again = ran({ floats: true }, kept)
  expect(once.compiled).toBeGreaterThan(0)
  expect(again.found).toBeLessThan(again.compiled)
  expect({ ...again, found: 0 }).toEqual(once)
})

test('who cannot tell when the program ends keeps no few regions', () => {
  const kept = storage(false)
  expect(ran({}, kept)).toEqual(ran({}, kept))
  expect(kept.regions()).toBeUndefined()
})

// -- how much is kept ----------------------------------------------------------------------------------------------

const description = (number: number) => Uint8Array.of(number)

/** A function of so many bytes. */
const bodyOf = (bytes: number, mark = 0): Emitted => ({
  locals: ['i32', 'v128', 'i64'],
  hints: [{ at: mark, taken: true }],
  holes: [
    { at: 300, number: 2 },
    { at: 7, number: mark },
  ],
  code: new Uint8Array(bytes).fill(mark),
})

test('a function is found as it was', () => {
  const kept = storage()
  const before = new KeptRegions(kept.emitted, 'kind')
  for (const mark of [1, 2]) before.made(description(mark), bodyOf(400, mark))
  kept.end()
  const now = new KeptRegions(kept.emitted, 'kind')
  expect([1, 2, 3].map((mark) => now.find(description(mark)))).toEqual([bodyOf(400, 1), bodyOf(400, 2), undefined])
  expect(new KeptRegions(kept.emitted, 'other').find(description(1))).toBeUndefined()
})

test('of more than there may be, what was of no use for longest goes', () => {
  const kept = storage()
  const third = 2.5 * 2 ** 20
  for (const mark of [1, 2, 3]) {
    new KeptRegions(kept.emitted, 'kind').made(description(mark), bodyOf(third, mark))
    kept.end()
  }
  const now = new KeptRegions(kept.emitted, 'kind')
  expect(now.find(description(1))).toBeDefined()
  now.made(description(4), bodyOf(third, 4))
  kept.end()
  const then = new KeptRegions(kept.emitted, 'kind')
  const isThere = [1, 2, 3, 4].map((mark) => then.find(description(mark)) !== undefined)
  expect(isThere).toEqual([true, false, true, true])
  expect(kept.regions()!.length).toBeLessThan(8 * 2 ** 20)
})

test('many are kept before the end', () => {
  const kept = storage(false)
  const regions = new KeptRegions(kept.emitted, 'kind')
  for (let mark = 0; mark < 63; mark += 1) regions.made(description(mark), bodyOf(400, mark))
  expect(kept.regions()).toBeUndefined()
  regions.made(description(63), bodyOf(400, 63))
  const now = new KeptRegions(kept.emitted, 'kind')
  expect(now.find(description(0))).toEqual(bodyOf(400, 0))
  expect(now.find(description(63))).toEqual(bodyOf(400, 63))
})

test('a start that makes more than there may be keeps what it may', () => {
  const kept = storage()
  const regions = new KeptRegions(kept.emitted, 'kind')
  for (let mark = 0; mark < 200; mark += 1) regions.made(description(mark), bodyOf(100_000, mark))
  kept.end()
  expect(kept.regions()!.length).toBeLessThan(8 * 2 ** 20)
  expect(new KeptRegions(kept.emitted, 'kind').find(description(0))).toBeDefined()
})
