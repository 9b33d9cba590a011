import { fieldOf } from '@vmm/bits'
import { interruptionFormats, interruptionTypes } from './interruption-information.rows.ts'

/** A type of event. */
export type InterruptionType = (typeof interruptionTypes)[number]

/** A field of interruption information. */
export type InterruptionFormat = keyof typeof interruptionFormats

/** An event that an entry injects, that exited, or that was being delivered. */
export interface Interruption {
  readonly vector: number
  readonly type: InterruptionType
  readonly hasErrorCode: boolean
  /** An IRET that faulted had unblocked NMIs: only told of exits. */
  readonly nmiUnblocked: boolean
}

/** Takes interruption information apart; nothing where it is not valid. */
export function readInterruption(format: InterruptionFormat, value: number): Interruption | undefined {
  const bits = BigInt(value >>> 0)
  const rows = interruptionFormats[format]
  if (fieldOf(bits, rows.VALID) === 0n) return undefined
  return {
    vector: Number(fieldOf(bits, rows.VECTOR)),
    type: interruptionTypes[Number(fieldOf(bits, rows.TYPE))] ?? 'reserved',
    hasErrorCode: fieldOf(bits, rows.ERROR_CODE) !== 0n,
    nmiUnblocked: 'NMI_UNBLOCKED' in rows && fieldOf(bits, rows.NMI_UNBLOCKED) !== 0n,
  }
}
