import { type Fields, maskOf } from '@vmm/bits'
import {
  entryPrimary,
  exitPrimary,
  pinBased,
  primaryBased,
  secondaryBased,
  tertiaryBased,
} from '../vmcs/controls.rows.ts'
import type { VmcsField } from '../vmcs/vmcs-field.ts'
import type { AllowedBits, ControlFields, EntryMsr } from './entry-processor.ts'

/** Up to 32 bits of a field, moved down to bit 0. */
export interface Part {
  readonly field: VmcsField
  readonly low: number
  readonly width: number
}

/** What a check asks of a VMCS, of the processor, or of what is around an entry: data, which is read in two ways. */
export type Condition =
  | { readonly op: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly op: 'not'; readonly of: Condition }
  /** Bits of a field have one value. */
  | { readonly op: 'masked'; readonly field: VmcsField; readonly mask: bigint; readonly value: bigint }
  | { readonly op: 'one-of'; readonly part: Part; readonly values: readonly number[] }
  | { readonly op: 'at-most'; readonly part: Part; readonly most: Part | number }
  | { readonly op: 'same'; readonly part: Part; readonly as: Part }
  /** Bits from the linear-address width less one on are alike; `beyond` of them need not be. */
  | { readonly op: 'canonical'; readonly field: VmcsField; readonly beyond: 0 | 1 }
  /** An address within the physical-address width that is a multiple of a power of two. */
  | { readonly op: 'physical'; readonly field: VmcsField; readonly alignment: number; readonly ignored: bigint }
  /** Every byte of entries that begin at an address, `more` than are counted, is within the physical-address width. */
  | {
      readonly op: 'list'
      readonly count: Part
      readonly address: VmcsField
      readonly bytes: number
      readonly more: 0 | 1
    }
  /** What a field of controls has is what its capability MSR allows. */
  | { readonly op: 'allowed'; readonly field: keyof ControlFields }
  /** A control register has the bits that VMX fixes; some do not count. */
  | {
      readonly op: 'fixed'
      readonly field: VmcsField
      readonly register: 'CR0' | 'CR4'
      readonly ignored: bigint
    }
  /** No bit is set, among some, that the processor does not have. */
  | { readonly op: 'only'; readonly field: VmcsField; readonly bits: AllowedBits; readonly among: bigint }
  /** A capability MSR has all these bits. */
  | { readonly op: 'told'; readonly msr: EntryMsr; readonly mask: bigint }
  /** No more than a field of a capability MSR says. */
  | {
      readonly op: 'told-most'
      readonly part: Part
      readonly msr: EntryMsr
      readonly low: number
      readonly width: number
    }
  /** Eight memory types, as IA32_PAT has them. */
  | { readonly op: 'pat'; readonly field: VmcsField }
  /** A base is a selector times 16. */
  | { readonly op: 'shifted'; readonly base: VmcsField; readonly selector: VmcsField }
  | { readonly op: 'fact'; readonly fact: 'longMode' | 'inSmm' }
  /** What lies in memory: see where each is read. */
  | { readonly op: 'memory'; readonly what: MemoryQuestion }

/** What a check asks of memory. */
export type MemoryQuestion = keyof typeof memoryFields

/** The fields with which a check asks memory. */
export const memoryFields = {
  'link-revision': ['VMCS_LINK_POINTER', 'CPU_BASED_VM_EXEC_CONTROL', 'SECONDARY_VM_EXEC_CONTROL'],
  'link-elsewhere': ['VMCS_LINK_POINTER'],
  'task-priority': ['VIRTUAL_APIC_PAGE_ADDR', 'TPR_THRESHOLD'],
  'page-directory-pointers': ['GUEST_CR3'],
} as const satisfies Readonly<Record<string, readonly VmcsField[]>>

const whole = 0xffff_ffff_ffff_ffffn

