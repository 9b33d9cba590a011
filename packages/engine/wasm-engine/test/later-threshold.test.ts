import { assembler, eax, ecx } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import type { Engine, HotOptions } from '../src/index.ts'
import { codeAt, ranFlat32 } from './flat32.ts'

const threshold = 5000

/** A loop that is hot soon, and one behind it that runs a tenth as often. */
function program(): Uint8Array {
  const a = assembler({ origin: codeAt, codeSize: 32 })
  a.mov(ecx, 4 * threshold)
    .label('first')
    .add(eax, ecx)
    .dec(ecx)
    .jnz('first')
  a.mov(ecx, threshold / 10)
    .label('second')
    .add(eax, ecx)
    .dec(ecx)
    .jnz('second')
    .hlt()
  return a.finish().bytes
}

const ran = (hot: HotOptions | false): Engine => ranFlat32(program(), { hot, slice: 1000 })

const regionsOf = (engine: Engine) => engine.machine.statistics().regionsCompiled

test('code that is found after so many instructions is hot sooner', () => {
  const [same, sooner] = [undefined, { threshold: 50, instructions: threshold }].map((later) =>
    ran({ threshold, batch: 1, ...(later && { later }) }),
  )
  expect(regionsOf(same!)).toBe(1)
  expect(regionsOf(sooner!)).toBe(2)
  for (const engine of [same!, sooner!]) {
    const interpreted = ran(false)
    expect([engine.gpr(0), engine.retired()]).toEqual([interpreted.gpr(0), interpreted.retired()])
  }
})
