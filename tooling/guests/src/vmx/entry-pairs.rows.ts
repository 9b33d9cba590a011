import { entryControls, exitControls, pinControls, primaryControls, secondaryControls } from '@vmm/nested-vmx'
import { mem32 } from '@vmm/x86-assembler'
import { place } from '../kernel/places.ts'
import type { Field, Fields } from './guest-state.ts'
import type { Controls } from './hypervisor.ts'
import type { Scene } from './scene.ts'
import { vmxPlace } from './vmx-places.ts'

/** What a check is about: the field with a value that may not be, and the nearest that may. */
export interface Pair {
  readonly says: string
  readonly field: Field
  readonly wrong: bigint
  readonly right: bigint
  readonly scene?: Scene
  /** What comes of the right one, where it is not the guest's VMCALL. */
  readonly comes?: string
}

const { TSC_SCALING, EPT, VPID, UNRESTRICTED_GUEST, VIRTUALIZE_APIC_ACCESSES, VIRTUALIZE_X2APIC, APIC_REGISTERS, VIRTUAL_INTERRUPTS, PML, VMFUNC } = secondaryControls
/** With addresses of 48 and of 57 bits; and the last one below what is not canonical with 48. */
const [nonCanonical, canonical] = [1n << 56n, 0x7fff_ffff_ffffn]
const with_ = (controls: Controls, fields: Fields = []): Scene => ({ controls, fields })
const secondary = (bits: bigint, fields: Fields = []): Scene => with_({ secondary: bits }, fields)

