import { type CodeSize, createDecoded, decode } from '../src/index.ts'
import { icedVerdict, listsOperandsOtherwise, ourOperands, ourText } from './iced.ts'

/**
 * Where the judge and we differ, and what settles it. Left: our answer, right: the judge's.
 *
 * * SYSCALL and SYSRET outside 64-bit code are AMD's; SDM 2B has #UD there.
 * * 0F 0D takes memory only (SDM 2B, PREFETCHW: m8); a register form is #UD on AMD EPYC too.
 * * F3 REX.B 90 exchanges R8 and RAX, seen on AMD EPYC: PAUSE is F3 90 alone.
 * * VMGEXIT is VMMCALL where memory is not encrypted. APM 3, VMGEXIT.
 */
const settled: ReadonlySet<string> = new Set([
  'invalid / SYSCALL',
  'invalid / SYSRET',
  'invalid / NOP',
  'XCHG / PAUSE',
  'VMMCALL / VMGEXIT',
])

const decoded = createDecoded()

/** Where the judge and we differ about these bytes, or undefined. */
export function disagreement(bytes: Uint8Array, codeSize: CodeSize): string | undefined {
  const failure = decode(bytes, 0, bytes.length, codeSize, decoded)
  const theirs = icedVerdict(bytes, codeSize, decoded)
  const ours = failure === undefined ? ourText(decoded) : 'invalid'
  if (ours === theirs.text) {
    const same = failure !== undefined || listsOperandsOtherwise(decoded) || ourOperands(decoded) === theirs.operands
    return same ? undefined : `${hex(bytes)}: ${ours} ${ourOperands(decoded)} / ${theirs.operands}`
  }
  // rows that come later: unknown here, or a hint that an older processor skips
  if (!theirs.covered && (failure !== undefined || decoded.mnemonic === 'NOP')) return undefined
  const summary = `${ours} / ${theirs.text}`.replace(/ \d+/g, '')
  return settled.has(summary) ? undefined : `${hex(bytes)}: ${summary}`
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
