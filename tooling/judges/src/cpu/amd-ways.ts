import { readFileSync } from 'node:fs'
import { createDecoded, type Decoded, decode } from '@vmm/x86-decoder'
import type { Outcome, Snippet } from './snippet.ts'

const [debug, undefinedOpcode, generalProtection, pageFault, alignmentCheck, simdException] = [
  1, 6, 13, 14, 17, 19,
] as const

/** What happened on an AMD processor, and what a subject did, which goes Intel's way. */
interface Ends {
  readonly decoded: Decoded
  readonly real: Outcome
  readonly ours: Outcome
}

const isRefusedAtZero = ({ vector, errorCode }: Outcome): boolean => vector === generalProtection && errorCode === 0

/** What AMD's processors do otherwise than Intel's, as they were seen to on family 25. */
const ways: readonly { readonly what: string; readonly mnemonics: RegExp; readonly is: (ends: Ends) => boolean }[] = [
  {
    what: 'INT1 in a virtual machine says that it has not happened yet',
    mnemonics: /^INT1$/,
    is: ({ real, ours }) => real.vector === debug && ours.vector === debug,
  },
  {
    what: 'REX.W makes no far pointer in memory longer. Source: APM 3, CALL (Far), LSS',
    mnemonics: /^(?:CALLF|JMPF|L[FGS]S)$/,
    is: ({ decoded }) => decoded.operandSize === 64,
  },
  {
    what: 'far returns of 64 bits are refused beyond 4 GB of 32-bit code, before selectors are looked at',
    mnemonics: /^(?:RETF|IRET[DQ]?)$/,
    is: ({ decoded, real, ours }) => decoded.operandSize === 64 && ours.vector !== pageFault && isRefusedAtZero(real),
  },
  {
    what: 'far returns read all of the stack before selectors are looked at',
    mnemonics: /^(?:RETF|IRET[DQ]?)$/,
    is: ({ real, ours }) =>
      (real.vector === pageFault || real.vector === alignmentCheck) && ours.vector === generalProtection,
  },
  {
    what: 'IRET looks whether RIP is in its segment before it looks at SS',
    mnemonics: /^IRET[DQ]?$/,
    is: ({ real, ours }) => isRefusedAtZero(real) && ours.vector === generalProtection && ours.errorCode !== 0,
  },
  {
    what: '0F 0D has no registers. Source: APM 3, PREFETCHx',
    mnemonics: /^NOP$/,
    is: ({ real }) => real.vector === undefinedOpcode,
  },
  {
    what: 'VEX.W counts outside 64-bit code, too. Source: APM 4, VPEXTRQ',
    mnemonics: /^VP(?:EXTR|INSR)D$/,
    is: ({ real }) => real.vector === undefinedOpcode,
  },
  {
    what: 'operands of SHA may lie anywhere',
    mnemonics: /^SHA/,
    is: ({ real, ours }) => ours.vector === generalProtection && real.vector !== generalProtection,
  },
  {
    what: 'what could not be stored has raised no flags',
    mnemonics: /^VCVTPS2PH$/,
    is: ({ real, ours }) => real.vector !== undefined && real.vector === ours.vector && real.vector !== simdException,
  },
]

const isAmd = /^vendor_id\s*: AuthenticAMD$/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
const decoded = createDecoded()

/** Whether the host is AMD's, and what differs is that; nothing is excused on Intel's. */
export function isAmdsWay(mnemonic: string, { code, codeSize }: Snippet, real: Outcome, ours: Outcome): boolean {
  if (!isAmd) return false
  const known = ways.filter(({ mnemonics }) => mnemonics.test(mnemonic))
  if (known.length === 0 || decode(code, 0, code.length, codeSize ?? 64, decoded) !== undefined) return false
  return known.some((way) => way.is({ decoded, real, ours }))
}
