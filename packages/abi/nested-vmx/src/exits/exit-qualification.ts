import { type Fields, fieldOf } from '@vmm/bits'
import { qualificationFormats, qualificationsOf, qualificationValues } from './exit-qualifications.rows.ts'
import type { ExitReason } from './exit-reason.ts'

/** A format of exit qualifications. */
export type QualificationFormat = keyof typeof qualificationFormats

/** An exit qualification, taken apart. */
export interface ReadQualification {
  readonly format: QualificationFormat
  /** The value of every field of the format. */
  readonly fields: Readonly<Record<string, bigint>>
}

const debugException = 1
const pageFault = 14
const formats: Readonly<Partial<Record<ExitReason, QualificationFormat>>> = qualificationsOf

/**
 * The format of an exit's qualification; nothing where the qualification is cleared. Exceptions need their vector.
 *
 * Source: SDM 3C 28.2.1 Basic VM-Exit Information.
 */
export function qualificationFormatOf(reason: ExitReason, vector?: number): QualificationFormat | undefined {
  if (reason !== 'EXCEPTION_NMI') return formats[reason]
  if (vector === debugException) return 'DEBUG_EXCEPTION'
  return vector === pageFault ? 'LINEAR_ADDRESS' : undefined
}

/** Takes an exit qualification apart; nothing where the exit has none. */
export function readQualification(
  reason: ExitReason,
  qualification: bigint,
  vector?: number,
): ReadQualification | undefined {
  const format = qualificationFormatOf(reason, vector)
  if (format === undefined) return undefined
  const rows: Fields = qualificationFormats[format]
  const fields = Object.entries(rows).map(([name, row]) => [name, fieldOf(qualification, row)] as const)
  return { format, fields: Object.fromEntries(fields) }
}

/** An exit qualification in words: flags that are set, and other fields with their values. Empty where the exit has none. */
export function describeQualification(reason: ExitReason, qualification: bigint, vector?: number): string {
  const read = readQualification(reason, qualification, vector)
  if (read === undefined) return ''
  const rows: Fields = qualificationFormats[read.format]
  const told = Object.entries(rows).flatMap(([name, { width, says }]) => {
    const value = read.fields[name] ?? 0n
    if (width === 1) return value === 0n ? [] : [says]
    return [`${says}: ${meaningOf(read.format, name, value)}`]
  })
  return told.join(', ')
}

type Meanings = readonly string[] | Readonly<Record<number, string>>

const meanings: Readonly<Record<string, Meanings>> = {
  'TASK_SWITCH.INITIATED_BY': qualificationValues.INITIATED_BY,
  'CR_ACCESS.ACCESS': qualificationValues.CR_ACCESS,
  'APIC_ACCESS.ACCESS': { ...qualificationValues.APIC_ACCESS, ...qualificationValues.PHYSICAL },
  'INVALID_STATE.FAILURE': qualificationValues.FAILURE,
  'IO_INSTRUCTION.SIZE': qualificationValues.SIZE,
}

const counted: ReadonlySet<string> = new Set(['REGISTER', 'GENERAL', 'VECTOR', 'ENTRY'])

function meaningOf(format: QualificationFormat, field: string, value: bigint): string {
  const said = (meanings[`${format}.${field}`] as Readonly<Record<string, string>> | undefined)?.[String(value)]
  return said ?? (counted.has(field) ? String(value) : `0x${value.toString(16)}`)
}
