import { type Code, Decoder } from 'iced-x86'
import { type CodeSize, createDecoded, createDecoder } from '../src/index.ts'
import { icedVerdict, isKnown, listsOperandsOtherwise, options, ourOperands, ourText } from './iced.ts'

/**
 * Where the judge and we differ, and what settles it. Left: our answer, right: the judge's.
 *
 * * SYSCALL and SYSRET outside 64-bit code are AMD's. SDM 2B has #UD unless CS.L is set, and an Intel Xeon (family 6, model 167) gave it.
 * * VMGEXIT is VMMCALL where memory is not encrypted. APM 3, VMGEXIT. GNU objdump calls it VMGEXIT, as the judge does.
 * * 0F 0D /4 to /7 and a /0 to /2 that is not advertised prefetch nothing on Intel's, where they were seen to complete: a hint is a NOP.
 * * PREFETCHIT0 and PREFETCHIT1 are RIP-relative and of 64-bit code (SDM 2B, PREFETCHh); elsewhere they stay NOPs, and are so to GNU objdump.
 * * PadLock's opcodes end in C0, C8 and so on up to E8 (VIA PadLock Programming Guide, and GNU objdump); the judge looks at ModRM.reg alone, knows opcodes that
 *   came later, and wants 67H before MONTMUL in 64-bit code, which GNU objdump does not.
 */
const settled: ReadonlySet<string> = new Set([
  'invalid / SYSCALL',
  'invalid / SYSRET',
  'VMMCALL / VMGEXIT',
  'NOP / PREFETCH',
  'NOP / PREFETCHIT0',
  'NOP / PREFETCHIT1',
  ...['MONTMUL', 'XSHA1', 'XSHA256', 'XSTORE', 'XCRYPTECB', 'XCRYPTCBC', 'XCRYPTCTR', 'XCRYPTCFB', 'XCRYPTOFB']
    .concat(['XSHA512', 'XSHA512_ALT', 'XSTORE_ALT', 'CCS_HASH', 'CCS_ENCRYPT', 'UNDOC'])
    .map((name) => `invalid / ${name}`),
  'MONTMUL / invalid',
])

const longest = 15
const decoded = createDecoded()
const { decode } = createDecoder(isKnown)

/** Rows that the judge has agreed about, by their numbers, and its own opcode forms that it has agreed about. */
export const judged = { rows: new Set<number>(), codes: new Set<Code>() } as const

/** Where the judge and we differ about streams of 15 bytes, one behind the other. */
export function disagreements(streams: Uint8Array, codeSize: CodeSize): string[] {
  const decoder = new Decoder(codeSize, streams, options)
  const found: string[] = []
  for (let at = 0; at < streams.length; at += longest) {
    decoder.position = at
    decoder.ip = 0n
    const text = disagreement(streams, at, codeSize, decoder)
    if (text !== undefined) found.push(text)
  }
  decoder.free()
  return found
}

function disagreement(bytes: Uint8Array, at: number, codeSize: CodeSize, decoder: Decoder): string | undefined {
  const failure = decode(bytes, at, at + longest, codeSize, decoded)
  const asksOperands = failure === undefined && !listsOperandsOtherwise(decoded)
  const theirs = icedVerdict(decoder, decoded, asksOperands)
  const ours = failure === undefined ? ourText(decoded) : 'invalid'
  const hex = () => [...bytes.subarray(at, at + longest)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  if (ours === theirs.text) {
    const same = !asksOperands || ourOperands(decoded) === theirs.operands
    if (same && failure === undefined) {
      judged.rows.add(decoded.row)
      judged.codes.add(theirs.code)
    }
    return same ? undefined : `${hex()}: ${ours} ${ourOperands(decoded)} / ${theirs.operands}`
  }
  const summary = `${ours} / ${theirs.text}`.replace(/ \d+/g, '')
  return settled.has(summary) ? undefined : `${hex()}: ${ours} / ${theirs.text}`
}