/** Of controls: VMfailValid with error 7. Source: SDM 3C 27.2.1. */
export const controlPairs: readonly Pair[] = [
  { says: 'a reserved pin-based control', field: 'PIN_BASED_VM_EXEC_CONTROL', wrong: 0x8000_0016n, right: 0x16n },
  { says: 'a pin-based control that must be 1', field: 'PIN_BASED_VM_EXEC_CONTROL', wrong: 0x14n, right: 0x16n },
  { says: 'five targets of CR3', field: 'CR3_TARGET_COUNT', wrong: 5n, right: 4n },
  { says: 'I/O bitmaps on no page', field: 'IO_BITMAP_A', wrong: 0x701_4001n, right: 0x701_4000n, scene: with_({ primary: primaryControls.USE_IO_BITMAPS }) },
  { says: 'the second I/O bitmap on no page', field: 'IO_BITMAP_B', wrong: 0x701_5800n, right: 0x701_5000n, scene: with_({ primary: primaryControls.USE_IO_BITMAPS }) },
  { says: 'MSR bitmaps on no page', field: 'MSR_BITMAP', wrong: 0x701_6004n, right: 0x701_6000n, scene: with_({ primary: primaryControls.USE_MSR_BITMAPS }) },
  { says: 'a virtual APIC on no page', field: 'VIRTUAL_APIC_PAGE_ADDR', wrong: 0x701_7008n, right: 0x701_7000n, scene: with_({ primary: primaryControls.TPR_SHADOW }) },
  { says: 'a TPR threshold with reserved bits', field: 'TPR_THRESHOLD', wrong: 0x10n, right: 0n, scene: with_({ primary: primaryControls.TPR_SHADOW }) },
  { says: 'a TPR threshold above the TPR', field: 'TPR_THRESHOLD', wrong: 1n, right: 0n, scene: with_({ primary: primaryControls.TPR_SHADOW }) },
  { says: 'virtual NMIs without NMI exiting', field: 'PIN_BASED_VM_EXEC_CONTROL', wrong: 0x36n, right: 0x3en },
  { says: 'NMI-window exiting without virtual NMIs', field: 'PIN_BASED_VM_EXEC_CONTROL', wrong: 0x1en, right: 0x3en, scene: with_({ pin: pinControls.NMI_EXITING | pinControls.VIRTUAL_NMIS, primary: primaryControls.NMI_WINDOW_EXITING }), comes: '8 0' },
  { says: 'an APIC-access page on no page', field: 'APIC_ACCESS_ADDR', wrong: 0x701_8010n, right: 0x701_8000n, scene: secondary(VIRTUALIZE_APIC_ACCESSES) },
  { says: 'APIC registers without a shadow of the TPR', field: 'SECONDARY_VM_EXEC_CONTROL', wrong: APIC_REGISTERS, right: 0n },
  { says: 'x2APIC mode without a shadow of the TPR', field: 'SECONDARY_VM_EXEC_CONTROL', wrong: VIRTUALIZE_X2APIC, right: 0n },
  { says: 'virtual interrupts without a shadow of the TPR', field: 'SECONDARY_VM_EXEC_CONTROL', wrong: VIRTUAL_INTERRUPTS, right: 0n, scene: with_({ pin: pinControls.EXTERNAL_INTERRUPT_EXITING }) },
  { says: 'x2APIC mode and an APIC-access page', field: 'SECONDARY_VM_EXEC_CONTROL', wrong: VIRTUALIZE_X2APIC | VIRTUALIZE_APIC_ACCESSES, right: VIRTUALIZE_X2APIC, scene: with_({ primary: primaryControls.TPR_SHADOW }) },
  { says: 'virtual interrupts while others do not exit', field: 'PIN_BASED_VM_EXEC_CONTROL', wrong: 0x16n, right: 0x17n, scene: with_({ primary: primaryControls.TPR_SHADOW, secondary: VIRTUAL_INTERRUPTS }) },
  { says: 'a virtual processor of 0', field: 'VIRTUAL_PROCESSOR_ID', wrong: 0n, right: 1n, scene: secondary(VPID) },
  { says: 'extended page tables of an unknown memory type', field: 'EPT_POINTER', wrong: BigInt(vmxPlace.ept | 0x1a), right: BigInt(vmxPlace.ept | 0x1e), scene: secondary(EPT) },
  { says: 'extended page tables of three levels', field: 'EPT_POINTER', wrong: BigInt(vmxPlace.ept | 0x16), right: BigInt(vmxPlace.ept | 0x1e), scene: secondary(EPT) },
  { says: 'reserved bits of the pointer to extended page tables', field: 'EPT_POINTER', wrong: BigInt(vmxPlace.ept | 0x21e), right: BigInt(vmxPlace.ept | 0x1e), scene: secondary(EPT) },
  { says: 'a log of pages on no page', field: 'PML_ADDRESS', wrong: 0x701_a008n, right: 0x701_a000n, scene: secondary(EPT | PML) },
  { says: 'functions that there are not', field: 'VM_FUNCTION_CONTROL', wrong: 2n, right: 0n, scene: secondary(EPT | VMFUNC) },
  { says: 'a multiplier of the TSC of 0', field: 'TSC_MULTIPLIER', wrong: 0n, right: 1n, scene: secondary(TSC_SCALING) },
  { says: 'a list of MSRs to store on no 16 bytes', field: 'VM_EXIT_MSR_STORE_ADDR', wrong: 0x701_9008n, right: 0x701_9010n, scene: { fields: [['VM_EXIT_MSR_STORE_COUNT', 1n]], before: (a) => a.mov(mem32(vmxPlace.msrList), 0x174).mov(mem32(vmxPlace.msrList + 16), 0x174) } },
  { says: 'an event of a reserved type', field: 'VM_ENTRY_INTR_INFO_FIELD', wrong: 0x8000_0106n, right: 0x106n },
  { says: 'an NMI of another vector', field: 'VM_ENTRY_INTR_INFO_FIELD', wrong: 0x8000_0203n, right: 0x203n },
  { says: 'an exception above 31', field: 'VM_ENTRY_INTR_INFO_FIELD', wrong: 0x8000_0320n, right: 0x320n },
  { says: 'reserved bits of an event', field: 'VM_ENTRY_INTR_INFO_FIELD', wrong: 0x8000_1306n, right: 0x1306n },
]

const posts: Controls = {
  pin: pinControls.EXTERNAL_INTERRUPT_EXITING | pinControls.POSTED_INTERRUPTS,
  primary: primaryControls.TPR_SHADOW,
  secondary: VIRTUAL_INTERRUPTS,
  exit: exitControls.ACKNOWLEDGE_INTERRUPT,
}
const posting = with_(posts, [['POSTED_INTR_DESC_ADDR', BigInt(vmxPlace.msrList)]])
const posted64 = 0x3_6ffbn | exitControls.LOAD_EFER

/** Of posted interrupts, likewise. Source: SDM 3C 27.2.1.1. */
export const postedPairs: readonly Pair[] = [
  { says: 'posted interrupts that are not virtual', field: 'SECONDARY_VM_EXEC_CONTROL', wrong: 0n, right: VIRTUAL_INTERRUPTS, scene: posting },
  { says: 'posted interrupts that are not acknowledged', field: 'VM_EXIT_CONTROLS', wrong: posted64, right: posted64 | exitControls.ACKNOWLEDGE_INTERRUPT, scene: posting },
  { says: 'a notification of nine bits', field: 'POSTED_INTR_NV', wrong: 0x100n, right: 0xffn, scene: posting },
  { says: 'a descriptor on no 64 bytes', field: 'POSTED_INTR_DESC_ADDR', wrong: BigInt(vmxPlace.msrList + 32), right: BigInt(vmxPlace.msrList + 64), scene: posting },
  { says: 'a descriptor that is too far away', field: 'POSTED_INTR_DESC_ADDR', wrong: 1n << 52n, right: BigInt(vmxPlace.msrList), scene: posting },
]

