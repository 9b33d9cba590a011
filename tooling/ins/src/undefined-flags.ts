import type { FlagName } from './case.ts'

const flags = (text: string): readonly FlagName[] => (text === '' ? [] : (text.split(' ') as FlagName[]))
const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Flags that the manual leaves undefined, by mnemonic. Source: SDM 1 Appendix A, Table A-2, and each instruction’s Flags Affected. */
export const undefinedFlags: ReadonlyMap<string, readonly FlagName[]> = new Map(
  [
    // instructions                flags
    ['AND OR XOR TEST', 'AF'],
    ['ANDN BLSR BLSMSK BLSI BZHI', 'AF PF'],
    ['BEXTR', 'SF AF PF'],
    ['MUL IMUL', 'SF ZF AF PF'],
    ['DIV IDIV', 'CF OF SF ZF AF PF'],
    ['SHL SHR SAR SHLD SHRD', 'OF AF'],
    ['ROL ROR RCL RCR', 'OF'],
    ['BSF BSR', 'CF OF SF AF PF'],
    ['BT BTS BTR BTC', 'OF SF AF PF'],
    ['LZCNT TZCNT', 'OF SF AF PF'],
    ['AAA AAS', 'OF SF ZF PF'],
    ['AAM AAD', 'OF AF CF'],
    ['DAA DAS', 'OF'],
  ].flatMap(([names, of]) => words(names!).map((name) => [name, flags(of!)] as const)),
)
