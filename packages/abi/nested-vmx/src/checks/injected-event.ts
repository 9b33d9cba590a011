import type { Vmcs12Field } from '../vmcs12/vmcs12.ts'
import { hasSecondary, isLegal, type L2Entry } from './vmcs-check.ts'

/** An event that an entry injects. */
export interface InjectedEvent {
  readonly vector: number
  readonly type: 'interrupt' | 'reserved' | 'nmi' | 'exception' | 'software' | 'other'
  readonly hasErrorCode: boolean
}

const types = ['interrupt', 'reserved', 'nmi', 'exception', 'software', 'software', 'software', 'other'] as const
const withErrorCode = new Set([8, 10, 11, 12, 13, 14, 17])

/** What an entry injects, if it is anything. Source: SDM 3C 25.8.3 VM-Entry Controls for Event Injection. */
export function injection({ read }: L2Entry): InjectedEvent | undefined {
  const info = Number(read('VM_ENTRY_INTR_INFO_FIELD'))
  if (info < 0x8000_0000) return undefined
  const type = types[(info >>> 8) & 7] ?? 'other'
  return { vector: info & 0xff, type, hasErrorCode: (info & 0x800) !== 0 }
}

/** Whether events of its kind come with error codes at all: not in real mode, which only an unrestricted guest can be in. */
export function mayHaveErrorCode(entry: L2Entry, { type }: InjectedEvent): boolean {
  const realMode = hasSecondary(entry, 'UNRESTRICTED_GUEST') && (entry.read('GUEST_CR0') & 1n) === 0n
  return type === 'exception' && !realMode
}

/** Whether an event comes with an error code. */
export function shouldHaveErrorCode(entry: L2Entry, event: InjectedEvent): boolean {
  return mayHaveErrorCode(entry, event) && withErrorCode.has(event.vector)
}

/** Whether a list of MSRs lies on 16 bytes, within what the guest can have; one without entries lies anywhere. */
export function isListLegal(entry: L2Entry, count: Vmcs12Field, address: Vmcs12Field): boolean {
  const entries = entry.read(count)
  const first = entry.read(address)
  return (
    entries === 0n || (isLegal(entry, first, 16n) && isLegal(entry, BigInt.asUintN(64, first + entries * 16n - 1n)))
  )
}
