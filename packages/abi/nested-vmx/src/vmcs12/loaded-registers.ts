import type { KvmSregs } from '@vmm/kvm-uapi'
import { entryControls, exitControls } from './controls.ts'
import { type Vmcs12Field, type Vmcs12Values, vmcs12Reader, vmcs12With } from './vmcs12.ts'

/** A segment as `kvm_sregs` has it. */
export type Segment = KvmSregs['cs']

/** A descriptor table as `kvm_sregs` has it. */
export type DescriptorTable = KvmSregs['gdt']

/** Registers that are loaded when L2 is entered, or left. */
export interface LoadedRegisters {
  readonly sregs: Pick<KvmSregs, SegmentName | 'gdt' | 'idt' | 'cr0' | 'cr3' | 'cr4' | 'efer'>
  readonly rip: bigint
  readonly rsp: bigint
  readonly rflags: bigint
}

type SegmentName = 'cs' | 'ds' | 'es' | 'fs' | 'gs' | 'ss' | 'tr' | 'ldt'

const guestSegments = { es: 'ES', cs: 'CS', ss: 'SS', ds: 'DS', fs: 'FS', gs: 'GS', ldt: 'LDTR', tr: 'TR' } as const
const longMode = 0x500n
const unusableBit = 1n << 16n

/** Access rights of a VMCS as a segment's. Source: SDM 3C Table 25-2 Format of Access Rights. */
function segmentOf(selector: bigint, base: bigint, limit: bigint, rights: bigint): Segment {
  const flag = (bit: number): number => Number((rights >> BigInt(bit)) & 1n)
  const sized = { selector: Number(selector), base, limit: Number(limit) }
  const kind = { type: Number(rights & 15n), s: flag(4), dpl: Number((rights >> 5n) & 3n), present: flag(7) }
  return { ...sized, ...kind, avl: flag(12), l: flag(13), db: flag(14), g: flag(15), unusable: flag(16) }
}

function rightsOf(segment: Segment): bigint {
  const { type, s, dpl, present, avl, l, db, g, unusable } = segment
  const low = type | (s << 4) | (dpl << 5) | (present << 7)
  return BigInt(low | (avl << 12) | (l << 13) | (db << 14) | (g << 15)) | (unusable === 0 ? 0n : unusableBit)
}

/**
 * The registers of L2 when it is entered without running: those of the VMCS's guest. EFER keeps what is not of long mode,
 * unless an entry that is pending loads it.
 *
 * Source: arch/x86/kvm/vmx/nested.c prepare_vmcs02, nested_vmx_calc_efer (Linux 6.12).
 */
export function registersOfL2(vmcs12: Uint8Array, efer: bigint, runPending: boolean): LoadedRegisters {
  const read = vmcs12Reader(vmcs12)
  const controls = read('VM_ENTRY_CONTROLS')
  const loads = runPending && (controls & entryControls.LOAD_EFER) !== 0n
  const long = (controls & entryControls.IA32E_MODE) !== 0n
  const kept = long ? efer | longMode : efer & ~longMode
  const segments = Object.entries(guestSegments).map(([name, field]) => [
    name,
    segmentOf(
      read(`GUEST_${field}_SELECTOR`),
      read(`GUEST_${field}_BASE`),
      read(`GUEST_${field}_LIMIT`),
      read(`GUEST_${field}_AR_BYTES`),
    ),
  ])
  return {
    sregs: {
      ...(Object.fromEntries(segments) as Readonly<Record<SegmentName, Segment>>),
      gdt: tableOf(read('GUEST_GDTR_BASE'), read('GUEST_GDTR_LIMIT')),
      idt: tableOf(read('GUEST_IDTR_BASE'), read('GUEST_IDTR_LIMIT')),
      cr0: read('GUEST_CR0'),
      cr3: read('GUEST_CR3'),
      cr4: read('GUEST_CR4'),
      efer: loads ? read('GUEST_IA32_EFER') : kept,
    },
    rip: read('GUEST_RIP'),
    rsp: read('GUEST_RSP'),
    rflags: read('GUEST_RFLAGS'),
  }
}

