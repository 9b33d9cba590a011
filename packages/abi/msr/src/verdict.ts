import { maskOf } from '@vmm/bits'
import type { Initiator, Msr, MsrField, MsrGuest, Write, WriteRequest } from './msr.ts'

/** Why an access was refused: nobody knows the index, this CPU has no such register, or the value or access is wrong. */
export type RefusalReason = 'unknown' | 'absent' | 'invalid'

/** An access that faults: #GP(0) for a guest, a failed entry for the host. Nothing has changed. */
export interface MsrRefused {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  readonly says: string
}

/** What a write means: the value to keep, or why not. */
export type WriteVerdict = { readonly kind: 'stored'; readonly value: bigint } | MsrRefused

/** Whether a register can be read. */
export type ReadVerdict = { readonly kind: 'readable' } | MsrRefused

export const refusedMsr = (reason: RefusalReason, says: string): MsrRefused => ({ kind: 'refused', reason, says })

const allBits = (1n << 64n) - 1n

/** The fields that exist for this guest; for the host, all of them. */
function presentFields(msr: Msr, guest: MsrGuest, initiator: Initiator): readonly MsrField[] {
  if (msr.fields === 'any') return []
  return Object.values(msr.fields).filter((field) => initiator === 'host' || isPresent(field, guest))
}

function isPresent({ needs }: MsrField, guest: MsrGuest): boolean {
  if (needs === undefined) return true
  return typeof needs === 'string' ? guest.has(needs) : needs.some(guest.has)
}

const maskOfAll = (fields: readonly MsrField[]) => fields.reduce((mask, field) => mask | maskOf(field), 0n)

/** The bits that a guest like this may set: derived from the fields present, never written down. */
export function writableMask(msr: Msr, guest: MsrGuest, initiator: Initiator = 'guest'): bigint {
  return msr.fields === 'any' ? allBits : maskOfAll(presentFields(msr, guest, initiator))
}

/** Whether a CPU like this has the register at all. */
export function existsFor(msr: Msr, guest: MsrGuest): boolean {
  if (msr.vendor !== 'any' && msr.vendor !== guest.vendor) return false
  if (msr.needs.length > 0 && !msr.needs.some(guest.has)) return false
  return msr.exists === undefined || msr.exists(guest)
}

function absence(msr: Msr): MsrRefused {
  const needs = msr.needs.length === 0 ? '' : `: it comes with ${msr.needs.join(' or ')}`
  return refusedMsr('absent', `this CPU has no ${msr.name}${needs}`)
}

/** Decides a read. The host may read what the guest's features hide. */
export function decideRead(msr: Msr, initiator: Initiator, guest: MsrGuest): ReadVerdict {
  if (initiator === 'host') return { kind: 'readable' }
  if (!existsFor(msr, guest)) return absence(msr)
  if (msr.access === 'write-only') return refusedMsr('invalid', `${msr.name} is write-only`)
  if (msr.access === 'host') return refusedMsr('invalid', `${msr.name} is the host’s`)
  return { kind: 'readable' }
}

/**
 * Decides a write: the value to keep, or a refusal that says why. Existence first, then access, reserved bits, and the
 * register's own rules. Pure, and never throws: the guest is not our caller.
 */
export function decideWrite(msr: Msr, request: WriteRequest, guest: MsrGuest, index: number = msr.index): WriteVerdict {
  const { initiator } = request
  const write: Write = { ...request, after: BigInt.asUintN(64, request.after), index, guest }
  if (initiator === 'guest' && !existsFor(msr, guest)) return absence(msr)
  if (!mayWrite(msr, initiator)) return refusedMsr('invalid', `${msr.name} is read-only`)
  const reserved = write.after & ~writableMask(msr, guest, initiator)
  if (reserved !== 0n) return refusedMsr('invalid', `bit ${lowestBit(reserved)} of ${msr.name} is reserved`)
  const broken = msr.rules.find((rule) => (initiator === 'guest' || rule.binds !== 'guest') && rule.refuses(write))
  if (broken !== undefined) return refusedMsr('invalid', broken.says)
  return { kind: 'stored', value: keptValue(msr, write) }
}

function mayWrite({ access }: Msr, initiator: Initiator): boolean {
  if (access === 'constant') return false
  return initiator === 'host' || access === 'read-write' || access === 'write-only'
}

function keptValue(msr: Msr, write: Write): bigint {
  if (msr.keeps !== undefined) return BigInt.asUintN(64, msr.keeps(write))
  const fields = presentFields(msr, write.guest, write.initiator)
  const readOnly = maskOfAll(fields.filter((field) => field.access === 'read-only'))
  return (write.after & ~readOnly) | (write.before & readOnly)
}

function lowestBit(value: bigint): number {
  let bit = 0
  while (((value >> BigInt(bit)) & 1n) === 0n) bit++
  return bit
}
