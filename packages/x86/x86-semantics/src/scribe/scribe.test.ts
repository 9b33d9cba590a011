import { describe, expect, test } from 'vitest'
import { type AnyOperand, instructions, type Mode, scribe, type Width } from '../index.ts'

const register = (position: number, width: Width): AnyOperand => ({
  kind: 'register',
  file: 'gpr',
  width,
  index: undefined,
  highByte: false,
  position,
})
const memory = (position: number, width: Width): AnyOperand => ({ kind: 'memory', width, position })

const mode: Mode = {
  codeSize: 64,
  operandSize: 32,
  addressSize: 64,
  stackSize: 64,
  execution: 'long',
  rep: 'none',
  lock: false,
}

const linesOf = (mnemonic: string, operands: readonly AnyOperand[], changed: Partial<Mode> = {}) =>
  scribe(instructions.get(mnemonic)!, { ...mode, ...changed }, operands).lines

describe('the scribe', () => {
  test('reads operands before they are overwritten, and gives what is used again a name', () => {
    expect(linesOf('ADD', [register(0, 32), register(1, 32)])).toEqual([
      'dest ← DEST',
      'src ← SRC',
      'sum ← dest + src',
      'DEST ← sum',
      'CF ← sum < dest',
      'PF ← EvenParity(sum[7:0])',
      'AF ← (dest XOR src XOR sum)[4]',
      'ZF ← sum = 0',
      'SF ← sum[31]',
      'OF ← ((dest XOR sum) AND (src XOR sum))[31]',
    ])
  })

  test('names nothing that is used once', () => {
    expect(linesOf('XCHG', [memory(0, 64), register(1, 64)])).toEqual(['dest ← DEST', 'DEST ← SRC', 'SRC ← dest'])
    expect(linesOf('LEA', [register(0, 32), memory(1, 32)])).toEqual(['DEST ← Address(SRC)[31:0]'])
  })

  test('leaves out flags that are carried along', () => {
    expect(linesOf('INC', [register(0, 8)]).filter((line) => line.startsWith('CF'))).toEqual([])
  })

  test('writes a fault on the line of its condition, and blocks with a margin', () => {
    const lines = linesOf('CMPXCHG', [register(0, 32), register(1, 32)])
    expect(lines.slice(0, 6)).toEqual([
      'dest ← DEST',
      'eax ← EAX',
      'IF eax = dest THEN',
      '  DEST ← SRC',
      'ELSE',
      '  EAX ← dest',
    ])
    expect(linesOf('DIV', [register(0, 32)])[0]).toBe('IF EDX ≥ SRC THEN #DE FI')
  })

  test('writes loops, and what a loop changes is read in every round', () => {
    const lines = linesOf('RCL', [register(0, 32), register(1, 8)])
    const loop = lines.findIndex((line) => line.startsWith('WHILE x3 ≠ 0 DO'))
    expect(loop).toBeGreaterThan(0)
    expect(lines.slice(loop + 1, loop + 6)).toEqual([
      '  x_was ← x',
      '  x ← (x << 1) OR ZeroExtend32(x2)',
      '  x2 ← x_was[31]',
      '  x3 ← x3 - 1',
      'OD',
    ])
  })

  test('says how wide a temporary is where it is not as wide as the operand', () => {
    expect(linesOf('DIV', [register(0, 8)])).toContain('wide:16 ← ZeroExtend16(SRC)')
  })

  test('calls the bits of control registers by their names', () => {
    expect(linesOf('CLTS', [])).toEqual(expect.arrayContaining(['IF CPL ≠ 0 THEN #GP(0) FI']))
    expect(linesOf('PADDW', [{ ...register(0, 64), file: 'mmx' } as AnyOperand, memory(1, 64)])).toContain(
      'IF CR0.EM THEN #UD FI',
    )
  })

  test('gives the described functions that are called as well, each once', () => {
    const { lines, procedures } = scribe(instructions.get('INT')!, mode, [
      { kind: 'immediate', width: 8, value: undefined, position: 0 },
    ])
    const names = procedures.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(0)
    expect(new Set(names).size).toBe(names.length)
    expect(lines.join('\n')).toContain(`${names[0]}(`)
    expect(procedures[0]!.lines.length).toBeGreaterThan(10)
  })

  test('calls the operations of the surroundings by their names', () => {
    expect(linesOf('FADD', [memory(0, 32)]).join('\n')).toContain(
      'FADD(R[masked].signExponent:R[masked].significand, m32fp ZeroExtend64(src), FCW)',
    )
    const [xmm, other] = [0, 1].map((position) => ({ ...register(position, 128), file: 'xmm' }) as AnyOperand)
    expect(linesOf('ADDPS', [xmm!, other!]).join('\n')).toContain('← ADDPS(Lane64(DEST, 1):Lane64(DEST, 0)')
  })

  test('says the same again', () => {
    const once = () => linesOf('PSHUFB', [{ ...register(0, 128), file: 'xmm' } as AnyOperand, memory(1, 128)])
    expect(once()).toEqual(once())
  })
})
