import { expect, test } from 'vitest'
import { Code } from './code.ts'
import { linkedCode } from './links.ts'
import { functionOf } from './write.ts'

interface Engine {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => { readonly exports: Record<string, (value: number) => number> }
}
const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly

/** Gives twice a linked number and what it is called with: local variables lie before and behind the number. */
function linkedFunction(): ReturnType<typeof functionOf> {
  const code = new Code(['i32'])
  const sum = code.local('i32')
  sum.set(code.variable(0).get())
  sum.set(code.op('i32.add', sum.get(), code.linked({ of: 7, plus: 3 })))
  sum.set(code.op('i32.add', sum.get(), code.linked({ of: undefined, plus: 0 })))
  code.leave({ kind: 'return' }, sum.get())
  return functionOf(code, 1, () => 0)
}

test.each([0, 1, -1, 63, 64, -65, 0x1234_5678, 0x7fff_ffff, -0x8000_0000])('code is linked to %s', async (number) => {
  const { ModuleBuilder } = await import('@vmm/wasm-encoder')
  const body = linkedFunction()
  const code = linkedCode(body.code, body.links, (of) => (of === 7 ? number : 100))
  const builder = new ModuleBuilder()
  const index = builder.declare({ parameters: ['i32'], results: ['i32'] })
  builder.define(index, { ...body, code })
  builder.export('sum', index)
  expect(new Instance(new Module(builder.finish())).exports['sum']!(5)).toBe((5 + number + 3 + 100) | 0)
  expect(body.links).toHaveLength(2)
})
