import type { KvmSregs, KvmSregs2 } from '@vmm/kvm-uapi'
import { invalid, type Refusal } from '../refusal.ts'
import { allowedCr4 } from '../reset.ts'
import { followPrivilege, type StateParts } from './parts.ts'
import { getSegment, getTable, setSegment, setTable } from './segments.ts'

const IA32_APIC_BASE = 0x1b
const CR0 = { PE: 1n, NW: 1n << 29n, CD: 1n << 30n, PG: 1n << 31n } as const
const CR4_PAE = 1n << 5n
const EFER = { SCE: 1n, LME: 1n << 8n, LMA: 1n << 10n, NXE: 1n << 11n } as const

const segmentOf = {
  cs: 'CS',
  ds: 'DS',
  es: 'ES',
  fs: 'FS',
  gs: 'GS',
  ss: 'SS',
  tr: 'TR',
  ldt: 'LDTR',
} as const
type SegmentField = keyof typeof segmentOf
const segmentFields = Object.keys(segmentOf) as SegmentField[]

/** KVM_GET_SREGS. */
export function getSregs(parts: StateParts): KvmSregs {
  const { engine, machine, events } = parts
  const segments = segmentFields.map((field) => [field, getSegment(parts, segmentOf[field])])
  const waiting = events.state.interrupt
  return {
    ...(Object.fromEntries(segments) as Pick<KvmSregs, SegmentField>),
    gdt: getTable(parts, 'GDTR'),
    idt: getTable(parts, 'IDTR'),
    cr0: engine.get('CR0'),
    cr2: engine.get('CR2'),
    cr3: engine.get('CR3'),
    cr4: engine.get('CR4'),
    cr8: BigInt(machine.taskPriority),
    efer: engine.get('IA32_EFER'),
    apic_base: machine.readApicMsr(IA32_APIC_BASE) ?? 0n,
    interrupt_bitmap: [0, 1, 2, 3].map((word) =>
      waiting !== undefined && waiting >> 6 === word ? 1n << BigInt(waiting & 63) : 0n,
    ),
  }
}

/** KVM_SET_SREGS. What is refused changes nothing. PAE paging loads its uppermost entries from memory. */
export function setSregs(parts: StateParts, sregs: KvmSregs): Refusal | undefined {
  const refusal = setCommon(parts, sregs)
  if (refusal !== undefined) return refusal
  if (isPaePaging(sregs)) loadPagePointers(parts, sregs.cr3)
  const vector = lowestVector(sregs.interrupt_bitmap)
  if (vector !== undefined) parts.events.state.interrupt = vector
  return undefined
}

/** The one flag of `kvm_sregs2`: KVM_SREGS2_FLAGS_PDPTRS_VALID. */
export const pdptrsValid = 1n

/** KVM_GET_SREGS2. */
export function getSregs2(parts: StateParts): KvmSregs2 {
  const { interrupt_bitmap, ...common } = getSregs(parts)
  const valid = isPaePaging(common)
  const pdptrs = pointerFields.map((name) => (valid ? parts.engine.get(name) : 0n))
  return { ...common, flags: valid ? pdptrsValid : 0n, pdptrs }
}

/** KVM_SET_SREGS2: with its flag the uppermost entries of PAE paging come from here. What is refused changes nothing. */
export function setSregs2(parts: StateParts, sregs: KvmSregs2): Refusal | undefined {
  const given = (sregs.flags & pdptrsValid) !== 0n
  if ((sregs.flags & ~pdptrsValid) !== 0n) return invalid('a flag that nobody knows')
  if (given && !isPaePaging(sregs)) return invalid('page pointers without PAE paging')
  const refusal = setCommon(parts, sregs)
  if (refusal !== undefined) return refusal
  if (given) for (const [at, name] of pointerFields.entries()) parts.engine.set(name, sregs.pdptrs[at] ?? 0n)
  else if (isPaePaging(sregs)) loadPagePointers(parts, sregs.cr3)
  return undefined
}

const pointerFields = ['PDPTE0', 'PDPTE1', 'PDPTE2', 'PDPTE3'] as const
/** Bits 2:1, 8:5 and 63 of a present entry must be zero. Source: SDM 3A §4.4.1, Table 4-8. */
const reservedInPointer = 0x8000_0000_0000_01e6n

type Common = Omit<KvmSregs, 'interrupt_bitmap'>

const isPaePaging = ({ cr0, cr4, efer }: Common): boolean =>
  (cr0 & CR0.PG) !== 0n && (cr4 & CR4_PAE) !== 0n && (efer & EFER.LMA) === 0n

