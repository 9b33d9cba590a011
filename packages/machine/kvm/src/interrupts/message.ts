import { broadcastDestination, deliveryModes, type InterruptMessage } from '@vmm/device'
import { everybodyWithLongIds } from './local-apics.ts'

/** A write to the addresses of local APICs: a message-signalled interrupt, as a device sends it. */
export interface MessageWrite {
  readonly address_lo: number
  readonly address_hi: number
  readonly data: number
}

/** How many bits of destination such a write has. KVM_X2APIC_API_USE_32BIT_IDS. */
export type DestinationFormat = 'eight bits' | 'thirty-two bits'

const logical = 1 << 2
const level = 1 << 15

/**
 * The interrupt that a message asks for; undefined where it has a delivery mode that no message has.
 * Source: SDM 3A §11.11 "Message Signalled Interrupts"; arch/x86/kvm/irq_comm.c kvm_set_msi_irq (Linux 6.12).
 */
export function messageOf(
  { address_lo, address_hi, data }: MessageWrite,
  format: DestinationFormat,
): InterruptMessage | undefined {
  const delivery = deliveryModes[(data >> 8) & 7]
  if (delivery === undefined || delivery === 'external') return undefined
  return {
    vector: data & 0xff,
    delivery,
    destination: destinationOf(address_lo, address_hi, format),
    destinationMode: (address_lo & logical) === 0 ? 'physical' : 'logical',
    trigger: (data & level) === 0 ? 'edge' : 'level',
  }
}

/** Eight bits of ones are everybody; with long IDs, so they are to those whose own has eight. */
function destinationOf(low: number, high: number, format: DestinationFormat): number {
  const byte = (low >>> 12) & 0xff
  if (format === 'thirty-two bits') {
    const long = ((high & 0xffff_ff00) | byte) >>> 0
    return long === broadcastDestination ? everybodyWithLongIds : long
  }
  return byte === 0xff ? broadcastDestination : byte
}
