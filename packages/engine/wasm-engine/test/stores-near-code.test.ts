import { type Assembler, al, assembler, ax, bx, cx, di, mem8, si } from '@vmm/x86-assembler'
import { nobodyAround } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { Engine } from '../src/index.ts'

const [codeAt, calledAt, dataAt] = [0x1000, 0x2100, 0x4000]
/** MOV AX, imm16 and RET: the immediate is one byte behind the beginning. */
const immediateAt = calledAt + 1
const moveToAx = 0xb8
const ret = 0xc3

/** Calls what lies at `calledAt`, lets `between` change it, calls it again, and gives what it gave both times. */
function both(between: (a: Assembler) => void): readonly [bigint, bigint] {
  const { before, after } = called(between)
  return [before, after]
}

/** The same with bytes at `dataAt`, and the stores that JavaScript was asked to make. */
function called(between: (a: Assembler) => void, data = new Uint8Array()) {
  const a = assembler({ origin: codeAt, codeSize: 16 })
  a.cld().mov(bx, calledAt).call(bx).mov(si, ax)
  between(a)
  a.mov(bx, calledAt).call(bx).hlt()
  const engine = new Engine({ slots: [{ address: 0, bytes: 0x1_0000 }], ports: nobodyAround })
  engine.writePhysical(codeAt, a.finish().bytes)
  engine.writePhysical(calledAt, Uint8Array.of(moveToAx, 5, 0, ret))
  engine.writePhysical(dataAt, data)
  for (const name of ['CS', 'SS', 'DS', 'ES'] as const) {
    engine.set(`${name}.limit`, 0xffffn)
    engine.set(`${name}.access`, name === 'CS' ? 0x9bn : 0x93n)
  }
  engine.setGpr(4, 0x8000n)
  engine.set('RIP', BigInt(codeAt))
  engine.modeChanged()
  let stop = engine.run(10_000)
  while (stop.kind === 'events') stop = engine.run(10_000)
  expect(stop).toEqual({ kind: 'exit', reason: 'hlt' })
  const { commit } = engine.machine.statistics().calls
  return { before: engine.gpr(6) & 0xffffn, after: engine.gpr(0) & 0xffffn, commit, engine }
}

describe('in a page that holds code', () => {
  test('a store into the code is seen', () => {
    expect(both((a) => a.mov(mem8(immediateAt), 7))).toEqual([5n, 7n])
  })

  test('a store beside it, to the same 64 bytes or others, changes nothing', () => {
    expect(both((a) => a.mov(mem8(calledAt + 8), 7).mov(mem8(calledAt + 0x80), 7))).toEqual([5n, 5n])
  })

  test('a store beside it and then one into it is seen', () => {
    expect(both((a) => a.mov(mem8(calledAt + 0x80), 7).mov(mem8(immediateAt), 9))).toEqual([5n, 9n])
  })

  test('a repeated store that begins far in front of it and runs over it is seen', () => {
    // up to the immediate, and no further
    const run = 0x81
    const over = (a: Assembler) =>
      a
        .mov(di, immediateAt + 1 - run)
        .mov(cx, run)
        .mov(al, moveToAx)
        .rep()
        .stosb()
    expect(both(over)).toEqual([5n, BigInt(moveToAx)])
  })

  test('a repeated move that runs over it is seen, and elsewhere in the page it is made at once', () => {
    const [to, count] = [0x2010, 0xf00]
    const bytes = Uint8Array.from({ length: count }, (_, index) => index * 7)
    bytes.set([moveToAx, 0x34, 0x12, ret], calledAt - to)
    const moves = (a: Assembler) => a.mov(si, dataAt).mov(di, to).mov(cx, count).rep().movsb()
    const { after, commit, engine } = called(moves, bytes)
    expect(after).toBe(0x1234n)
    expect(engine.physical(to)!.subarray(0, count)).toEqual(bytes)
    expect(commit).toBeLessThanOrEqual(64)
  })
})
