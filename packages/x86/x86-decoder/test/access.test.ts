import { type Access, accessOf } from '@vmm/x86-opcodes'
import { Decoder, InstructionInfoFactory, OpAccess } from 'iced-x86'
import { expect, test } from 'vitest'
import { type CodeSize, createDecoded, type Decoded, rowOf } from '../src/index.ts'
import { decode, listsOperandsOtherwise, options } from './iced.ts'
import { randomStream } from './random-stream.ts'

/** The judge's words for accesses. A write that may not happen leaves what was there, so it reads it too. */
const inOurWords: Readonly<Record<number, Access>> = {
  [OpAccess.None]: 'none',
  [OpAccess.NoMemAccess]: 'none',
  [OpAccess.Read]: 'read',
  [OpAccess.CondRead]: 'read',
  [OpAccess.Write]: 'write',
  [OpAccess.ReadWrite]: 'read-write',
  [OpAccess.CondWrite]: 'read-write',
  [OpAccess.ReadCondWrite]: 'read-write',
}

/**
 * Differences of view: for us a scalar writes all of the part of a register that its code names, the judge counts the
 * part that stays, and of INSERTQ forgets it (APM 4: the other bits stay); flushing a cache line is no read; and what is combined with itself to zero is read all the same.
 */
function isAnotherView(decoded: Decoded, at: number, ours: Access, theirs: Access): boolean {
  const { kind, file, width, index } = decoded.operands[at]!
  if (kind === 'register' && file === 'xmm' && width < 128 && ours === 'write') return theirs === 'read-write'
  if (decoded.mnemonic === 'INSERTQ') return ours === 'read-write' && theirs === 'write'
  // BNDCL and BNDCU look at the address of their memory, not at what is there
  if (decoded.mnemonic.startsWith('BNDC') && kind === 'memory') return theirs === 'none'
  if (decoded.mnemonic.startsWith('CL') && ours === 'none') return theirs === 'read'
  // merging keeps elements of what is written
  if (decoded.mask !== 0 && !decoded.zeroing && ours === 'write') return theirs === 'read-write'
  const others = decoded.operands.slice(0, decoded.count).filter((_, position) => position !== at)
  const same = others.some((other) => other.kind === 'register' && other.index === index)
  return kind === 'register' && same && (theirs === 'write' || theirs === 'none')
}

const factory = new InstructionInfoFactory()
const decoded = createDecoded()

function differences(bytes: Uint8Array, codeSize: CodeSize): string[] {
  if (decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined || listsOperandsOtherwise(decoded)) return []
  const decoder = new Decoder(codeSize, bytes, options)
  const instruction = decoder.decode()
  const info = factory.info(instruction)
  const row = rowOf(decoded)
  const found = accessOf(row).flatMap((ours, at) => {
    const theirs = inOurWords[info.opAccess(at)]!
    const same = instruction.opCount !== decoded.count || ours === theirs || isAnotherView(decoded, at, ours, theirs)
    return same ? [] : [`${row.opcode} ${row.mnemonic}, operand ${at}: ${ours} / ${theirs}`]
  })
  info.free()
  instruction.free()
  decoder.free()
  return found
}

test('iced-x86 agrees which operands the rows read and write', () => {
  const found = new Set<string>()
  for (const codeSize of [16, 32, 64] as const) {
    const stream = randomStream(codeSize)
    for (let count = 0; count < 40_000; count += 1) for (const text of differences(stream(), codeSize)) found.add(text)
  }
  expect([...found]).toEqual([])
})
