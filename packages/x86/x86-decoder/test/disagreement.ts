import { Decoder } from 'iced-x86'
import { type CodeSize, createDecoded, createDecoder } from '../src/index.ts'
import { icedVerdict, listsOperandsOtherwise, options, ourOperands, ourText } from './iced.ts'

/**
 * Where the judge and we differ, and what settles it. Left: our answer, right: the judge's.
 *
 * * SYSCALL and SYSRET outside 64-bit code are AMD's; SDM 2B has #UD there.
 * * 0F 0D takes memory only (SDM 2B, PREFETCHW: m8); a register form is #UD on AMD EPYC too.
 * * F3 REX.B 90 exchanges R8 and RAX, seen on AMD EPYC: PAUSE is F3 90 alone.
 * * VMGEXIT is VMMCALL where memory is not encrypted. APM 3, VMGEXIT.
 * * 0F 0D /4 to /7 and a /0 to /2 that is not advertised prefetch nothing on Intel's: a hint is a NOP.
 * * PREFETCHIT0 and PREFETCHIT1 are RIP-relative and of 64-bit code (SDM 2B); elsewhere they stay NOPs.
 * * PadLock's opcodes end in C0, C8 and so on up to E8 (VIA PadLock Programming Guide); the judge looks at ModRM.reg alone, knows opcodes that came later, and wants
 *   67H before MONTMUL in 64-bit code.
 * * The judge's edition does not know USER_MSR.
 */
const settled: ReadonlySet<string> = new Set([
  'invalid / SYSCALL',
  'invalid / SYSRET',
  'invalid / NOP',
  'XCHG / PAUSE',
  'VMMCALL / VMGEXIT',
  'NOP / PREFETCH',
  'NOP / PREFETCHIT0',
  'NOP / PREFETCHIT1',
  ...['MONTMUL', 'XSHA1', 'XSHA256', 'XSTORE', 'XCRYPTECB', 'XCRYPTCBC', 'XCRYPTCTR', 'XCRYPTCFB', 'XCRYPTOFB']
    .concat(['XSHA512', 'XSHA512_ALT', 'XSTORE_ALT', 'CCS_HASH', 'CCS_ENCRYPT', 'UNDOC'])
    .map((name) => `invalid / ${name}`),
  'MONTMUL / invalid',
  'URDMSR / invalid',
  'UWRMSR / invalid',
])

const longest = 15
const decoded = createDecoded()
const { decode } = createDecoder(() => true)

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
    return same ? undefined : `${hex()}: ${ours} ${ourOperands(decoded)} / ${theirs.operands}`
  }
  const summary = `${ours} / ${theirs.text}`.replace(/ \d+/g, '')
  return settled.has(summary) ? undefined : `${hex()}: ${ours} / ${theirs.text}`
}
