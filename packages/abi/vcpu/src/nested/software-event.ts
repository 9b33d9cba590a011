import type { InterruptionType } from '@vmm/nested-vmx'
import { exceptions } from '@vmm/x86-registers'

/** An event that an instruction raises. */
export interface SoftwareEvent {
  readonly type: InterruptionType
  readonly vector: number
}

const opcodes = { INT1: 0xf1, INT3: 0xcc, INT: 0xcd, INTO: 0xce } as const
/** Operand and address size, repeats and segments; in 64-bit code REX, too. LOCK makes it no instruction. */
const prefixes: ReadonlySet<number> = new Set([0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65])
const isRex = (byte: number): boolean => byte >>> 4 === 4

/** What INT n, INT1, INT3 or INTO raises, by its bytes; other instructions raise nothing themselves. Source: SDM 3C 25.8.3, Table 25-16. */
export function softwareEventOf(code: Uint8Array, isLong: boolean): SoftwareEvent | undefined {
  const at = code.findIndex((byte) => !prefixes.has(byte) && !(isLong && isRex(byte)))
  switch (code[at]) {
    case opcodes.INT:
      return { type: 'software interrupt', vector: code[at + 1] ?? 0 }
    case opcodes.INT3:
      return { type: 'software exception', vector: exceptions.BP.vector }
    case opcodes.INTO:
      return isLong ? undefined : { type: 'software exception', vector: exceptions.OF.vector }
    case opcodes.INT1:
      return { type: 'privileged software exception', vector: exceptions.DB.vector }
    default:
      return undefined
  }
}
