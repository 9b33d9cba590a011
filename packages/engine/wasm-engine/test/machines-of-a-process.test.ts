import { assembler, ax, bx, cx } from '@vmm/x86-assembler'
import { instructions, nobodyAround } from '@vmm/x86-semantics'
import { afterEach, expect, test, vi } from 'vitest'
import { Engine, type GuestMachineOptions } from '../src/index.ts'
import { wasm } from '../src/webassembly.ts'

const codeAt = 0x1000
const handlerAt = 0x2000
const vector = 0x21

/** Bytes of INT 21H, with the operand size of the code or with the other. */
const interrupts = { usual: [0xcd, vector], other: [0x66, 0xcd, vector] } as const

/** Runs INTs in real mode, each in a block of its own; all are answered by INC BX and HLT. */
function ran(order: readonly (keyof typeof interrupts)[], options: Partial<GuestMachineOptions> = {}): Engine {
  const engine = new Engine({ slots: [{ address: 0, bytes: 0x1_0000 }], ports: nobodyAround, ...options })
  const handler = assembler({ origin: handlerAt, codeSize: 16 }).inc(bx).hlt()
  engine.writePhysical(handlerAt, handler.finish().bytes)
  engine.writePhysical(vector * 4, Uint8Array.of(handlerAt & 0xff, handlerAt >> 8, 0, 0))
  for (const segment of ['CS', 'DS', 'SS'] as const) {
    engine.set(`${segment}.limit`, 0xffffn)
    engine.set(`${segment}.access`, segment === 'CS' ? 0x9bn : 0x93n)
  }
  engine.set('IDTR.limit', 0x3ffn)
  for (const [nth, which] of order.entries()) {
    const at = codeAt + nth * 0x40
    engine.writePhysical(at, Uint8Array.of(...interrupts[which]))
    engine.set('RIP', BigInt(at))
    engine.setGpr(4, 0x8000n)
    engine.modeChanged()
    expect(engine.run(100)).toMatchObject({ kind: 'exit', reason: 'hlt' })
  }
  return engine
}

afterEach(() => void vi.restoreAllMocks())

/** How many modules are compiled meanwhile. */
function modulesMadeBy(act: () => void): number {
  const made = vi.spyOn(wasm as { Module: new (bytes: Uint8Array<ArrayBuffer>) => object }, 'Module')
  act()
  const { length } = made.mock.calls
  made.mockRestore()
  return length
}

test('a machine like one that there was is made of what that one compiled', () => {
  const first = ran(['usual', 'other'])
  expect(modulesMadeBy(() => ran(['usual', 'other']))).toBe(0)
  expect(first.gpr(3)).toBe(2n)
})

test('what a machine counts is its own, whatever others have compiled', () => {
  const [first, second] = [ran(['other', 'usual']), ran(['other', 'usual'])]
  expect(second.machine.statistics()).toEqual(first.machine.statistics())
  expect(second.machine.statistics().modules).toBeGreaterThan(0)
})

test('code that calls procedures elsewhere is compiled anew', () => {
  const before = ran(['usual', 'other'])
  // what the first INT calls now has the slot that the other's had then
  let after: Engine | undefined
  const made = modulesMadeBy(() => {
    after = ran(['other', 'usual', 'other'])
  })
  expect([before.gpr(3), after?.gpr(3)]).toEqual([2n, 3n])
  expect(made).toBeGreaterThan(0)
})

test('a machine with other descriptions takes nothing from machines with ours, nor they from it', () => {
  const inc = instructions.get('INC')!
  const dec = instructions.get('DEC')!
  const odd = { instructions: new Map(instructions).set('INC', { ...inc, execute: dec.execute }) }
  const counted = [{}, odd, {}].map((options) => ran(['usual', 'usual'], options).gpr(3))
  expect(counted).toEqual([2n, 0xfffen, 2n])
})

test('handlers of shapes that are known say what bytes their own machine met', () => {
  const sampled = (byte: number) => {
    const engine = new Engine({ slots: [{ address: 0, bytes: 0x1_0000 }], ports: nobodyAround, counts: 'handlers' })
    const a = assembler({ origin: codeAt, codeSize: 16 }).mov(cx, byte).mov(ax, cx).hlt()
    engine.writePhysical(codeAt, a.finish().bytes)
    engine.set('CS.limit', 0xffffn)
    engine.set('CS.access', 0x9bn)
    engine.set('RIP', BigInt(codeAt))
    engine.modeChanged()
    engine.run(100)
    return engine.machine.handlerRuns('handlers').map(({ encoding }) => encoding)
  }
  expect(sampled(0x11)).not.toEqual(sampled(0x22))
})