/**
 * The registers of L1 when it is forced out of L2: those of the VMCS's host.
 *
 * Source: arch/x86/kvm/vmx/nested.c load_vmcs12_host_state (Linux 6.12); SDM 3C 28.5 Loading Host State.
 */
export function registersOfL1(vmcs12: Uint8Array, efer: bigint): LoadedRegisters {
  const read = vmcs12Reader(vmcs12)
  const controls = read('VM_EXIT_CONTROLS')
  const long = (controls & exitControls.HOST_64_BIT) !== 0n
  const kept = long ? efer | longMode : efer & ~longMode
  const flat = (selector: bigint, rights: bigint, base = 0n) => segmentOf(selector, base, 0xffff_ffffn, rights)
  const data = (name: 'DS' | 'ES' | 'SS') => flat(read(`HOST_${name}_SELECTOR`), 0xc093n)
  return {
    sregs: {
      cs: flat(read('HOST_CS_SELECTOR'), long ? 0xa09bn : 0xc09bn),
      ds: data('DS'),
      es: data('ES'),
      ss: data('SS'),
      fs: flat(read('HOST_FS_SELECTOR'), 0xc093n, read('HOST_FS_BASE')),
      gs: flat(read('HOST_GS_SELECTOR'), 0xc093n, read('HOST_GS_BASE')),
      tr: segmentOf(read('HOST_TR_SELECTOR'), read('HOST_TR_BASE'), 0x67n, 0x8bn),
      ldt: segmentOf(0n, 0n, 0n, unusableBit),
      gdt: tableOf(read('HOST_GDTR_BASE'), 0xffffn),
      idt: tableOf(read('HOST_IDTR_BASE'), 0xffffn),
      cr0: read('HOST_CR0'),
      cr3: read('HOST_CR3'),
      cr4: read('HOST_CR4'),
      efer: (controls & exitControls.LOAD_EFER) === 0n ? kept : read('HOST_IA32_EFER'),
    },
    rip: read('HOST_RIP'),
    rsp: read('HOST_RSP'),
    rflags: 2n,
  }
}

/**
 * The VMCS of an L2 that is active, with what its registers are now: what KVM_GET_NESTED_STATE tells.
 *
 * Source: arch/x86/kvm/vmx/nested.c sync_vmcs02_to_vmcs12, sync_vmcs02_to_vmcs12_rare (Linux 6.12).
 */
export function vmcs12OfL2(vmcs12: Uint8Array, { sregs, rip, rsp, rflags }: LoadedRegisters): Uint8Array {
  const segments = Object.entries(guestSegments).flatMap(([name, field]): (readonly [Vmcs12Field, bigint])[] => {
    const segment = sregs[name as SegmentName]
    return [
      [`GUEST_${field}_SELECTOR`, BigInt(segment.selector)],
      [`GUEST_${field}_BASE`, segment.base],
      [`GUEST_${field}_LIMIT`, BigInt(segment.limit)],
      [`GUEST_${field}_AR_BYTES`, rightsOf(segment)],
    ]
  })
  const values: Vmcs12Values = {
    ...(Object.fromEntries(segments) as Vmcs12Values),
    GUEST_GDTR_BASE: sregs.gdt.base,
    GUEST_GDTR_LIMIT: BigInt(sregs.gdt.limit),
    GUEST_IDTR_BASE: sregs.idt.base,
    GUEST_IDTR_LIMIT: BigInt(sregs.idt.limit),
    GUEST_CR0: sregs.cr0,
    GUEST_CR3: sregs.cr3,
    GUEST_CR4: sregs.cr4,
    GUEST_RIP: rip,
    GUEST_RSP: rsp,
    GUEST_RFLAGS: rflags,
  }
  return vmcs12With(vmcs12, values)
}

function tableOf(base: bigint, limit: bigint): DescriptorTable {
  return { base, limit: Number(limit & 0xffffn) }
}