/** Of the host: VMfailValid with error 8. Source: SDM 3C 27.2.2 to 27.2.4. */
export const hostPairs: readonly Pair[] = [
  { says: 'CR0 of the host without PG', field: 'HOST_CR0', wrong: 0x31n, right: 0x8000_0031n },
  { says: 'CR4 of the host without VMXE', field: 'HOST_CR4', wrong: 0x620n, right: 0x2620n },
  { says: 'CR4 of a 64-bit host without PAE', field: 'HOST_CR4', wrong: 0x2600n, right: 0x2620n },
  { says: 'CR3 of the host that is too wide', field: 'HOST_CR3', wrong: 1n << 52n, right: BigInt(place.pageTables) },
  { says: 'SYSENTER_ESP of the host that is not canonical', field: 'HOST_IA32_SYSENTER_ESP', wrong: nonCanonical, right: canonical },
  { says: 'SYSENTER_EIP of the host that is not canonical', field: 'HOST_IA32_SYSENTER_EIP', wrong: nonCanonical, right: canonical },
  { says: 'CS of the host with an RPL', field: 'HOST_CS_SELECTOR', wrong: 0xbn, right: 8n },
  { says: 'CS of the host of 0', field: 'HOST_CS_SELECTOR', wrong: 0n, right: 8n },
  { says: 'DS of the host in an LDT', field: 'HOST_DS_SELECTOR', wrong: 0x14n, right: 0x10n },
  { says: 'TR of the host of 0', field: 'HOST_TR_SELECTOR', wrong: 0n, right: 0x28n },
  { says: 'a base of FS of the host that is not canonical', field: 'HOST_FS_BASE', wrong: nonCanonical, right: canonical },
  { says: 'a base of TR of the host that is not canonical', field: 'HOST_TR_BASE', wrong: nonCanonical, right: BigInt(place.tss) },
  { says: 'a base of GDTR of the host that is not canonical', field: 'HOST_GDTR_BASE', wrong: nonCanonical, right: BigInt(place.gdt) },
  { says: 'EFER of a 64-bit host without LMA', field: 'HOST_IA32_EFER', wrong: 0x901n, right: 0xd01n },
  { says: 'reserved bits of EFER of the host', field: 'HOST_IA32_EFER', wrong: 0xd03n, right: 0xd01n },
  { says: 'a reserved type in PAT of the host', field: 'HOST_IA32_PAT', wrong: 0x0606_0606_0606_0602n, right: 0x0606_0606_0606_0607n, scene: with_({ exit: exitControls.LOAD_PAT }) },
]

