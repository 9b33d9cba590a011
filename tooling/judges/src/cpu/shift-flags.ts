import { createDecoded, decode } from '@vmm/x86-decoder'
import type { Snippet } from './snippet.ts'

const flag = { CF: 0x1n, AF: 0x10n, OF: 0x800n } as const
const RCX = 1
const decoded = createDecoded()
const isShift = /^S(AR|H[LR])$/
const isDoubleShift = /^SH[LR]D$/

/**
 * The flags that a shift or rotate leaves undefined, which depends on its count: none for zero; OF beyond one; AF for
 * shifts; CF once all bits are out. Undefined for other instructions. Source: SDM 2B §4.3, SAL, RCL, SHLD.
 */
export function undefinedAfterShift(mnemonic: string, { code, codeSize, gprs }: Snippet): bigint | undefined {
  const rotates = /^R(O|C)[LR]$/.test(mnemonic)
  if (!rotates && !isShift.test(mnemonic) && !isDoubleShift.test(mnemonic)) return undefined
  decode(code, 0, code.length, codeSize ?? 64, decoded)
  const [to, by] = [decoded.operands[0]!, decoded.operands[decoded.count - 1]!]
  const asked = by.kind === 'immediate' ? by.low : Number(gprs[RCX]! & 0xffn)
  const count = asked & (to.width === 64 ? 63 : 31)
  if (count === 0) return 0n
  const beyondOne = count === 1 ? 0n : flag.OF
  if (rotates) return beyondOne
  const allOut = mnemonic !== 'SAR' && count >= to.width ? flag.CF : 0n
  return beyondOne | flag.AF | allOut
}
