import { entryControls, exitControls, secondaryControls, vmcsPlaceOf } from '@vmm/nested-vmx'
import {
  type Assembler,
  al,
  cr0,
  cr3,
  cr4,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  label,
  mem,
  mem32,
  rax,
  rbx,
  rsi,
} from '@vmm/x86-assembler'
import { place, selector } from '../kernel/places.ts'
import { beginning, type Field, type Fields, type GuestMode, guestModes, guestState } from './guest-state.ts'
import { vmx } from './instructions.ts'
import { vmxPlace } from './vmx-places.ts'

/** Registers of what VMX can do. Source: SDM 3C A.1 to A.5. */
const msr = { featureControl: 0x3a, basic: 0x480 } as const
const [locked, enabledOutsideSmx, VMXE] = [1, 4, 1 << 13]

/** Controls with the MSR that says which bits may be what: the TRUE ones, and the one of secondary controls. */
export const controlFields = {
  pin: ['PIN_BASED_VM_EXEC_CONTROL', 0x48d],
  primary: ['CPU_BASED_VM_EXEC_CONTROL', 0x48e],
  exit: ['VM_EXIT_CONTROLS', 0x48f],
  entry: ['VM_ENTRY_CONTROLS', 0x490],
  secondary: ['SECONDARY_VM_EXEC_CONTROL', 0x48b],
} as const

/** Bits of controls beside those that the processor has set in any case. */
export type Controls = { readonly [group in keyof typeof controlFields]?: bigint }

const encodingOf = (field: Field): number => vmcsPlaceOf(field).encoding
const endOfList = 0xffff_ffff

/** Enters VMX operation. EAX, ECX and EDX change. Source: SDM 3C 24.7, 24.11.5. */
export function enterVmx(a: Assembler): Assembler {
  return a.call('vmx.enter')
}

/**
 * Builds extended page tables: the first GiB onto itself, in pages of 2 MiB, and one of those in pages of 4 KiB. What a VMCS
 * points at is zero afterwards. EAX, ECX and EDI change.
 */
export function buildEpt(a: Assembler): Assembler {
  return a.call('vmx.ept')
}

/** Has a region be the current VMCS, cleared, with the processor's revision. EAX, ECX and EDX change. */
export function takeVmcs(a: Assembler, region: number = vmxPlace.vmcs): Assembler {
  a.mov(ecx, msr.basic).rdmsr().and(eax, 0x7fff_ffff).mov(mem32(region), eax)
  vmx(pointer(a, region), 'vmclear')
  return vmx(a, 'vmptrld')
}

/** Has RAX point at an address for VMXON, VMCLEAR and VMPTRLD. */
export function pointer(a: Assembler, region: number | bigint): Assembler {
  const whole = BigInt(region)
  a.mov(mem32(vmxPlace.pointer), Number(whole & 0xffff_ffffn))
  return a.mov(mem32(vmxPlace.pointer + 4), Number(whole >> 32n)).mov(eax, vmxPlace.pointer)
}

/** Reads a field into RBX. RAX changes. */
export const vmread = (a: Assembler, field: Field): Assembler => vmx(a.mov(eax, encodingOf(field)), 'vmread')

/** Writes RBX into a field. RAX changes. */
export const vmwrite = (a: Assembler, field: Field): Assembler => vmx(a.mov(eax, encodingOf(field)), 'vmwrite')

/** Writes fields from a list that lies behind the code. RAX, RBX and RSI change. */
function vmwriteAll(a: Assembler, fields: Fields): Assembler {
  if (fields.length === 0) return a
  const [name, over] = [a.unique('fields'), a.unique('over')]
  a.mov(esi, label(name)).call('vmx.write').jmp(over)
  list(a, name, fields)
  return a.label(over)
}

function list(a: Assembler, name: string, fields: Fields): void {
  a.label(name)
  for (const [field, value] of fields) {
    a.dd(encodingOf(field))
    if (typeof value === 'bigint') a.dq(BigInt.asUintN(64, value))
    else a.dd(label(value), 0)
  }
  a.dd(endOfList)
}

const listed = (a: Assembler, name: string): Assembler => a.mov(esi, label(name)).call('vmx.write')

/** Writes the controls: bits that are wanted and may be 1, and bits that must be. EAX, EBX, ECX and EDX change. */
function writeControls(a: Assembler, controls: Controls): Assembler {
  for (const group of Object.keys(controlFields) as (keyof Controls)[]) {
    const [field, of] = controlFields[group]
    a.mov(ecx, of)
      .mov(ebx, Number(controls[group] ?? 0n))
      .call('vmx.control')
    vmwrite(a, field)
  }
  return a
}

