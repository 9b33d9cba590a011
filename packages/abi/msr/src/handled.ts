import { maskOf } from '@vmm/bits'
import { always, inForce, type Lifetime, type Profile } from '@vmm/rule'
import { msrAt } from './all.ts'
import { guestOf, type MsrCall, valueIn } from './kvm-call.ts'
import type { Msr, WriteRule } from './msr.ts'
import { type HandledRow, handledRows } from './rules/registers/handled.rows.ts'

const commonest: Omit<HandledRow, 'first' | 'last' | 'source'> = {}

const handlings: ReadonlyMap<number, HandledRow> = new Map(
  handledRows.flatMap((row) =>
    Array.from({ length: row.last - row.first + 1 }, (_, at): [number, HandledRow] => [row.first + at, row]),
  ),
)

const handlingOf = (msr: Msr | undefined) => (msr === undefined ? undefined : handlings.get(msr.index)) ?? commonest

/** A register as a kernel has it: its row, none, or `'unread'` where nobody knows whether that kernel handles it. */
export function msrOf(index: number, profile: Profile): Msr | undefined | 'unread' {
  const row = msrAt(index)
  const { lifetime } = handlingOf(row)
  if (row === undefined || lifetime === undefined) return row
  if (lifetime === 'never') return undefined
  const stands = inForce(lifetime, profile)
  return stands === 'yes' ? row : stands === 'no' ? undefined : 'unread'
}

/** Which releases of KVM handle a register, and which module of KVM, if not both; `'never'`: no release is known to. */
export interface Handled {
  readonly lifetime: Lifetime | 'never'
  readonly module?: 'kvm_intel' | 'kvm_amd'
}

/** What KVM has of a register. */
export function handledBy(msr: Msr): Handled {
  const { lifetime = always, module } = handlingOf(msr)
  return { lifetime, ...(module === undefined ? {} : { module }) }
}

/** Whether KVM with this module has a handler for it. */
export function isHandledBy(msr: Msr, module: 'kvm_intel' | 'kvm_amd'): boolean {
  const own = handlingOf(msr).module
  return own === undefined || own === module
}

/** Whether KVM asks CPUID for the register, and CPUID lacks it. */
export function isAbsent(call: MsrCall): boolean {
  const { gate } = handlingOf(call.row)
  if (gate === undefined || (gate === 'guest' && call.initiator === 'host')) return false
  return !existsFor(call)
}

/** How an access fails that {@link isAbsent} finds. */
export function absentAnswer(msr: Msr | undefined): HandledRow['absent'] {
  return handlingOf(msr).absent
}

/** Whether what the row needs is there; whose processor it is does not matter to KVM. */
export function existsFor(call: MsrCall): boolean {
  const { row } = call
  if (row === undefined) return false
  const guest = guestOf(call)
  if (row.needs.length > 0 && !row.needs.some(guest.has)) return false
  return row.exists === undefined || row.exists(guest)
}

/** Whether the refusal of a guest's write is for another rule to say. */
export function hasOwnAnswer(index: number): boolean {
  return handlings.get(index)?.ownAnswer === true
}

/** Whether KVM refuses bits that the row does not name. */
export function hasReserved(msr: Msr | undefined): boolean {
  return handlingOf(msr).reserved === true
}

/** Every bit that the row names, whatever the guest's features. */
export function allFields(msr: Msr | undefined): bigint {
  if (msr === undefined || msr.fields === 'any') return (1n << 64n) - 1n
  return Object.values(msr.fields).reduce((mask, field) => mask | maskOf(field), 0n)
}

/** The demand of the row that a write breaks. */
export function brokenDemand(call: MsrCall): WriteRule | undefined {
  const { row, data, initiator, vcpu, index } = call
  if (row === undefined || row.rules.length === 0 || handlingOf(row).demands === false) return undefined
  const write = {
    initiator,
    index,
    before: valueIn(call),
    after: data,
    cr0Paging: vcpu.paging,
    linearAddressWidth: vcpu.linearAddressWidth,
    guest: guestOf(call),
  }
  return row.rules.find((rule) => (initiator === 'guest' || rule.binds !== 'guest') && rule.refuses(write))
}
