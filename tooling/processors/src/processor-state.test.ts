import { Oracle } from '@vmm/oracle'
import { Engine } from '@vmm/wasm-engine'
import { expect, test } from 'vitest'
import { plainMemory, stateOfEngine, stateOfOracle } from './index.ts'

const unasked = {} as never
const states = {
  engine: () => stateOfEngine(new Engine({ slots: [{ address: 0, bytes: 4096 }], ports: unasked })),
  oracle: () => stateOfOracle(new Oracle({ memory: plainMemory(new Uint8Array(4096)), ports: unasked })),
}

test.each(Object.entries(states))('every part of the state of the %s is read back as it was set', (_name, make) => {
  const state = make()
  const wide = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100n
  for (let index = 0; index < 16; index += 1) state.setGpr(index, (1n << 63n) | BigInt(index))
  for (let index = 0; index < 16; index += 1) state.setVector(index, wide + BigInt(index))
  for (let index = 0; index < 8; index += 1) state.setX87(index, 0xc000_8000_0000_0000_0000n + BigInt(index))
  state.setRflags(0x8d7n)
  state.set('FS.base', 0x1234_5678_9abcn)
  for (let index = 0; index < 16; index += 1) {
    expect(state.gpr(index)).toBe((1n << 63n) | BigInt(index))
    expect(state.vector(index)).toBe(wide + BigInt(index))
  }
  for (let index = 0; index < 8; index += 1) expect(state.x87(index)).toBe(0xc000_8000_0000_0000_0000n + BigInt(index))
  expect([state.rflags(), state.get('FS.base')]).toEqual([0x8d7n, 0x1234_5678_9abcn])
})

test('plain memory ends where its bytes end', () => {
  const memory = plainMemory(new Uint8Array(2))
  expect([memory.write(1, 7), memory.write(2, 7), memory.read(1), memory.read(2)]).toEqual([true, false, 7, undefined])
})
