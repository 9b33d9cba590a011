import { createDecoded, decode } from '@vmm/x86-decoder'
import type { Snippet } from './snippet.ts'

const [RAX, RCX, RDX, RBX] = [0, 1, 2, 3] as const
const low = 0xffff_ffffn
const decoded = createDecoded()

/** Registers that an instruction fills with what it knows of the machine or of chance. Source: the instructions' pages in SDM 2. */
const filled: Readonly<Record<string, readonly number[]>> = {
  CPUID: [RAX, RCX, RDX, RBX],
  XGETBV: [RAX, RDX],
  RDTSC: [RAX, RDX],
  RDPMC: [RAX, RDX],
  RDTSCP: [RAX, RCX, RDX],
}

/** Instructions that fill a register which they name. */
const fillsNamed: ReadonlySet<string> = new Set(['RDRAND', 'RDSEED', 'RDPID'])

/** Bits of registers that nobody can foretell; that the others are kept, or cleared, is judged. */
export function unknownBits(mnemonic: string, { code, codeSize }: Snippet): ReadonlyMap<number, bigint> {
  const registers = filled[mnemonic]
  if (registers !== undefined) return new Map(registers.map((index) => [index, low]))
  if (!fillsNamed.has(mnemonic)) return new Map()
  decode(code, 0, code.length, codeSize ?? 64, decoded)
  const { index } = decoded.operands[0]!
  // RDPID zero-extends 32 bits, whatever the operand size
  const bits = mnemonic === 'RDPID' ? 32 : decoded.operandSize
  return new Map([[index, (1n << BigInt(bits)) - 1n]])
}
