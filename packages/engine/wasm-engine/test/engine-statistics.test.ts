import { assembler, ax, bx, cx, mem16 } from '@vmm/x86-assembler'
import { nobodyAround } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { Engine } from '../src/index.ts'

const codeAt = 0x1000
const rounds = 1000

/** Runs a loop of a thousand rounds, then stores over its code and runs what is left, to HLT. */
function ran(clock?: () => number): Engine {
  const a = assembler({ origin: codeAt, codeSize: 16 })
  a.mov(cx, rounds).label('round').add(ax, 1).dec(cx).jnz('round')
  a.mov(bx, 0x4141).mov(mem16(codeAt), bx).cpuid().hlt()
  const slots = [{ address: 0, bytes: 0x1_0000 }]
  const engine = new Engine({ slots, ports: nobodyAround, ...(clock === undefined ? {} : { clock }) })
  engine.writePhysical(codeAt, a.finish().bytes)
  engine.set('CS.limit', 0xffffn)
  engine.set('CS.access', 0x9bn)
  engine.set('DS.limit', 0xffffn)
  engine.set('DS.access', 0x93n)
  engine.set('RIP', BigInt(codeAt))
  engine.modeChanged()
  while (engine.run(100_000).kind !== 'exit');
  return engine
}

test('an engine tells what its tiers ran, decoded, compiled and forgot', () => {
  const engine = ran()
  const { instructions, blocksDecoded, blocksStale, modules, moduleBytes, tlbMisses, calls } =
    engine.machine.statistics()
  expect(instructions.cold + instructions.hot).toBe(engine.retired())
  expect(engine.retired()).toBe(3 * rounds + 5)
  // the first round, the others, and what follows them; the store meets the first
  expect(blocksDecoded).toBeGreaterThanOrEqual(3)
  expect(blocksStale).toBeGreaterThanOrEqual(1)
  expect(modules).toBeGreaterThan(0)
  expect(moduleBytes).toBeGreaterThan(8 * modules)
  expect(tlbMisses).toBeGreaterThan(0)
  expect(calls.host).toBeGreaterThan(0)
})

test('flushes of translations are counted', () => {
  const engine = ran()
  const before = engine.machine.statistics().tlbFlushes
  engine.flushTranslations()
  expect(engine.machine.statistics().tlbFlushes).toBeGreaterThan(before)
})

test('without a clock no times are told, and with one those it tells', () => {
  expect(ran().machine.statistics()).toMatchObject({ milliseconds: 0, compileMilliseconds: 0 })
  let now = 0
  const { milliseconds, compileMilliseconds, entries, modules } = ran(() => now++).machine.statistics()
  // each of them looks at the clock before and after
  expect(milliseconds).toBe(entries)
  expect(compileMilliseconds).toBe(modules)
})

test('what was told once does not change', () => {
  const engine = ran()
  const before = engine.machine.statistics()
  const copy = JSON.stringify(before)
  engine.flushTranslations()
  engine.run(1)
  expect(JSON.stringify(before)).toBe(copy)
})
