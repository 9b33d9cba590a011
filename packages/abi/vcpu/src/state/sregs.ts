import type { KvmSregs, KvmSregs2 } from '@vmm/kvm-uapi'
import { type ResolvedPipeline, type Refusal as RuleRefusal, refusalBy, run } from '@vmm/rule'
import type { Refusal } from '../refusal.ts'
import type { SetSregsCall } from '../rules/calls.ts'
import { sregsApicBase } from '../rules/sregs/sregs-apic-base.rule.ts'
import { followPrivilege, type StateParts } from './parts.ts'
import { getSegment, getTable, setSegment, setTable } from './segments.ts'

const IA32_APIC_BASE = 0x1b
const CR0 = { PE: 1n, PG: 1n << 31n } as const
const CR4_PAE = 1n << 5n
const apicBase = { enabled: 1n << 11n, extended: 1n << 10n, reserved: 0x2ffn } as const
const EFER = { SCE: 1n, LME: 1n << 8n, LMA: 1n << 10n, NXE: 1n << 11n, SVME: 1n << 12n } as const

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
  const outcome = setCommon(parts, parts.promises.setSregs, callOf(parts, sregs, 0n), sregs)
  if (outcome.kind === 'refused') return outcome
  if (isPaePaging(sregs)) loadPagePointers(parts, sregs.cr3)
  if (outcome.queued !== undefined) parts.events.state.interrupt = outcome.queued
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
  const outcome = setCommon(parts, parts.promises.setSregs2, callOf(parts, sregs, sregs.flags), sregs)
  if (outcome.kind === 'refused') return outcome
  if ((sregs.flags & pdptrsValid) !== 0n)
    for (const [at, name] of pointerFields.entries()) parts.engine.set(name, sregs.pdptrs[at] ?? 0n)
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

interface Done {
  readonly kind: 'done'
  readonly queued: number | undefined
}

/** What both calls set. */
function setCommon(
  parts: StateParts,
  promises: ResolvedPipeline<SetSregsCall>,
  call: SetSregsCall,
  sregs: Common,
): RuleRefusal | Done {
  const outcome = run(promises, call)
  if (outcome.kind === 'refused') return outcome.refusal
  const { engine, machine } = parts
  if (!machine.writeApicMsr(IA32_APIC_BASE, sregs.apic_base, 'host')) return refusalBy(sregsApicBase, promises.call)
  const { cr0, cr4, efer } = enterable(sregs, call)
  setTable(parts, 'IDTR', sregs.idt)
  setTable(parts, 'GDTR', sregs.gdt)
  engine.set('CR2', sregs.cr2)
  engine.set('CR3', sregs.cr3)
  if (sregs.cr8 < 16n) machine.taskPriority = Number(sregs.cr8)
  const before = engine.get('IA32_EFER')
  engine.set('IA32_EFER', efer)
  parts.nesting.by?.eferSet(before, efer)
  engine.set('CR0', cr0)
  engine.set('CR4', cr4)
  for (const field of segmentFields) setSegment(parts, segmentOf[field], sregs[field])
  followPrivilege(parts)
  engine.flushTranslations()
  engine.modeChanged()
  unhaltAtReset(parts)
  return { kind: 'done', queued: outcome.state.queued }
}

/** What a VM entry or exit loads of system registers. */
export type LoadedSregs = Partial<Omit<KvmSregs, 'cr8' | 'apic_base' | 'interrupt_bitmap'>>

/** Loads system registers as a VM entry or exit does: nobody is asked, and what is not given stays. */
export function loadSregs(parts: StateParts, sregs: LoadedSregs): void {
  const { engine } = parts
  if (sregs.idt !== undefined) setTable(parts, 'IDTR', sregs.idt)
  if (sregs.gdt !== undefined) setTable(parts, 'GDTR', sregs.gdt)
  for (const [name, value] of controlRegisters(sregs)) if (value !== undefined) engine.set(name, value)
  for (const field of segmentFields) {
    const segment = sregs[field]
    if (segment !== undefined) setSegment(parts, segmentOf[field], segment)
  }
  followPrivilege(parts)
  engine.flushTranslations()
  engine.modeChanged()
}

const controlRegisters = ({ efer, cr0, cr2, cr3, cr4 }: LoadedSregs) =>
  [
    ['IA32_EFER', efer],
    ['CR0', cr0],
    ['CR2', cr2],
    ['CR3', cr3],
    ['CR4', cr4],
  ] as const

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

/** What the rules look at; whether the local APIC takes its base is asked when they have nothing against the rest. */
function callOf({ guest, machine }: StateParts, given: Common, flags: bigint): SetSregsCall {
  const { has, allowedCr4: cr4, physicalAddressWidth, host } = guest
  // nobody asks whether the guest has SYSCALL: arch/x86/kvm/x86.c __kvm_valid_efer
  const longMode = has('LM') ? EFER.LME | EFER.LMA : 0n
  const efer = EFER.SCE | longMode | (has('NX') ? EFER.NXE : 0n) | (has('SVM') ? EFER.SVME : 0n)
  const limits = { cr4, hostCr4: host.cr4, efer, xsave: has('XSAVE'), physicalAddressWidth }
  const waiting = { interrupt_bitmap: [], ...given }
  const apicBaseIsValid = machine.localApic !== undefined || isApicBase(given.apic_base, limits, has('X2APIC'))
  return { given: waiting, flags, limits, apicBaseIsValid, applied: false, queued: undefined }
}

/** Without a local APIC in the kernel its mode is told, and must be one. Source: arch/x86/kvm/lapic.c kvm_apic_set_base. */
function isApicBase(base: bigint, { physicalAddressWidth }: SetSregsCall['limits'], x2apic: boolean): boolean {
  const { enabled, extended, reserved } = apicBase
  if (base >> BigInt(physicalAddressWidth) !== 0n || (base & (x2apic ? reserved : reserved | extended)) !== 0n)
    return false
  return (base & extended) === 0n || (base & enabled) !== 0n
}

/**
 * Older kernels took registers with which a processor refuses to enter the guest. Here it would be entered, so they
 * become what they would have to be.
 */
function enterable({ cr0, cr4, efer }: Common, { limits }: SetSregsCall) {
  const paging = (cr0 & CR0.PE) === 0n ? CR0.PG : 0n
  const withoutSvm = EFER.SVME & ~limits.efer
  return { cr0: BigInt.asUintN(32, cr0) & ~paging, cr4: cr4 & limits.cr4 & limits.hostCr4, efer: efer & ~withoutSvm }
}
