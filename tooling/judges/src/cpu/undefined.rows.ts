const flag = { CF: 0x1n, PF: 0x4n, AF: 0x10n, ZF: 0x40n, SF: 0x80n, OF: 0x800n } as const
type Flag = keyof typeof flag

const of = (flags: readonly Flag[], mnemonics: readonly string[]): Readonly<Record<string, bigint>> =>
  Object.fromEntries(mnemonics.map((mnemonic) => [mnemonic, flags.reduce((mask, name) => mask | flag[name], 0n)]))

/** Flags that the manual leaves undefined. Source: SDM 1 Appendix A, Table A-2, and the instructions' pages in SDM 2. */
export const undefinedFlags: Readonly<Record<string, bigint>> = {
  ...of(['AF'], ['AND', 'OR', 'XOR', 'TEST']),
  ...of(['PF', 'AF', 'ZF', 'SF'], ['MUL', 'IMUL']),
  ...of(['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'], ['DIV', 'IDIV']),
  ...of(['CF', 'PF', 'AF', 'SF', 'OF'], ['BSF', 'BSR']),
  ...of(['PF', 'AF', 'SF', 'OF'], ['TZCNT', 'LZCNT', 'BT', 'BTS', 'BTR', 'BTC']),
  ...of(['PF', 'AF', 'SF'], ['BEXTR']),
  ...of(['PF', 'ZF', 'SF', 'OF'], ['AAA', 'AAS']),
  ...of(['CF', 'AF', 'OF'], ['AAM', 'AAD']),
  ...of(['OF'], ['DAA', 'DAS']),
  ...of(['PF', 'AF'], ['ANDN', 'BZHI', 'BLSR', 'BLSMSK', 'BLSI']),
}

const codes = { C0: 0x100, C1: 0x200, C2: 0x400, C3: 0x4000 } as const
const all = codes.C0 | codes.C1 | codes.C2 | codes.C3

/** Condition codes that the manual leaves undefined, or says otherwise of than the CPUs that were asked do. Source: SDM 1 §8.1.3.3, SDM 2A §3.3. */
export const undefinedCodes: Readonly<Record<string, number>> = {
  ...Object.fromEntries(['FFREE', 'FFREEP', 'FNOP'].map((mnemonic) => [mnemonic, all])),
  // SDM 2A has FCOMI clear C1; AMD's processors leave it
  ...Object.fromEntries(['FCOMI', 'FCOMIP', 'FUCOMI', 'FUCOMIP'].map((mnemonic) => [mnemonic, codes.C1])),
}

/** Results that the manual gives an error bound for, and each maker's processors fill in their own way. Source: SDM 2B §4.3. */
export const approximations: ReadonlySet<string> = new Set([
  ...['RCPPS', 'RCPSS', 'RSQRTPS', 'RSQRTSS', 'VRCPPS', 'VRCPSS', 'VRSQRTPS', 'VRSQRTSS'],
])

/** Transcendental functions: good to one unit in the last place. Source: SDM 1 §8.3.10. */
export const transcendental: ReadonlySet<string> = new Set(['F2XM1', 'FYL2X', 'FYL2XP1', 'FPATAN', 'FPTAN', 'FSIN', 'FCOS', 'FSINCOS'])