/** The host-state area: the processor as it is now, to go on at a label. RAX, RBX and RSI change. Source: SDM 3C 25.5. */
function writeHost(a: Assembler, next: string): Assembler {
  vmwrite(a.mov(rbx, cr0), 'HOST_CR0')
  vmwrite(a.mov(rbx, cr3), 'HOST_CR3')
  vmwrite(a.mov(rbx, cr4), 'HOST_CR4')
  vmwrite(a.mov(ebx, label(next)), 'HOST_RIP')
  return listed(a, 'vmx.host')
}

const hostState: Fields = [
  ['HOST_CS_SELECTOR', BigInt(selector.code)],
  ...(['SS', 'DS', 'ES'] as const).map((name) => [`HOST_${name}_SELECTOR`, BigInt(selector.data)] as const),
  ['HOST_FS_SELECTOR', 0n],
  ['HOST_GS_SELECTOR', 0n],
  ['HOST_TR_SELECTOR', BigInt(selector.tss)],
  ['HOST_FS_BASE', 0n],
  ['HOST_GS_BASE', 0n],
  ['HOST_TR_BASE', BigInt(place.tss)],
  ['HOST_GDTR_BASE', BigInt(place.gdt)],
  ['HOST_IDTR_BASE', BigInt(place.idt)],
  ['HOST_RSP', BigInt(place.stack)],
  ['HOST_IA32_EFER', 0xd01n],
  ['HOST_IA32_SYSENTER_CS', 0n],
  ['HOST_IA32_SYSENTER_ESP', 0n],
  ['HOST_IA32_SYSENTER_EIP', 0n],
]

/** Fields of controls that say nothing by default; all exceptions of the guest are exits. */
const controlState: Fields = [
  ['EXCEPTION_BITMAP', 0xffff_ffffn],
  ['IO_BITMAP_A', BigInt(vmxPlace.ioBitmapA)],
  ['IO_BITMAP_B', BigInt(vmxPlace.ioBitmapB)],
  ['MSR_BITMAP', BigInt(vmxPlace.msrBitmap)],
  ['VIRTUAL_APIC_PAGE_ADDR', BigInt(vmxPlace.virtualApic)],
  ['APIC_ACCESS_ADDR', BigInt(vmxPlace.apicAccess)],
  ['PML_ADDRESS', BigInt(vmxPlace.pageModificationLog)],
  ['GUEST_PML_INDEX', 511n],
  ['EPT_POINTER', BigInt(vmxPlace.ept | 0x1e)],
  ['VIRTUAL_PROCESSOR_ID', 1n],
  ...(
    [
      ['PAGE_FAULT_ERROR_CODE_MASK', 'PAGE_FAULT_ERROR_CODE_MATCH', 'CR3_TARGET_COUNT', 'TPR_THRESHOLD', 'TSC_OFFSET'],
      ['VM_EXIT_MSR_STORE_COUNT', 'VM_EXIT_MSR_LOAD_COUNT', 'VM_ENTRY_MSR_LOAD_COUNT', 'VM_ENTRY_INTR_INFO_FIELD'],
      ['VM_ENTRY_EXCEPTION_ERROR_CODE', 'VM_ENTRY_INSTRUCTION_LEN', 'VM_FUNCTION_CONTROL', 'XSS_EXIT_BITMAP'],
      ['CR0_GUEST_HOST_MASK', 'CR4_GUEST_HOST_MASK', 'CR0_READ_SHADOW', 'CR4_READ_SHADOW', 'GUEST_INTR_STATUS'],
      ['POSTED_INTR_NV', 'EOI_EXIT_BITMAP0', 'EOI_EXIT_BITMAP1', 'EOI_EXIT_BITMAP2', 'EOI_EXIT_BITMAP3'],
    ] as const
  ).flatMap((names) => names.map((name) => [name, 0n] as const)),
]

/** A guest to be written into the current VMCS. */
export interface Guest {
  /** 64-bit mode unless told. */
  readonly mode?: GuestMode
  /** Bits of controls beside those that the mode needs. */
  readonly controls?: Controls
  /** Fields that differ from those of a legal guest. */
  readonly fields?: Fields
}

const modeControls = (mode: GuestMode): Controls => ({
  primary: 0x8000_0000n,
  secondary: mode === 'flat' || mode === 'real' ? secondaryControls.EPT | secondaryControls.UNRESTRICTED_GUEST : 0n,
  exit: exitControls.HOST_64_BIT | exitControls.LOAD_EFER,
  entry: (mode === 'wide' ? entryControls.IA32E_MODE : 0n) | entryControls.LOAD_EFER,
})

