import { expect, test } from 'vitest'
import wabt from 'wabt'
import { ByteWriter } from './byte-writer.ts'
import { bulkOps, control, laneOps, memoryOps, plainOps, vectorOps } from './opcodes.rows.ts'

const features = { simd: true, bulk_memory: true, sat_float_to_int: true, sign_extension: true, tail_call: true }
const { parseWat } = await wabt()

/** What the WebAssembly Binary Toolkit makes of the only instruction of a function. */
function toolkitBytes(instruction: string): readonly number[] {
  const module = parseWat('one.wat', `(module (memory 1) (func ${instruction}))`, features)
  const { buffer } = module.toBinary({})
  module.destroy()
  const size = bodySize(buffer)
  // behind the body's size: no locals; at its end: `end`
  return [...buffer.subarray(buffer.length - size + 1, -1)]
}

/** The size of the only body: the code section is the last one and shorter than 128 bytes. */
function bodySize(buffer: Uint8Array): number {
  for (let size = 2; size < 32; size += 1) {
    const [id, bytes, bodies, body] = buffer.subarray(buffer.length - size - 4)
    if (id === 10 && bytes === size + 2 && bodies === 1 && body === size) return size
  }
  throw new Error('no code section at the end')
}

function opcode(value: number): readonly number[] {
  const writer = new ByteWriter()
  writer.opcode(value)
  return [...writer.view()]
}

test.each(Object.entries(plainOps))('%s has the bytes that the toolkit gives it', (name, value) => {
  expect(opcode(value)).toEqual(toolkitBytes(name))
})

test.each(Object.entries(memoryOps))('%s has the opcode that the toolkit gives it', (name, value) => {
  const bytes = toolkitBytes(`${name} offset=5`)
  expect(opcode(value)).toEqual(bytes.slice(0, -2))
  expect(bytes.at(-1)).toBe(5)
})

test.each(Object.entries(laneOps))('%s is followed by its lane', (name, value) => {
  expect([...opcode(value), 1]).toEqual(toolkitBytes(`${name} 1`))
})

test('vector constants and shuffles are followed by sixteen bytes', () => {
  const lanes = Array.from({ length: 16 }, (_, index) => index)
  expect([...opcode(vectorOps['v128.const']), ...lanes]).toEqual(toolkitBytes(`v128.const i8x16 ${lanes.join(' ')}`))
  expect([...opcode(vectorOps['i8x16.shuffle']), ...lanes]).toEqual(toolkitBytes(`i8x16.shuffle ${lanes.join(' ')}`))
})

test.each(Object.entries(bulkOps))('%s has the bytes that the toolkit gives it', (name, bytes) => {
  expect(bytes).toEqual(toolkitBytes(name))
})

test.each([
  ['unreachable', 'unreachable', []],
  ['nop', 'nop', []],
  ['drop', 'drop', []],
  ['select', 'select', []],
  ['return', 'return', []],
  ['br', 'br 0', [0]],
  ['br_if', 'br_if 0', [0]],
  ['call', 'call 0', [0]],
  ['return_call', 'return_call 0', [0]],
  ['memory.size', 'memory.size', [0]],
  ['memory.grow', 'memory.grow', [0]],
  ['i32.const', 'i32.const 7', [7]],
  ['i64.const', 'i64.const 7', [7]],
  ['block', 'block end', [0x40, control.end]],
  ['loop', 'loop end', [0x40, control.end]],
  ['if', 'if end', [0x40, control.end]],
] as const)('%s has the opcode that the toolkit gives it', (name, text, rest) => {
  expect([control[name], ...rest]).toEqual(toolkitBytes(text))
})

test('no two instructions share an opcode', () => {
  const all = [control, memoryOps, plainOps, laneOps, vectorOps].flatMap((table) => Object.values(table) as number[])
  expect(new Set(all).size).toBe(all.length)
})
