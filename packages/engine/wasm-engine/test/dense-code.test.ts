import { assembler, eax, ebx, ecx, edx } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import type { HotOptions } from '../src/index.ts'
import { codeAt, ranFlat32 } from './flat32.ts'

const dense = { entries: 500, apart: 50 } as const
const threshold = 100_000

/** A loop that runs so often, of three times as many instructions. */
function loopOf(entries: number, thirds: number): Uint8Array {
  const a = assembler({ origin: codeAt, codeSize: 32 })
  a.mov(ecx, entries).label('loop')
  for (let number = 0; number < thirds; number += 1) a.add(eax, ecx).xor(ebx, eax).rol(edx, 3)
  a.dec(ecx).jnz('loop').hlt()
  return a.finish().bytes
}

function ran(code: Uint8Array, hot: HotOptions | false) {
  const engine = ranFlat32(code, { hot, slice: 1000 })
  const { regionsCompiled } = engine.machine.statistics()
  return { regionsCompiled, state: [0, 1, 2, 3].map((number) => engine.gpr(number)), retired: engine.retired() }
}

const [short, long] = [loopOf(10 * dense.entries, 4), loopOf(10 * dense.entries, 40)]

test.for([
  { code: short, what: 'what runs again and again', regions: 1 },
  { code: long, what: 'what runs as often among other code', regions: 0 },
])('$what is hot $regions times before its threshold', ({ code, regions }) => {
  const { regionsCompiled, ...state } = ran(code, { threshold, batch: 1, dense })
  expect(regionsCompiled).toBe(regions)
  expect({ ...state, regionsCompiled: 0 }).toEqual(ran(code, false))
})

test('who says nothing of dense code has a threshold and no more', () => {
  expect(ran(short, { threshold, batch: 1 }).regionsCompiled).toBe(0)
  expect(ran(long, { threshold: 5 * dense.entries, batch: 1, dense }).regionsCompiled).toBe(1)
})
