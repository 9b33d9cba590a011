import { expect, test } from 'vitest'
import { ByteWriter } from './byte-writer.ts'
import { type FunctionType, ModuleBuilder } from './module-builder.ts'
import { control, memoryOps, plainOps } from './opcodes.rows.ts'

type Exported = Record<string, (...values: never[]) => unknown>
interface Engine {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exported }
  readonly Memory: new (limits: object) => { readonly buffer: ArrayBufferLike }
  readonly Table: new (shape: object) => { get(index: number): unknown; set(index: number, value: unknown): void }
}
const { Module, Instance, Memory, Table } = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly

const unary: FunctionType = { parameters: ['i32'], results: ['i32'] }
const binary: FunctionType = { parameters: ['i64', 'i64'], results: ['i64'] }

function code(write: (to: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  write(writer)
  return writer.view().slice()
}

const run = (builder: ModuleBuilder, imports = {}): Exported =>
  new Instance(new Module(builder.finish()), imports).exports

test('a function runs as it was written', () => {
  const builder = new ModuleBuilder()
  const multiply = builder.declare(binary)
  const body = code((to) => {
    for (const index of [0, 1]) to.bytes([control['local.get'], index])
    to.opcode(plainOps['i64.mul'])
  })
  builder.define(multiply, { locals: [], code: body })
  builder.export('multiply', multiply)
  expect(run(builder)['multiply']!(...([6n, 7n] as never[]))).toBe(42n)
})

test('functions call each other before they are defined, and what was imported', () => {
  const builder = new ModuleBuilder()
  const outside = builder.importFunction('env', 'outside', unary)
  const [first, second] = [builder.declare(unary), builder.declare(unary)]
  const calling = (index: number) =>
    code((to) => {
      to.bytes([control['local.get'], 0, control.call, index])
    })
  builder.define(first, { locals: [], code: calling(second) })
  builder.define(second, { locals: [], code: calling(outside) })
  builder.export('first', first)
  const exports = run(builder, { env: { outside: (value: number) => value + 100 } })
  expect(exports['first']!(5 as never)).toBe(105)
})

test('locals come in runs of one type, after the parameters', () => {
  const builder = new ModuleBuilder()
  const swap = builder.declare(unary)
  const body = code((to) => {
    to.bytes([control['local.get'], 0, control['local.set'], 4])
    to.bytes([control['local.get'], 4])
  })
  // numbers 1 to 3 are 64 bits wide: the last one is 32
  builder.define(swap, { locals: ['i64', 'i64', 'i64', 'i32'], code: body })
  builder.export('swap', swap)
  expect(run(builder)['swap']!(9 as never)).toBe(9)
})

test('memory that is shared and a table of functions are imported', () => {
  const builder = new ModuleBuilder()
  builder.importMemory('env', 'memory', { initial: 1, maximum: 1, shared: true })
  builder.importTable('env', 'table', 2)
  const load = builder.declare(unary)
  const body = code((to) => {
    to.bytes([control['local.get'], 0])
    to.opcode(memoryOps['i32.load8_u'])
    to.bytes([0, 0])
  })
  builder.define(load, { locals: [], code: body })
  const indirect = builder.declare(unary)
  const through = code((to) => {
    to.bytes([control['local.get'], 0, control['i32.const'], 1, control.call_indirect, builder.type(unary), 0])
  })
  builder.define(indirect, { locals: [], code: through })
  builder.export('load', load)
  builder.export('indirect', indirect)
  const memory = new Memory({ initial: 1, maximum: 1, shared: true })
  const table = new Table({ element: 'anyfunc', initial: 2 })
  new Uint8Array(memory.buffer)[77] = 0xfe
  const exports = run(builder, { env: { memory, table } })
  table.set(1, exports['load'])
  expect(exports['indirect']!(77 as never)).toBe(0xfe)
})

test('equal types are one type', () => {
  const builder = new ModuleBuilder()
  expect(builder.type(unary)).toBe(builder.type({ parameters: ['i32'], results: ['i32'] }))
  expect(builder.type(binary)).not.toBe(builder.type(unary))
})

test('what was declared and not defined, and an import that comes late, are mistakes', () => {
  const builder = new ModuleBuilder()
  builder.declare(unary)
  expect(() => builder.finish()).toThrow('function 0 was declared and not defined')
  expect(() => builder.importFunction('env', 'late', unary)).toThrow('env.late')
})

test('hints of branches lie before the code, by their place in the body', () => {
  const builder = new ModuleBuilder()
  builder.importFunction('env', 'outside', unary)
  const choose = builder.declare(unary)
  const body = code((to) => to.bytes([control['local.get'], 0, control.if, 0x40, control.end, control['local.get'], 0]))
  builder.define(choose, { locals: ['i64'], code: body, hints: [{ at: 2, taken: false }] })
  builder.export('choose', choose)
  const module = new Module(builder.finish())
  const [section] = (Module as unknown as Sections).customSections(module, 'metadata.code.branch_hint')
  // one function, number 1; one hint, behind the three bytes of the locals
  expect([...new Uint8Array(section!)]).toEqual([1, 1, 1, 5, 1, 0])
  const exports = new Instance(module, { env: { outside: () => 0 } }).exports
  expect(exports['choose']!(3 as never)).toBe(3)
})

interface Sections {
  customSections(module: object, name: string): readonly ArrayBuffer[]
}
