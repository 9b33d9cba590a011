import * as assembly from '@vmm/x86-assembler'
import type { CodeSize } from '@vmm/x86-decoder'
import { sizedMnemonics } from '@vmm/x86-opcodes'

type Operand = assembly.Operand
type Modifiers = Parameters<assembly.Assembler['with']>[0]

const registers = new Map(
  Object.values(assembly).flatMap((each) =>
    typeof each === 'object' && 'kind' in each && each.kind === 'register' ? [[spelling(each), each] as const] : [],
  ),
)

/** The disassembler writes st(1) where the assembler's constant is st1. */
function spelling({ file, index, name }: assembly.Register): string {
  return file === 'x87' ? `st(${index})` : name
}

const sizes: Readonly<Record<string, number>> = {
  byte: 8,
  word: 16,
  dword: 32,
  fword: 48,
  qword: 64,
  tbyte: 80,
  xmmword: 128,
}

const small: ReadonlySet<string> = new Set(
  Object.values(sizedMnemonics)
    .filter(({ by, names }) => by === 'operand' && (names[0] as string) !== names[1])
    .map(({ names }) => names[0]),
)

/**
 * Assembles an instruction in our formatter's words, as code at `origin`. Throws on what it cannot read or encode. `size`
 * is the operand size, for the few instructions whose text does not tell it: a push of a number.
 */
export function assembleText(text: string, codeSize: CodeSize, origin: number, size?: 16 | 32 | 64): Uint8Array {
  // how far away a RIP-relative address is depends on the instruction's length, which does not depend on it
  const { length } = assembled(text, codeSize, { origin, end: origin }, size)
  return assembled(text, codeSize, { origin, end: origin + length }, size)
}

interface Extent {
  readonly origin: number
  readonly end: number
}

function assembled(text: string, codeSize: CodeSize, { origin, end }: Extent, size?: 16 | 32 | 64): Uint8Array {
  const words = text.split(' ')
  const modifiers = takePrefixes(words)
  const mnemonic = words.shift()!.toUpperCase()
  const rest = words.join(' ')
  const operands = rest === '' ? [] : rest.split(', ').map((word) => operandOf(word, end))
  const a = assembly.assembler({ origin, codeSize })
  if (size !== undefined) a.with({ operandSize: size })
  // where sizes have names, the shortest name is the one for 16 bits
  if (small.has(mnemonic)) a.with({ operandSize: 16 })
  return a
    .with(modifiers)
    .emit(mnemonic as Parameters<typeof a.emit>[0], ...operands)
    .finish().bytes
}

function takePrefixes(words: string[]): Modifiers {
  let modifiers: Modifiers = {}
  for (;;) {
    const word = words[0]!
    const segment = words.length > 1 ? registers.get(word) : undefined
    const [, what, bits] = /^([ao])(16|32|64)$/.exec(word) ?? []
    const said = Number(bits) as 16 | 32 | 64
    if (word === 'lock') modifiers = { ...modifiers, lock: true }
    else if (word === 'rep' || word === 'repe' || word === 'repne') modifiers = { ...modifiers, rep: word }
    else if (what === 'a') modifiers = { ...modifiers, addressSize: said }
    else if (what === 'o') modifiers = { ...modifiers, operandSize: said }
    else if (segment !== undefined) modifiers = { ...modifiers, segment }
    else return modifiers
    words.shift()
  }
}

function operandOf(text: string, end: number): Operand {
  const register = registers.get(text)
  if (register !== undefined) return register
  const memory = /^(?:(\w+) ptr )?(?:(\w\w):)?\[(.+)\]$/.exec(text)
  if (memory !== null) return memoryOf(memory[1], memory[2], memory[3]!, end)
  const far = /^(\w+):(\w+)$/.exec(text)
  if (far !== null) return assembly.far(Number(far[1]), BigInt(far[2]!))
  if (/^(?:0x[0-9a-f]+|\d+)$/.test(text)) return BigInt(text)
  throw new Error(`not an operand: ${text}`)
}

function memoryOf(size: string | undefined, segment: string | undefined, address: string, end: number): Operand {
  const bits = size === undefined ? undefined : sizes[size]
  const target = /^rel (\w+)$/.exec(address)?.[1]
  if (target !== undefined) return atTarget(bits, BigInt(target) - BigInt(end))
  const parts = {
    base: undefined as assembly.Register | assembly.InstructionPointer | undefined,
    index: undefined as assembly.Register | undefined,
    scale: 1 as 1 | 2 | 4 | 8,
    displacement: 0n,
  }
  for (const [, sign, term] of address.matchAll(/([+-]?)([^+-]+)/g)) {
    const [name, scale] = term!.split('*')
    const register = registers.get(name!)
    if (register === undefined) parts.displacement += BigInt(term!) * (sign === '-' ? -1n : 1n)
    else if (scale !== undefined || parts.base !== undefined) {
      parts.index = register
      parts.scale = Number(scale ?? 1) as 1 | 2 | 4 | 8
    } else parts.base = register
  }
  return {
    kind: 'memory',
    size: bits,
    segment: segment === undefined ? undefined : registers.get(segment),
    ...parts,
  }
}

/** Memory by its distance from the end of the instruction. */
function atTarget(size: number | undefined, displacement: bigint): Operand {
  return {
    kind: 'memory',
    size,
    segment: undefined,
    base: assembly.rip,
    index: undefined,
    scale: 1,
    displacement: BigInt.asIntN(64, displacement),
  }
}
