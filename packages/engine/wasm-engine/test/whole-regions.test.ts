import { assembler, eax, ebx, ecx, edx } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import type { Engine, HotOptions } from '../src/index.ts'
import { codeAt, ranFlat32 } from './flat32.ts'

const rounds = 20_000

/** A loop that calls a function with a loop of its own, so long: that one is hot before. */
function program(length: number): Uint8Array {
  const a = assembler({ origin: codeAt, codeSize: 32 })
  a.mov(ecx, rounds).mov(edx, 0x9e37_79b1)
  a.label('round').call('inner').dec(ecx).jnz('round').hlt()
  a.label('inner').mov(ebx, 4)
  a.label('again')
  for (let at = 0; at < length; at += 1) a.add(eax, ecx).imul(eax, edx)
  a.dec(ebx).jnz('again').ret()
  return a.finish().bytes
}

const ran = (length: number, hot: HotOptions | false): Engine => ranFlat32(program(length), { hot, slice: 1_000_000 })

const stateOf = (engine: Engine) => [engine.retired(), engine.rflags(), engine.gpr(0), engine.gpr(1), engine.gpr(3)]
const enteredIn = (engine: Engine) => engine.machine.statistics().regionsEntered

const hot = { threshold: 100, batch: 1 }

test('a region that is entered again and again is made anew with what it calls', () => {
  const [inParts, whole] = [1_000_000, 500].map((wholeAfter) => ran(20, { ...hot, wholeAfter }))
  const interpreted = stateOf(ran(20, false))
  expect(stateOf(inParts!)).toEqual(interpreted)
  expect(stateOf(whole!)).toEqual(interpreted)
  expect(enteredIn(inParts!)).toBeGreaterThan(rounds)
  expect(enteredIn(whole!)).toBeLessThan(rounds / 4)
})

test('a region has the little that it calls at once', () => {
  const inParts = ran(1, { ...hot, wholeAfter: 1_000_000 })
  expect(stateOf(inParts)).toEqual(stateOf(ran(1, false)))
  expect(enteredIn(inParts)).toBeLessThan(rounds / 4)
})
