/** How an interrupt message is to be taken. Source: SDM 3A §11.6.1 "Interrupt Command Register (ICR)", delivery mode. */
export type DeliveryMode = 'fixed' | 'lowest' | 'smi' | 'nmi' | 'init' | 'sipi' | 'external'

/** The delivery modes by their three-bit number; a number the manual reserves is `undefined`. Source: SDM 3A §11.6.1. */
export const deliveryModes: readonly (DeliveryMode | undefined)[] = [
  'fixed',
  'lowest',
  'smi',
  undefined,
  'nmi',
  'init',
  'sipi',
  'external',
]

/** A destination that every local APIC matches, whatever its mode. 8-bit senders turn their 0xff into it. */
export const broadcastDestination = 0xffff_ffff

/** What an I/O APIC, a message-signalled interrupt or another processor sends to local APICs. */
export interface InterruptMessage {
  readonly vector: number
  readonly delivery: DeliveryMode
  /** An APIC ID (physical) or a set of logical ones, 32 bits; `broadcastDestination` is everyone. */
  readonly destination: number
  readonly destinationMode: 'physical' | 'logical'
  readonly trigger: 'edge' | 'level'
}

/** Where interrupt messages go. Returns how many processors took it: 0 means nobody did. */
export type InterruptSink = (message: InterruptMessage) => number

/** The 8-bit destination field of an I/O APIC, an MSI address or an xAPIC command, as a message's destination. */
export function destinationOfByte(field: number): number {
  return field === 0xff ? broadcastDestination : field
}
