import { assembler, eax, ecx } from '@vmm/x86-assembler'
import { nobodyAround } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { Engine, type HotOptions } from '../src/index.ts'

const codeAt = 0x1000
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

function ran(hot: HotOptions | false): Engine {
  const engine = new Engine({ slots: [{ address: 0, bytes: 0x1_0000 }], ports: nobodyAround, hot })
  engine.writePhysical(codeAt, program())
  engine.set('CR0', 0x11n)
  engine.set('CS.limit', 0xffff_ffffn)
  engine.set('CS.access', 0xc09bn)
  engine.set('RIP', BigInt(codeAt))
  engine.modeChanged()
  while (engine.run(1000).kind !== 'exit');
  return engine
}

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
