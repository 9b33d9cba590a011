import { assembler, ax, cx, dx } from '@vmm/x86-assembler'
import { nobodyAround } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { Engine, type GuestMachineOptions } from '../src/index.ts'

const codeAt = 0x1000

/** Runs a loop of a thousand rounds in real-address mode, to its HLT. */
function ran(counts?: GuestMachineOptions['counts']): Engine {
  const a = assembler({ origin: codeAt, codeSize: 16 })
  a.mov(cx, 1000).label('round').add(ax, 1).add(dx, ax).dec(cx).jnz('round').hlt()
  const slots = [{ address: 0, bytes: 0x1_0000 }]
  const engine = new Engine({ slots, ports: nobodyAround, ...(counts === undefined ? {} : { counts }) })
  engine.writePhysical(codeAt, a.finish().bytes)
  engine.set('CS.limit', 0xffffn)
  engine.set('CS.access', 0x9bn)
  engine.set('RIP', BigInt(codeAt))
  engine.modeChanged()
  expect(engine.run(10_000)).toEqual({ kind: 'exit', reason: 'hlt' })
  return engine
}

// DEC leaves CF alone: the second ADD's flags are seen
test('an engine that counts tells how often each handler ran, flags seen or not', () => {
  expect(ran('handlers').machine.handlerRuns('handlers')).toEqual([
    { encoding: '050100', flags: 'dead', runs: 1000 },
    { encoding: '01c2', flags: 'live', runs: 1000 },
    { encoding: '49', flags: 'live', runs: 1000 },
    { encoding: '75f8', flags: 'live', runs: 1000 },
    { encoding: 'b9e803', flags: 'live', runs: 1 },
    { encoding: 'f4', flags: 'live', runs: 1 },
  ])
})

test('an engine that is not told to count does not, and runs the same', () => {
  expect(ran().machine.handlerRuns('handlers')).toEqual([])
  expect(ran().retired()).toBe(ran('handlers').retired())
})
