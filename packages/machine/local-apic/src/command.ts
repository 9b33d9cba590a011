import { type DeliveryMode, deliveryModes, type InterruptMessage } from '@vmm/device'
import type { Shorthand } from './apic-bus.ts'

/** The bits of the command register that send to oneself. */
export const selfShorthand = 1 << 18
const shorthands: readonly Shorthand[] = ['none', 'self', 'all', 'others']

/** What a write to the interrupt command register asks for. */
export interface Command {
  readonly shorthand: Shorthand
  readonly message: InterruptMessage
}

const sendable: readonly (DeliveryMode | undefined)[] = ['fixed', 'lowest', 'smi', 'nmi', 'init', 'sipi']

/**
 * Reads the low half of the command register; `destination` is already 32 bits wide.
 * `undefined` when nothing is sent: a reserved delivery mode, or the INIT level de-assert that no processor since the
 * Pentium 4 listens to. All messages are edge-triggered. Source: SDM 3A §11.6.1.
 */
export function commandOf(low: number, destination: number): Command | undefined {
  const delivery = deliveryModes[(low >> 8) & 7]
  if (delivery === undefined || !sendable.includes(delivery)) return undefined
  const deassert = (low & 0x8000) !== 0 && (low & 0x4000) === 0
  if (delivery === 'init' && deassert) return undefined
  const destinationMode = (low & 0x800) === 0 ? 'physical' : 'logical'
  return {
    shorthand: shorthands[(low >> 18) & 3] ?? 'none',
    message: { vector: low & 0xff, delivery, destination, destinationMode, trigger: 'edge' },
  }
}

/** Fixed and lowest-priority messages with vectors 0 to 15 are errors. Source: SDM 3A §11.5.2. */
export function isIllegal(message: InterruptMessage): boolean {
  return (message.delivery === 'fixed' || message.delivery === 'lowest') && message.vector < 16
}