/** Entries that are not there, or of which one is not valid, leave the old ones. Source: arch/x86/kvm/x86.c load_pdptrs. */
function loadPagePointers({ engine, guest }: StateParts, cr3: bigint): void {
  const memory = engine.physical(Number(cr3 & 0xffff_ffe0n))
  if (memory === undefined || memory.length < 32) return
  const view = new DataView(memory.buffer, memory.byteOffset, 32)
  const entries = pointerFields.map((_, at) => view.getBigUint64(at * 8, true))
  const forbidden = reservedInPointer | (~0n << BigInt(guest.physicalAddressWidth))
  if (entries.some((entry) => (entry & 1n) !== 0n && (entry & BigInt.asUintN(64, forbidden)) !== 0n)) return
  for (const [at, name] of pointerFields.entries()) engine.set(name, entries[at]!)
}

/** What both calls set. */
function setCommon(parts: StateParts, sregs: Common): Refusal | undefined {
  const says = whatIsInvalid(parts, sregs)
  if (says !== undefined) return invalid(says)
  const { engine, machine } = parts
  if (!machine.writeApicMsr(IA32_APIC_BASE, sregs.apic_base, 'host')) return invalid('IA32_APIC_BASE')
  setTable(parts, 'IDTR', sregs.idt)
  setTable(parts, 'GDTR', sregs.gdt)
  engine.set('CR2', sregs.cr2)
  engine.set('CR3', sregs.cr3)
  if (sregs.cr8 < 16n) machine.taskPriority = Number(sregs.cr8)
  engine.set('IA32_EFER', sregs.efer)
  engine.set('CR0', sregs.cr0)
  engine.set('CR4', sregs.cr4)
  for (const field of segmentFields) setSegment(parts, segmentOf[field], sregs[field])
  followPrivilege(parts)
  engine.flushTranslations()
  engine.modeChanged()
  unhaltAtReset(parts)
  return undefined
}

/** User space that only sets registers at a reset has started the processor with that. */
function unhaltAtReset({ engine, machine, events }: StateParts): void {
  const atReset =
    machine.localApic?.bootstrap !== false &&
    engine.get('RIP') === 0xfff0n &&
    engine.get('CS.selector') === 0xf000n &&
    engine.get('CS.base') === 0xffff_0000n &&
    (engine.get('CR0') & CR0.PE) === 0n
  if (atReset) events.state.mpState = 'runnable'
}

/** Source: arch/x86/kvm/x86.c kvm_is_valid_sregs, and since late 6.12 the same for EFER. */
function whatIsInvalid(parts: StateParts, sregs: Common): string | undefined {
  return longModeDisagrees(parts, sregs) ?? reservedBit(parts, sregs)
}

function longModeDisagrees({ guest }: StateParts, { cr0, cr3, cr4, efer, cs }: Common): string | undefined {
  if ((efer & EFER.LME) !== 0n && (cr0 & CR0.PG) !== 0n) {
    if ((cr4 & CR4_PAE) === 0n) return 'EFER.LME and CR0.PG without CR4.PAE'
    if ((efer & EFER.LMA) === 0n) return 'EFER.LME and CR0.PG without EFER.LMA'
    return cr3 >> BigInt(guest.physicalAddressWidth) === 0n ? undefined : 'CR3 beyond the physical addresses'
  }
  if ((efer & EFER.LMA) !== 0n) return 'EFER.LMA without EFER.LME and CR0.PG'
  return cs.l === 0 ? undefined : 'CS.L outside long mode'
}

function reservedBit({ guest: { has } }: StateParts, { cr0, cr4, efer }: Common): string | undefined {
  const ofEfer = (has('SYSCALL') ? EFER.SCE : 0n) | (has('LM') ? EFER.LME | EFER.LMA : 0n) | (has('NX') ? EFER.NXE : 0n)
  if ((cr4 & ~allowedCr4(has)) !== 0n) return 'a bit of CR4 that this guest does not have'
  if (cr0 >> 32n !== 0n) return 'the upper half of CR0'
  if ((cr0 & CR0.NW) !== 0n && (cr0 & CR0.CD) === 0n) return 'CR0.NW without CR0.CD'
  if ((cr0 & CR0.PG) !== 0n && (cr0 & CR0.PE) === 0n) return 'CR0.PG without CR0.PE'
  return (efer & ~ofEfer) === 0n ? undefined : 'a bit of EFER that this guest does not have'
}

function lowestVector(bitmap: readonly bigint[]): number | undefined {
  for (let vector = 0; vector < 256; vector += 1) {
    if ((((bitmap[vector >> 6] ?? 0n) >> BigInt(vector & 63)) & 1n) === 1n) return vector
  }
  return undefined
}
