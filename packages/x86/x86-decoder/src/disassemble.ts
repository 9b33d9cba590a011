import { createDecoded, decode } from './decode.ts'
import type { CodeSize, Decoded, DecodeFailure } from './decoded.ts'
import { format as formatIntel } from './format.ts'

/** Where and how to disassemble. */
export interface DisassembleOptions {
  readonly codeSize: CodeSize
  /** Address of the first byte, for targets of branches; without it they are relative. */
  readonly at?: bigint
  /** Index of the first byte. */
  readonly offset?: number
  /** How it is written: `format`, or `formatAtt`. */
  readonly format?: (decoded: Decoded, ripAt?: bigint) => string
}

/** An instruction in words. */
export interface DisassembledInstruction {
  readonly kind: 'instruction'
  /** Bytes. */
  readonly length: number
  readonly mnemonic: string
  readonly text: string
  /** Index into `rows` of x86-opcodes. */
  readonly row: number
}

/** An instruction, or why there is none. */
export type Disassembled = DisassembledInstruction | { readonly kind: DecodeFailure }

/** Disassembles one instruction: the friendly, allocating form of `decode`. */
export function disassemble(
  bytes: Uint8Array,
  { codeSize, at, offset = 0, format = formatIntel }: DisassembleOptions,
): Disassembled {
  const decoded = createDecoded()
  const failure = decode(bytes, offset, bytes.length, codeSize, decoded)
  if (failure !== undefined) return { kind: failure }
  const { length, mnemonic, row } = decoded
  return { kind: 'instruction', length, mnemonic, text: format(decoded, at), row }
}
