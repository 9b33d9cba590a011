import { assemble } from '@vmm/x86-assembler'
import { type CodeSize, createDecoded, decode, format, rowOf } from '@vmm/x86-decoder'
import { expect, test } from 'vitest'
import { samples } from '../att/samples.ts'

const at = 0x1000n
const decoded = createDecoded()

/** Reserved NOPs, which the assembler does not choose: 0F 1F alone is the manual's. */
const isReserved = (): boolean => decoded.mnemonic === 'NOP' && rowOf(decoded).attributes.includes('alias')

/** What is wrong with an instruction that was written, assembled and read again; an encoding may be another one of the same. */
function difference(bytes: Uint8Array, codeSize: CodeSize): string | undefined {
  decode(bytes, 0, bytes.length, codeSize, decoded)
  if (isReserved()) return undefined
  const text = format(decoded)
  const { mnemonic } = decoded
  const assembled = assemble(text, { codeSize, origin: at })
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  if (assembled.kind === 'mistakes') return `${mnemonic} ${hex} ${text}: ${assembled.mistakes[0]!.message}`
  const { bytes: again } = assembled
  const failure = decode(again, 0, again.length, codeSize, decoded)
  if (failure !== undefined || decoded.length !== again.length) return `${mnemonic} ${hex} ${text}: ${failure}`
  const back = format(decoded)
  return back === text ? undefined : `${mnemonic} ${hex} ${text}: ${back}`
}

test.for([16, 32, 64] as const)(
  'what the formatter writes of %s-bit code the assembler takes, and means the same',
  { timeout: 600_000 },
  (codeSize) => {
    const found = samples(codeSize).flatMap((bytes) => difference(bytes, codeSize) ?? [])
    expect(found).toEqual([])
  },
)