/** Fills the current VMCS: a guest that begins at one label, and where the host goes on. All registers may change. */
export function fillVmcs(
  a: Assembler,
  { mode = 'wide', controls = {}, fields = [] }: Guest,
  entry: string,
  next: string,
): void {
  const own = modeControls(mode)
  const groups = [...new Set([...Object.keys(own), ...Object.keys(controls)])] as (keyof Controls)[]
  writeControls(a, Object.fromEntries(groups.map((group) => [group, (own[group] ?? 0n) | (controls[group] ?? 0n)])))
  listed(a, 'vmx.controls')
  listed(a, `vmx.${mode}`)
  writeHost(a, next)
  vmwriteAll(a, [...beginning(mode, entry), ...fields])
}

/** The routines that the others call: to be put somewhere once. */
export function vmxRoutines(a: Assembler): void {
  a.label('vmx.enter').mov(ecx, msr.featureControl).rdmsr().test(al, locked).jne('vmx.locked')
  a.or(eax, locked | enabledOutsideSmx).wrmsr()
  a.label('vmx.locked').mov(rax, cr4).or(eax, VMXE).mov(cr4, rax)
  a.mov(ecx, msr.basic).rdmsr().and(eax, 0x7fff_ffff).mov(mem32(vmxPlace.region), eax)
  vmx(pointer(a, vmxPlace.region), 'vmxon').jbe('vmx.off').mov(mem32(vmxPlace.isOn), 1).label('vmx.off').ret()
  a.label('vmx.leave').cmp(mem32(vmxPlace.isOn), 0).je('vmx.left').mov(mem32(vmxPlace.isOn), 0)
  vmx(a, 'vmxoff').label('vmx.left').ret()
  a.label('vmx.write')
    .mov(eax, mem32({ base: rsi }))
    .cmp(eax, -1)
    .je('vmx.written')
    .mov(rbx, mem({ base: rsi, displacement: 4 }))
  vmx(a, 'vmwrite').add(rsi, 12).jmp('vmx.write').label('vmx.written').ret()
  // EBX: what may be 1 of what is wanted, and what must be; what may not is remembered
  a.label('vmx.control')
    .rdmsr()
    .mov(ecx, ebx)
    .and(ebx, edx)
    .xor(ecx, ebx)
    .or(mem32(vmxPlace.lacks), ecx)
    .or(ebx, eax)
    .ret()
  eptRoutine(a)
  list(a, 'vmx.controls', controlState)
  list(a, 'vmx.host', hostState)
  for (const mode of guestModes) list(a, `vmx.${mode}`, guestState(mode))
}

/** The first GiB onto itself in pages of 2 MiB; the region under test in pages of 4 KiB. Source: SDM 3C 29.3.2. */
function eptRoutine(a: Assembler): void {
  const [pml4, pdpt, directory, table] = [0, 0x1000, 0x2000, 0x3000].map((plus) => vmxPlace.ept + plus) as [
    number,
    number,
    number,
    number,
  ]
  const [all, writeBack, large] = [7, 6 << 3, 0x80]
  a.label('vmx.ept').cld().xor(eax, eax).mov(edi, vmxPlace.ept).mov(ecx, 0x1000).rep().stosd()
  a.mov(mem32(pml4), pdpt | all).mov(mem32(pdpt), directory | all)
  const fill = (name: string, at: number, first: number, step: number, [count, bytes] = [512, 8]): void => {
    a.mov(edi, at).mov(eax, first).mov(ecx, count).label(name)
    a.mov(mem32(edi), eax).add(edi, bytes).add(eax, step).dec(ecx).jne(name)
  }
  fill('vmx.directory', directory, all | writeBack | large, 0x20_0000)
  fill('vmx.large', vmxPlace.pageDirectory, 0x87, 0x40_0000, [64, 4])
  fill('vmx.table', table, vmxPlace.fine | all | writeBack, 0x1000)
  a.mov(mem32(directory + (vmxPlace.fine >> 21) * 8), table | all)
  a.mov(edi, vmxPlace.cleared)
    .xor(eax, eax)
    .mov(ecx, vmxPlace.clearedBytes / 4)
    .rep()
    .stosd()
    .ret()
}

/** The slot of the page of the region under test that an offset lies in, in its extended page table. */
export const eptSlot = (offset: number): number => vmxPlace.ept + 0x3000 + (offset >> 12) * 8
