import { exitNumbers, toldInstruction } from '@vmm/nested-vmx'
import { exceptions, gprIndex } from '@vmm/x86-registers'
import { codeSizeOf } from '../code-size.ts'
import type { Engine } from '../engine-port.ts'
import type { L2Exit } from './l2-exit.ts'

/** I/O by INS or OUTS; and which of them. Source: SDM 3C 28.2.1, Table 28-5. */
const [byString, isIn] = [0x10n, 8n]
/** Where MOV to and from control and debug registers names the general one. */
const registerAt = 8n
const named: ReadonlySet<number> = new Set([exitNumbers.CR_ACCESS, exitNumbers.DR_ACCESS])
/** CLTS and LMSW do not. */
const notMov = 0x20n
const namesRegister = (reason: number, qualification: bigint): boolean =>
  reason === exitNumbers.DR_ACCESS || (reason === exitNumbers.CR_ACCESS && (qualification & notMov) === 0n)
/** Exits that tell more of the instruction than the processor gives. */
const decoded = byReason([
  ...named,
  ...[exitNumbers.VMCLEAR, exitNumbers.VMPTRLD, exitNumbers.VMPTRST, exitNumbers.VMREAD, exitNumbers.VMWRITE],
  ...[exitNumbers.VMON, exitNumbers.GDTR_IDTR, exitNumbers.LDTR_TR, exitNumbers.INVEPT, exitNumbers.INVVPID],
  ...[exitNumbers.INVPCID, exitNumbers.RDRAND, exitNumbers.RDSEED, exitNumbers.XSAVES, exitNumbers.XRSTORS],
])

/** Exits come by the million: an array is asked sooner than a set. */
function byReason(reasons: readonly number[]): readonly boolean[] {
  return Array.from({ length: Math.max(...reasons) + 1 }, (_, reason) => reasons.includes(reason))
}

/** INT1, INT3 and INTO: an exception of the kind that software raises. */
function raisedByInstruction(vector: number): L2Exit {
  const type = vector === exceptions.DB.vector ? 'privileged software exception' : 'software exception'
  return { reason: exitNumbers.EXCEPTION_NMI, event: { type, vector, errorCode: undefined } }
}

/** The linear address of the string; a segment of OUTS other than DS is for who reads the instruction information. */
function stringAddress(engine: Engine, qualification: bigint): bigint {
  if ((qualification & isIn) !== 0n) return BigInt.asUintN(64, engine.get('ES.base') + engine.gpr(gprIndex('RDI')))
  return BigInt.asUintN(64, engine.get('DS.base') + engine.gpr(gprIndex('RSI')))
}

/** What an exit says of the instruction of L2 that leaves, by its reason and by the qualification as the processor gives it. Source: SDM 3C 28.2. */
export function instructionExit(engine: Engine, reason: number, given: bigint): L2Exit {
  if (reason === exitNumbers.EXCEPTION_NMI) return raisedByInstruction(Number(given))
  if (decoded[reason] !== true && !(reason === exitNumbers.IO_INSTRUCTION && (given & byString) !== 0n))
    return { reason, qualification: given }
  const code = engine.executingCode()
  const { information, displacement, register } = toldInstruction(
    reason,
    code,
    codeSizeOf(engine),
    engine.executing().next,
  )
  const qualification =
    displacement ?? (namesRegister(reason, given) ? given | (BigInt(register) << registerAt) : given)
  const strings = reason === exitNumbers.IO_INSTRUCTION ? { linear: stringAddress(engine, given) } : {}
  return { reason, qualification, information, ...strings }
}
