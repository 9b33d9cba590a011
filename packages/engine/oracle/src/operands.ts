import { type Decoded, type DecodedOperand, noRegister, ripBase } from '@vmm/x86-decoder'
import type { AnyOperand, Operand, OperandFile, RegisterOperand, Width } from '@vmm/x86-semantics'
import { offsetMask } from './mode.ts'
import type { State } from './state.ts'

const immediateOf = ({ low, high }: DecodedOperand): bigint => (BigInt(high) << 32n) | BigInt(low >>> 0)

/** The operands as a description gets them: here everything is known. */
export function operandsOf(decoded: Decoded): AnyOperand[] {
  return decoded.operands.slice(0, decoded.count).map((operand, position) => {
    const width = operand.width as Width
    switch (operand.kind) {
      case 'register': {
        const { file, index, highByte } = operand
        return { kind: 'register', file: file as OperandFile, width, index, highByte, position }
      }
      case 'memory':
        return memoryOf(decoded, width, position)
      case 'immediate':
        return { kind: 'immediate', width, value: BigInt.asUintN(width, immediateOf(operand)), position }
      case 'relative':
        return { kind: 'relative', width: 64, position }
      case 'far':
        return {
          kind: 'far',
          offset: { kind: 'immediate', width: 32, value: BigInt(operand.low >>> 0), position },
          selector: { kind: 'immediate', width: 16, value: BigInt(operand.high & 0xffff), position },
          position,
        }
      default:
        return operand.kind satisfies never
    }
  })
}

function memoryOf({ indexWidth, index }: Decoded, width: Width, position: number): AnyOperand {
  if (indexWidth === 0) return { kind: 'memory', width, position }
  const register = { kind: 'register', file: 'xmm', width: indexWidth as Width, index, highByte: false } as const
  return { kind: 'memory', width, position, vectorIndex: { ...register, position } }
}

/** The offset of the memory operand in its segment, cut to the address size; with an element of a vector as its index, if one is given. */
export function effectiveAddress(state: State, decoded: Decoded, next: bigint, element = 0n): bigint {
  const { base, index, scale, displacement, displacementHigh, addressSize, indexWidth } = decoded
  const from = base === ripBase ? next : base === noRegister ? 0n : state.gprs[base]!
  const value = indexWidth !== 0 ? element : index === noRegister ? 0n : state.gprs[index]!
  const indexed = value << BigInt(scale)
  const wide = (BigInt(displacementHigh) << 32n) | BigInt(displacement >>> 0)
  return (from + indexed + wide) & offsetMask(addressSize)
}

/** Where a branch goes. */
export function branchTarget(decoded: Decoded, position: number, next: bigint): bigint {
  return (next + BigInt(decoded.operands[position]!.low)) & offsetMask(decoded.operandSize)
}

const isHigh = (operand: RegisterOperand<Width>): boolean => operand.highByte

/** What a register holds, as far as the operand is wide. */
export function readRegister(state: State, operand: Operand<Width>): bigint {
  const { file, index, width } = operand as RegisterOperand<Width>
  switch (file) {
    case 'gpr':
      return BigInt.asUintN(width, state.gprs[index!]! >> (isHigh(operand as RegisterOperand<Width>) ? 8n : 0n))
    case 'mmx':
      return BigInt.asUintN(width, state.significands[index!]!)
    case 'xmm':
      return BigInt.asUintN(width, state.vectors[index!]!)
    default:
      throw new Error(`${file} registers are no plain operands`)
  }
}

/** A 32-bit write to a general register clears the upper half; others leave the rest alone. */
export function writeRegister(state: State, operand: RegisterOperand<Width>, value: bigint): void {
  const { file, width } = operand
  const index = operand.index!
  const kept = (old: bigint, low: bigint) => {
    const mask = ((1n << BigInt(width)) - 1n) << low
    return (old & ~mask) | (value << low)
  }
  if (file === 'gpr') state.gprs[index] = width === 32 ? value : kept(state.gprs[index]!, isHigh(operand) ? 8n : 0n)
  else if (file === 'xmm') state.vectors[index] = kept(state.vectors[index]!, 0n)
  else if (file === 'mmx') {
    // an MMX register is the significand of an x87 one, whose sign and exponent become all ones
    state.significands[index] = kept(state.significands[index]!, 0n)
    state.signExponents[index] = 0xffffn
  } else throw new Error(`${file} registers are no plain operands`)
}