/** All of some conditions hold. */
export const all = (...of: readonly Condition[]): Condition => ({ op: 'all', of })
/** Any of some conditions holds. */
export const any = (...of: readonly Condition[]): Condition => ({ op: 'any', of })
/** A condition does not hold. */
export const not = (of: Condition): Condition => ({ op: 'not', of })
/** These bits of a field are all set. */
export const ones = (field: VmcsField, mask: bigint): Condition => ({ op: 'masked', field, mask, value: mask })
/** These bits of a field are all clear. */
export const zeros = (field: VmcsField, mask: bigint = whole): Condition => ({ op: 'masked', field, mask, value: 0n })
/** A field has this value. */
export const equals = (field: VmcsField, value: bigint): Condition => ({ op: 'masked', field, mask: whole, value })
/** Bits of a field, high bit first. */
export const part = (field: VmcsField, high: number, low: number): Part => ({ field, low, width: high - low + 1 })
/** Bits of a field have one of these values. */
export const oneOf = (of: Part, ...values: readonly number[]): Condition => ({ op: 'one-of', part: of, values })
/** Bits of a field are at most a number, or bits of another field. */
export const atMost = (of: Part, most: Part | number): Condition => ({ op: 'at-most', part: of, most })
/** Bits of two fields are alike. */
export const same = (of: Part, as: Part): Condition => ({ op: 'same', part: of, as })
/** A canonical address. */
export const canonical = (field: VmcsField): Condition => ({ op: 'canonical', field, beyond: 0 })
/** Bits beyond the linear-address width are alike; the topmost bit of the address itself may differ. */
export const alikeBeyondWidth = (field: VmcsField): Condition => ({ op: 'canonical', field, beyond: 1 })
/** A physical address on a multiple of a power of two. */
export const physical = (field: VmcsField, alignment = 0, ignored = 0n): Condition => ({
  op: 'physical',
  field,
  alignment,
  ignored,
})
/** The address of a page. */
export const page = (field: VmcsField): Condition => physical(field, 12)
/** Controls are as their capability MSR allows. */
export const allowed = (field: keyof ControlFields): Condition => ({ op: 'allowed', field })
/** A control register has what VMX fixes, but for bits that do not count. */
export const fixed = (field: VmcsField, register: 'CR0' | 'CR4', ignored = 0n): Condition => ({
  op: 'fixed',
  field,
  register,
  ignored,
})
/** A register has no bits that the processor does not. */
export const only = (field: VmcsField, bits: AllowedBits): Condition => onlyOf(field, bits, whole)
/** The same among some bits. */
export const onlyOf = (field: VmcsField, bits: AllowedBits, among: bigint): Condition => ({
  op: 'only',
  field,
  bits,
  among,
})
/** A capability MSR has these bits. */
export const told = (msr: EntryMsr, mask: bigint): Condition => ({ op: 'told', msr, mask })
/** Whatever is asked in memory. */
export const memory = (what: MemoryQuestion): Condition => ({ op: 'memory', what })
/** The same of several. */
export const every = <Name extends string>(names: readonly Name[], of: (name: Name) => Condition): Condition =>
  all(...names.map(of))

const control = <Rows extends Fields>(field: VmcsField, rows: Rows) => {
  return (name: keyof Rows & string): Condition => {
    const row = rows[name]
    return ones(field, row === undefined ? 0n : maskOf(row))
  }
}

/** A pin-based control is set. */
export const pin = control('PIN_BASED_VM_EXEC_CONTROL', pinBased)
/** A primary processor-based control is set. */
export const primary = control('CPU_BASED_VM_EXEC_CONTROL', primaryBased)
/** A control of exits is set. */
export const exit = control('VM_EXIT_CONTROLS', exitPrimary)
/** A control of entries is set. */
export const entry = control('VM_ENTRY_CONTROLS', entryPrimary)
const secondaryAlone = control('SECONDARY_VM_EXEC_CONTROL', secondaryBased)
const tertiaryAlone = control('TERTIARY_VM_EXEC_CONTROL', tertiaryBased)
/** A secondary processor-based control is set, and counts. */
export const secondary = (name: keyof typeof secondaryBased): Condition =>
  all(primary('SECONDARY_CONTROLS'), secondaryAlone(name))
/** A tertiary processor-based control is set, and counts. */
export const tertiary = (name: keyof typeof tertiaryBased): Condition =>
  all(primary('TERTIARY_CONTROLS'), tertiaryAlone(name))

/** Bits of a field, some of which a condition looks at. */
export type LookedAt = readonly [field: VmcsField, bits: bigint]

const ofPart = ({ field, low, width }: Part): LookedAt => [field, ((1n << BigInt(width)) - 1n) << BigInt(low)]
const ofWhole = (field: VmcsField): LookedAt => [field, whole]
/** Of an address that is looked at for whether it is canonical, at least: no linear address has less than 33 bits. */
const upperHalf = 0xffff_ffff_0000_0000n

/** Every field that a condition looks at, with bits of it that it may go by: whatever others become, it comes to the same. */
export function lookedAtBy(condition: Condition): readonly LookedAt[] {
  switch (condition.op) {
    case 'all':
    case 'any':
      return condition.of.flatMap(lookedAtBy)
    case 'not':
      return lookedAtBy(condition.of)
    case 'masked':
      return [[condition.field, condition.mask]]
    case 'canonical':
      return [[condition.field, upperHalf]]
    case 'one-of':
    case 'told-most':
      return [ofPart(condition.part)]
    case 'at-most':
      return typeof condition.most === 'number'
        ? [ofPart(condition.part)]
        : [ofPart(condition.part), ofPart(condition.most)]
    case 'same':
      return [ofPart(condition.part), ofPart(condition.as)]
    case 'list':
      return [ofPart(condition.count), ofWhole(condition.address)]
    case 'shifted':
      return [ofWhole(condition.base), ofWhole(condition.selector)]
    case 'told':
    case 'fact':
      return []
    case 'memory':
      return memoryFields[condition.what].map(ofWhole)
    default:
      return [ofWhole(condition.field)]
  }
}

/** Whether a condition looks at what is around an entry: nothing of a VMCS tells when that changes. */
export function looksAround(condition: Condition): boolean {
  if (condition.op === 'all' || condition.op === 'any') return condition.of.some(looksAround)
  if (condition.op === 'not') return looksAround(condition.of)
  return condition.op === 'fact' || condition.op === 'memory'
}