/** Of the guest: a failed entry. Source: SDM 3C 27.3.1. */
export const guestPairs: readonly Pair[] = [
  { says: 'CR0 of the guest without NE', field: 'GUEST_CR0', wrong: 0x8000_0011n, right: 0x8000_0031n },
  { says: 'CR0 of the guest with PG and without PE', field: 'GUEST_CR0', wrong: 0x8000_0030n, right: 0x8000_0031n, scene: secondary(EPT | UNRESTRICTED_GUEST) },
  { says: 'CR4 of the guest with reserved bits', field: 'GUEST_CR4', wrong: 0x2620n | (1n << 31n), right: 0x2620n },
  { says: 'CR4 of a 64-bit guest without PAE', field: 'GUEST_CR4', wrong: 0x2600n, right: 0x2620n },
  { says: 'CR3 of the guest that is too wide', field: 'GUEST_CR3', wrong: 1n << 52n, right: BigInt(place.pageTables) },
  { says: 'DR7 of the guest with upper bits', field: 'GUEST_DR7', wrong: 0x1_0000_0400n, right: 0x400n, scene: with_({ entry: entryControls.LOAD_DEBUG }) },
  { says: 'DEBUGCTL of the guest with reserved bits', field: 'GUEST_IA32_DEBUGCTL', wrong: 0x10n, right: 0n, scene: with_({ entry: entryControls.LOAD_DEBUG }) },
  { says: 'SYSENTER_EIP of the guest that is not canonical', field: 'GUEST_SYSENTER_EIP', wrong: nonCanonical, right: canonical },
  { says: 'EFER of a 64-bit guest without LMA', field: 'GUEST_IA32_EFER', wrong: 0x900n, right: 0xd00n },
  { says: 'EFER of a guest with paging with LMA and without LME', field: 'GUEST_IA32_EFER', wrong: 0xc00n, right: 0xd00n },
  { says: 'a reserved type in PAT of the guest', field: 'GUEST_IA32_PAT', wrong: 0x0606_0606_0606_0603n, right: 0x0606_0606_0606_0604n, scene: with_({ entry: entryControls.LOAD_PAT }) },
  { says: 'TR of the guest in an LDT', field: 'GUEST_TR_SELECTOR', wrong: 0x2cn, right: 0x28n },
  { says: 'SS of the guest with another RPL than CS', field: 'GUEST_SS_SELECTOR', wrong: 0x13n, right: 0x10n },
  { says: 'a base of TR of the guest that is not canonical', field: 'GUEST_TR_BASE', wrong: nonCanonical, right: canonical },
  { says: 'a base of CS of the guest above 4 GiB', field: 'GUEST_CS_BASE', wrong: 1n << 32n, right: 0n },
  { says: 'a base of FS of the guest that is not canonical', field: 'GUEST_FS_BASE', wrong: nonCanonical, right: canonical },
  { says: 'CS of the guest that is data', field: 'GUEST_CS_AR_BYTES', wrong: 0xa093n, right: 0xa09bn },
  { says: 'CS of the guest that has not been accessed', field: 'GUEST_CS_AR_BYTES', wrong: 0xa09an, right: 0xa09bn },
  { says: 'CS of the guest that is not present', field: 'GUEST_CS_AR_BYTES', wrong: 0xa01bn, right: 0xa09bn },
  { says: 'CS of the guest with L and D', field: 'GUEST_CS_AR_BYTES', wrong: 0xe09bn, right: 0xa09bn },
  { says: 'CS of the guest with reserved bits', field: 'GUEST_CS_AR_BYTES', wrong: 0xa19bn, right: 0xa09bn },
  { says: 'CS of the guest with a limit that its granularity does not have', field: 'GUEST_CS_LIMIT', wrong: 0xffff_fffen, right: 0xffff_ffffn },
  { says: 'SS of the guest that is code', field: 'GUEST_SS_AR_BYTES', wrong: 0xc09bn, right: 0xc093n },
  { says: 'SS of the guest that is not present', field: 'GUEST_SS_AR_BYTES', wrong: 0xc013n, right: 0xc093n },
  { says: 'DS of the guest that is code that cannot be read', field: 'GUEST_DS_AR_BYTES', wrong: 0xc099n, right: 0xc09bn },
  { says: 'DS of the guest that is unusable and wrong', field: 'GUEST_DS_AR_BYTES', wrong: 0xc013n, right: 0x1_c013n },
  { says: 'TR of the guest that is not busy', field: 'GUEST_TR_AR_BYTES', wrong: 0x89n, right: 0x8bn },
  { says: 'TR of the guest that is unusable', field: 'GUEST_TR_AR_BYTES', wrong: 0x1_008bn, right: 0x8bn },
  { says: 'LDTR of the guest that is no LDT', field: 'GUEST_LDTR_AR_BYTES', wrong: 0x83n, right: 0x82n },
  { says: 'a base of GDTR of the guest that is not canonical', field: 'GUEST_GDTR_BASE', wrong: nonCanonical, right: BigInt(place.gdt) },
  { says: 'a limit of IDTR of the guest above 64 KiB', field: 'GUEST_IDTR_LIMIT', wrong: 0x1_0000n, right: 0xffffn },
  { says: 'RFLAGS of the guest without the bit that is 1', field: 'GUEST_RFLAGS', wrong: 0n, right: 2n },
  { says: 'RFLAGS of the guest with reserved bits', field: 'GUEST_RFLAGS', wrong: 0x8002n, right: 2n },
  { says: 'RFLAGS of a 64-bit guest with VM', field: 'GUEST_RFLAGS', wrong: 0x2_0002n, right: 2n },
  { says: 'an activity state that there is not', field: 'GUEST_ACTIVITY_STATE', wrong: 4n, right: 0n },
  { says: 'interruptibility with reserved bits', field: 'GUEST_INTERRUPTIBILITY_INFO', wrong: 0x20n, right: 0n },
  { says: 'STI that blocks with IF clear', field: 'GUEST_INTERRUPTIBILITY_INFO', wrong: 1n, right: 0n },
  { says: 'STI and MOV SS that both block', field: 'GUEST_INTERRUPTIBILITY_INFO', wrong: 3n, right: 2n, scene: { fields: [['GUEST_RFLAGS', 0x202n]] } },
  { says: 'pending debug exceptions with reserved bits', field: 'GUEST_PENDING_DBG_EXCEPTIONS', wrong: 0x10n, right: 0n },
]
