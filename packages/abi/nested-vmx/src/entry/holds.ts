import type { VmcsReader } from '../vmcs/vmcs-layout.ts'
import type { Condition, MemoryQuestion, Part } from './condition.ts'
import { allowedControls, type EntryFacts, type EntryProcessor } from './entry-processor.ts'

/** What conditions are asked with. */
export interface Asked {
  readonly read: VmcsReader
  readonly processor: EntryProcessor
  readonly facts: EntryFacts
}

const whole = 64

/** Whether a condition holds: the first reading, which is slow and obvious. */
export function holds(condition: Condition, asked: Asked): boolean {
  const { read, processor, facts } = asked
  switch (condition.op) {
    case 'all':
      return condition.of.every((one) => holds(one, asked))
    case 'any':
      return condition.of.some((one) => holds(one, asked))
    case 'not':
      return !holds(condition.of, asked)
    case 'masked':
      return (read(condition.field) & condition.mask) === condition.value
    case 'one-of':
      return condition.values.includes(partOf(condition.part, read))
    case 'at-most': {
      const { most } = condition
      return partOf(condition.part, read) <= (typeof most === 'number' ? most : partOf(most, read))
    }
    case 'same':
      return partOf(condition.part, read) === partOf(condition.as, read)
    case 'shifted':
      return read(condition.base) === read(condition.selector) << 4n
    case 'pat':
      return isPat(read(condition.field))
    case 'fact':
      return facts[condition.fact]
    case 'memory':
      return questions[condition.what](asked)
    default:
      return holdsOn(condition, read, processor)
  }
}

type OnProcessor = Extract<
  Condition,
  { op: 'canonical' | 'physical' | 'list' | 'allowed' | 'fixed' | 'only' | 'told' | 'told-most' }
>

/** Conditions that ask what a processor can. */
function holdsOn(condition: OnProcessor, read: VmcsReader, processor: EntryProcessor): boolean {
  const { physicalAddressWidth, linearAddressWidth, vmx } = processor
  const fits = (address: bigint): boolean => address >> BigInt(physicalAddressWidth) === 0n
  switch (condition.op) {
    case 'canonical': {
      const value = read(condition.field)
      const extended = BigInt.asIntN(linearAddressWidth + condition.beyond, value)
      return BigInt.asUintN(whole, extended) === value
    }
    case 'physical': {
      const address = read(condition.field) & ~condition.ignored
      return fits(address) && address % (1n << BigInt(condition.alignment)) === 0n
    }
    case 'list': {
      const entries = BigInt(partOf(condition.count, read) + condition.more)
      return entries === 0n || fits(read(condition.address) + entries * BigInt(condition.bytes) - 1n)
    }
    case 'allowed': {
      const [least, most] = allowedControls(processor, condition.field)
      const value = read(condition.field)
      return (value & least) === least && (value & ~most) === 0n
    }
    case 'fixed': {
      const least = vmx[`IA32_VMX_${condition.register}_FIXED0`] & ~condition.ignored
      const most = vmx[`IA32_VMX_${condition.register}_FIXED1`] | condition.ignored
      const value = read(condition.field)
      return (value & least) === least && (value & ~most) === 0n
    }
    case 'only':
      return (read(condition.field) & condition.among & ~(processor[condition.bits] ?? 0n)) === 0n
    case 'told':
      return ((vmx[condition.msr] ?? 0n) & condition.mask) === condition.mask
    case 'told-most': {
      const most = ((vmx[condition.msr] ?? 0n) >> BigInt(condition.low)) & ((1n << BigInt(condition.width)) - 1n)
      return BigInt(partOf(condition.part, read)) <= most
    }
    default:
      return condition satisfies never
  }
}

function partOf({ field, low, width }: Part, read: VmcsReader): number {
  return Number((read(field) >> BigInt(low)) & ((1n << BigInt(width)) - 1n))
}

function isPat(value: bigint): boolean {
  const types = Array.from({ length: 8 }, (_, at) => (value >> BigInt(8 * at)) & 0xffn)
  return types.every((type) => [0n, 1n, 4n, 5n, 6n, 7n].includes(type))
}

const questions: Readonly<Record<MemoryQuestion, (asked: Asked) => boolean>> = {
  'link-revision': ({ read, processor, facts }) => {
    const revision = processor.vmx.IA32_VMX_BASIC & 0x7fff_ffffn
    const shadows =
      ((read('CPU_BASED_VM_EXEC_CONTROL') >> 31n) & (read('SECONDARY_VM_EXEC_CONTROL') >> 14n) & 1n) !== 0n
    const word = facts.memory(Number(read('VMCS_LINK_POINTER')))
    return word !== undefined && BigInt(word >>> 0) === (shadows ? revision | (1n << 31n) : revision)
  },
  'link-elsewhere': ({ read, facts }) => read('VMCS_LINK_POINTER') !== BigInt(facts.currentVmcs),
  'task-priority': ({ read, facts }) => {
    const word = facts.memory(Number(read('VIRTUAL_APIC_PAGE_ADDR')) + 0x80) ?? 0
    return (read('TPR_THRESHOLD') & 0xfn) <= BigInt((word >>> 4) & 0xf)
  },
  'page-directory-pointers': ({ read, processor, facts }) => {
    const table = Number(read('GUEST_CR3') & 0xffff_ffe0n)
    const entries = [0, 8, 16, 24].map((at) => {
      const [low, high] = [facts.memory(table + at), facts.memory(table + at + 4)]
      return (BigInt((high ?? 0) >>> 0) << 32n) | BigInt((low ?? 0) >>> 0)
    })
    return entries.every((entry) => isPageDirectoryPointer(entry, processor.physicalAddressWidth))
  },
}

function isPageDirectoryPointer(entry: bigint, physicalAddressWidth: number): boolean {
  return (entry & 1n) === 0n || ((entry & 0x1e6n) === 0n && entry >> BigInt(physicalAddressWidth) === 0n)
}
