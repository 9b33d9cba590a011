import { interruptionTypes } from '../exits/interruption-information.rows.ts'
import { type InterruptionType, readInterruption } from '../exits/interruption-information.ts'

/** An event on its way: one that an entry injects, or that an exit tells of. */
export interface TransitEvent {
  readonly type: InterruptionType
  readonly vector: number
  readonly errorCode: number | undefined
}

/** Bit 31 of interruption information: there is an event. Source: SDM 3C 25.8.3 and 25.9.2. */
export const eventValid = 0x8000_0000
const coded = 0x800
const typeAt = 8

/** The 32 bits that tell an event, its error code apart. Source: SDM 3C 25.9.2 and 25.9.3. */
export function interruptionInformation({ type, vector, errorCode }: TransitEvent): number {
  return (
    (eventValid | (interruptionTypes.indexOf(type) << typeAt) | (errorCode === undefined ? 0 : coded) | vector) >>> 0
  )
}

/** What an entry is to inject; undefined for nothing. Source: SDM 3C 25.8.3. */
export function injectedEvent(information: number, errorCode: number): TransitEvent | undefined {
  if ((information & eventValid) === 0) return undefined
  const event = readInterruption('ENTRY', information)
  if (event === undefined) return undefined
  return { type: event.type, vector: event.vector, errorCode: event.hasErrorCode ? errorCode : undefined }
}
