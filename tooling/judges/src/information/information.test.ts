import {
  type CodeSize,
  createDecoded,
  type Decoded,
  type DecodedOperand,
  decode,
  informationOf,
  rowOf,
} from '@vmm/x86-decoder'
import {
  type AnyOperand,
  type Instruction,
  instructions,
  isExecuted,
  type Mode,
  type Survey,
  survey,
} from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { samples } from '../att/samples.ts'

const decoded = createDecoded()
const arithmetic = ['OF', 'SF', 'ZF', 'AF', 'PF', 'CF'] as const

/** A vector that indexes memory. */
const vectorIndex = () =>
  decoded.indexWidth === 0
    ? {}
    : {
        vectorIndex: {
          ...{ kind: 'register', file: 'xmm', width: decoded.indexWidth, index: decoded.index, highByte: false },
          position: -1,
        },
      }

function operandOf({ kind, file, index, highByte, width, low, high }: DecodedOperand, position: number): AnyOperand {
  switch (kind) {
    case 'register':
      return { kind, file, index, highByte, width, position } as AnyOperand
    case 'memory':
      return { kind, width, position, ...vectorIndex() } as AnyOperand
    case 'immediate':
      return { kind, width, value: (BigInt(high) << 32n) | BigInt(low >>> 0), position } as AnyOperand
    case 'relative':
      return { kind, width: 64, position }
    case 'far': {
      const half = (bits: 16 | 32) => ({ kind: 'immediate', width: bits, value: 0n, position }) as const
      return { kind, selector: half(16), offset: half(32), position } as AnyOperand
    }
    default:
      return kind satisfies never
  }
}

function modeOf({ codeSize, operandSize, addressSize, rep, lock }: Decoded): Mode {
  const execution = codeSize === 64 ? 'long' : 'protected'
  return { codeSize, operandSize, addressSize, stackSize: codeSize, execution, rep, lock, cet: true } as Mode
}

/** What a description touches, with the general registers that it names itself. */
function surveyed(
  instruction: Instruction,
  decoded: Decoded,
): Survey & { readonly named: ReadonlyMap<number, string> } {
  const named = new Map<number, string>()
  const note = (operand: AnyOperand, letter: string) => {
    if (operand.kind !== 'register' || operand.position >= 0 || operand.file !== 'gpr') return
    const before = named.get(operand.index!) ?? ''
    if (!before.includes(letter)) named.set(operand.index!, before + letter)
  }
  const watched: Instruction = {
    ...instruction,
    execute: (machine, ...operands) =>
      instruction.execute(
        {
          ...machine,
          read: ((operand: AnyOperand) => {
            note(operand, 'R')
            return machine.read(operand as never)
          }) as never,
          write: ((operand: AnyOperand, value: never) => {
            note(operand, 'W')
            machine.write(operand as never, value)
          }) as never,
        },
        ...operands,
      ),
  }
  const operands = decoded.operands.slice(0, decoded.count).map(operandOf)
  return { ...survey(watched, modeOf(decoded), operands), named }
}

/** INC and DEC write CF back as it was. */
const keepsCarry = (flag: string): boolean => flag === 'CF' && /^(?:INC|DEC)$/.test(decoded.mnemonic)

/** Flags that the description writes and the information does not know, or the other way round. */
function flagDifferences(found: Survey): string[] {
  const { flags, controlFlow } = informationOf(decoded)
  const written: readonly string[] = [...flags.modified, ...flags.cleared, ...flags.set]
  const touched: readonly string[] = [...written, ...flags.undefined]
  return arithmetic.flatMap((flag) => {
    // what the surroundings do, and what is behind gates, no description says
    const elsewhere = found.replacesFlags || found.calls || found.exits || found.hostCalls.size > 0
    const writes = found.flagsPerhaps.has(flag) || elsewhere
    const mayWrite = touched.includes(flag) || controlFlow !== 'next' || keepsCarry(flag)
    const wrong = [
      ...(found.flagsPerhaps.has(flag) && !mayWrite ? [`writes ${flag}`] : []),
      ...(written.includes(flag) && !writes ? [`does not write ${flag}`] : []),
    ]
    return wrong
  })
}

const names = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI', '8', '9', '10', '11', '12', '13', '14', '15']

/** General registers that the description names itself, which no operand does. */
function registerDifferences({ named }: ReturnType<typeof surveyed>): string[] {
  const implied = informationOf(decoded).impliedRegisters.filter(({ file }) => file === 'gpr')
  return [...named].flatMap(([index, letters]) => {
    const known = implied.filter((one) => one.index === index)
    const reads = known.some((one) => one.reads !== 'never')
    const writes = known.some((one) => one.writes !== 'never')
    return [
      ...(letters.includes('R') && !reads ? [`reads ${names[index]}`] : []),
      ...(letters.includes('W') && !writes ? [`writes ${names[index]}`] : []),
    ]
  })
}

function differences(codeSize: CodeSize): string[] {
  const found = new Set<string>()
  for (const bytes of samples(codeSize)) {
    decode(bytes, 0, bytes.length, codeSize, decoded)
    const instruction = instructions.get(decoded.mnemonic)
    if (instruction === undefined || !isExecuted(rowOf(decoded))) continue
    const touched = surveyed(instruction, decoded)
    for (const wrong of [...flagDifferences(touched), ...registerDifferences(touched)])
      found.add(`${decoded.mnemonic} ${decoded.count} ${decoded.operandSize}: ${wrong}`)
  }
  return [...found]
}

test.for([16, 32, 64] as const)(
  'descriptions touch the flags and registers that the rows say they do, in %s-bit code',
  { timeout: 300_000 },
  (codeSize) => {
    expect(differences(codeSize)).toEqual([])
  },
)
