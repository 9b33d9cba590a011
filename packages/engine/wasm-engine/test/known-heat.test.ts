import { assembler, eax, ebx, ecx, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import type { EmittedCode, Engine, HotOptions } from '../src/index.ts'
import { codeAt, ranFlat32 } from './flat32.ts'

const threshold = 2000
const rounds = 20 * threshold

/** What one start keeps for the next. */
class Store implements EmittedCode {
  readonly parts = new Map<string, Uint8Array<ArrayBuffer>>()
  readonly #atEnd = new Map<string, () => Uint8Array<ArrayBuffer> | undefined>()
  readonly find = (name: string) => this.parts.get(name)
  readonly keep = (name: string, bytes: Uint8Array<ArrayBuffer>) => void this.parts.set(name, bytes)
  readonly keepAtEnd = (name: string, bytes: () => Uint8Array<ArrayBuffer> | undefined) =>
    void this.#atEnd.set(name, bytes)

  /** The program ends. Gives what is other than it was. */
  end(): readonly string[] {
    const other = [...this.#atEnd].flatMap(([name, bytes]) => {
      const now = bytes()
      if (now !== undefined) this.parts.set(name, now)
      return now === undefined ? [] : [name]
    })
    this.#atEnd.clear()
    return other
  }
}

/** A loop over memory that calls a function, behind so many bytes of other code. */
function program(pad = 0): Uint8Array {
  const a = assembler({ origin: codeAt, codeSize: 32 })
  for (let at = 0; at < pad; at += 1) a.nop()
  a.mov(ecx, rounds).label('round').call('inner').dec(ecx).jnz('round').hlt()
  a.label('inner').mov(ebx, mem32(0x8000)).add(ebx, ecx).mov(mem32(0x8000), ebx).add(eax, ebx).test(ebx, 4).jz('even')
  a.add(eax, ebx).label('even').ret()
  return a.finish().bytes
}

const started = (store: Store, hot: HotOptions = { threshold, batch: 1, known: 20 }, pad = 0): Engine =>
  ranFlat32(program(pad), { hot, slice: 100_000, emitted: store })

const stateOf = (engine: Engine) => [
  engine.retired(),
  engine.rflags(),
  ...[0, 1, 3].map((register) => engine.gpr(register)),
  ...engine.physical(0x8000)!.subarray(0, 4),
]
const coldOf = (engine: Engine) => engine.machine.statistics().instructions.cold

function afterOne(): Store {
  const store = new Store()
  started(store)
  expect(store.end()).toEqual(['heat', 'regions'])
  return store
}

test('what was hot in one start is compiled early in the next, and all comes out the same', () => {
  const store = new Store()
  const first = started(store)
  store.end()
  const second = started(store)
  expect(stateOf(second)).toEqual(stateOf(first))
  expect(stateOf(second)).toEqual(stateOf(ranFlat32(program(), { hot: false, slice: 100_000 })))
  expect(coldOf(second)).toBeLessThan(coldOf(first) / 4)
})

test('a start that finds everything keeps nothing more', () => {
  const store = afterOne()
  for (let start = 0; start < 3; start += 1) {
    started(store)
    store.end()
  }
  started(store)
  expect(store.end()).toEqual([])
})

test('regions that were kept run where their code lies elsewhere, and are linked to it', () => {
  const store = afterOne()
  started(store)
  store.end()
  const [before] = [store.parts.get('regions')!]
  // a page further: the place in the page is the same
  const moved = started(store, undefined, 0x1000)
  const alone = ranFlat32(program(0x1000), { hot: false, slice: 100_000 })
  expect(stateOf(moved)).toEqual(stateOf(alone))
  expect(moved.machine.statistics().instructions.hot).toBeGreaterThan(0)
  store.end()
  expect(store.parts.get('regions')).toEqual(before)
})

test('a threshold that was asked for alone is held to', () => {
  const store = afterOne()
  const [with_, without] = [started(store, { threshold, batch: 1 }), started(new Store(), { threshold, batch: 1 })]
  expect(coldOf(with_)).toBe(coldOf(without))
  expect(store.end()).toEqual([])
})

test('nothing is asked or kept where nobody sees the end', () => {
  const { parts } = afterOne()
  const blind: EmittedCode = { find: (name) => parts.get(name), keep: () => {} }
  const hot = { threshold, batch: 1, known: 20 }
  const engine = ranFlat32(program(), { hot, slice: 100_000, emitted: blind })
  expect(coldOf(engine)).toBe(coldOf(started(new Store())))
})
