import type { VmcsField } from '@vmm/nested-vmx'
import { place, selector } from '../kernel/places.ts'
import { vmxPlace } from './vmx-places.ts'

/** A field by its name. */
export type Field = VmcsField

/** What a field is written with: a number, or the address of a label. */
export type FieldValue = bigint | string

/** Fields and their values. */
export type Fields = readonly (readonly [Field, FieldValue])[]

/** The mode that a guest begins in: 64-bit, protected with and without paging, and real mode. */
export type GuestMode = 'wide' | 'paged' | 'flat' | 'real'

/** Access rights as a VMCS has them. Source: SDM 3C 25.4.1, Table 25-2. */
const rights = {
  code64: 0xa09bn,
  code32: 0xc09bn,
  data32: 0xc093n,
  code16: 0x9bn,
  data16: 0x93n,
  busyTss: 0x8bn,
  unusable: 0x1_0000n,
} as const
const dataSegments = ['ES', 'SS', 'DS', 'FS', 'GS'] as const

interface Shape {
  readonly cr0: bigint
  readonly cr3: bigint
  readonly cr4: bigint
  readonly efer: bigint
  readonly code: bigint
  readonly data: bigint
  readonly limit: bigint
}

/** CR0 with NE and ET, CR4 with VMXE: what VMX operation fixes of an unrestricted guest. Source: SDM 3C A.7, A.8. */
const [cr0, cr4] = [0x30n, 0x2000n]
const wideLimit = 0xffff_ffffn
const protectedMode = { code: rights.code32, data: rights.data32, limit: wideLimit } as const

const shapes: Readonly<Record<GuestMode, Shape>> = {
  wide: {
    cr0: cr0 | 0x8000_0001n,
    cr3: BigInt(place.pageTables),
    cr4: cr4 | 0x620n,
    efer: 0xd00n,
    code: rights.code64,
    data: rights.data32,
    limit: wideLimit,
  },
  paged: { ...protectedMode, cr0: cr0 | 0x8000_0001n, cr3: BigInt(vmxPlace.pageDirectory), cr4: cr4 | 0x10n, efer: 0n },
  flat: { ...protectedMode, cr0: cr0 | 1n, cr3: 0n, cr4, efer: 0n },
  real: { cr0, cr3: 0n, cr4, efer: 0n, code: rights.code16, data: rights.data16, limit: 0xffffn },
}

/** Every mode. */
export const guestModes = Object.keys(shapes) as readonly GuestMode[]

/** Where a guest begins: at a label, which in real mode is at its CS:0. */
export const beginning = (mode: GuestMode, entry: string): Fields =>
  mode === 'real' ? [['GUEST_CS_BASE', entry]] : [['GUEST_RIP', entry]]

/**
 * The guest-state area of a legal guest in a mode, but for its beginning. Real mode and protected mode without paging are an
 * unrestricted guest's.
 */
export function guestState(mode: GuestMode): Fields {
  const shape = shapes[mode]
  const real = mode === 'real'
  return [
    ['GUEST_CR0', shape.cr0],
    ['GUEST_CR3', shape.cr3],
    ['GUEST_CR4', shape.cr4],
    ['GUEST_IA32_EFER', shape.efer],
    ['GUEST_CS_SELECTOR', real ? 0xf000n : BigInt(selector.code)],
    ['GUEST_CS_BASE', 0n],
    ['GUEST_CS_LIMIT', shape.limit],
    ['GUEST_CS_AR_BYTES', shape.code],
    ...dataSegments.flatMap(
      (name): Fields => [
        [`GUEST_${name}_SELECTOR`, real ? 0n : BigInt(selector.data)],
        [`GUEST_${name}_BASE`, 0n],
        [`GUEST_${name}_LIMIT`, shape.limit],
        [`GUEST_${name}_AR_BYTES`, shape.data],
      ],
    ),
    ...tables,
    ['GUEST_RIP', 0n],
    ['GUEST_RSP', real ? 0x8000n : BigInt(place.otherStack)],
    ['GUEST_RFLAGS', 2n],
    ['GUEST_DR7', 0x400n],
    ['VMCS_LINK_POINTER', 0xffff_ffff_ffff_ffffn],
    ...zeros.map((field) => [field, 0n] as const),
  ]
}

const tables: Fields = [
  ['GUEST_LDTR_SELECTOR', 0n],
  ['GUEST_LDTR_BASE', 0n],
  ['GUEST_LDTR_LIMIT', 0n],
  ['GUEST_LDTR_AR_BYTES', rights.unusable],
  ['GUEST_TR_SELECTOR', BigInt(selector.tss)],
  ['GUEST_TR_BASE', BigInt(place.tss)],
  ['GUEST_TR_LIMIT', 0x67n],
  ['GUEST_TR_AR_BYTES', rights.busyTss],
  ['GUEST_GDTR_BASE', BigInt(place.gdt)],
  ['GUEST_GDTR_LIMIT', 0x7ffn],
  ['GUEST_IDTR_BASE', BigInt(place.idt)],
  // no gate is reached: what the guest is given is an exit
  ['GUEST_IDTR_LIMIT', 0n],
]

const zeros: readonly Field[] = [
  'GUEST_INTERRUPTIBILITY_INFO',
  'GUEST_ACTIVITY_STATE',
  'GUEST_PENDING_DBG_EXCEPTIONS',
  'GUEST_SYSENTER_CS',
  'GUEST_SYSENTER_ESP',
  'GUEST_SYSENTER_EIP',
  'GUEST_IA32_DEBUGCTL',
  'GUEST_IA32_PAT',
  'GUEST_PDPTR0',
  'GUEST_PDPTR1',
  'GUEST_PDPTR2',
  'GUEST_PDPTR3',
  'VMX_PREEMPTION_TIMER_VALUE',
]
