import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import type { Vmcs12Field } from '../vmcs12/vmcs12.ts'
import { vmcs12Offsets as at } from '../vmcs12/vmcs12.ts'
import { bytesAt, type VmxMemory } from './processor.ts'

/** The MSRs of a vCPU, as RDMSR and WRMSR have them. */
export interface VmxMsrAccess {
  /** Undefined where that faults. */
  read(index: number): bigint | undefined
  /** False where that faults. */
  write(index: number, value: bigint): boolean
  /** Whether the local APIC's registers are MSRs. */
  readonly x2apic: boolean
}

interface Entry {
  readonly index: number
  readonly reserved: number
  readonly value: bigint
}

const [IA32_FS_BASE, IA32_GS_BASE] = [0xc000_0100, 0xc000_0101]
const [IA32_SMM_MONITOR_CTL, IA32_SMBASE] = [0x9b, 0x9e]
const [IA32_BIOS_UPDT_TRIG, IA32_BIOS_SIGN_ID] = [0x79, 0x8b]
const neverMoved = new Set([IA32_BIOS_UPDT_TRIG, IA32_BIOS_SIGN_ID])
const neverLoaded = new Set([IA32_FS_BASE, IA32_GS_BASE, IA32_SMM_MONITOR_CTL])

const entryBytes = 16

const isApicRegister = (index: number): boolean => index >>> 8 === 8

/**
 * Loads a list of MSRs, one by one. Gives the number of the entry that could not be, counted from 1, or 0.
 *
 * Source: SDM 3C 27.4 Loading MSRs; arch/x86/kvm/vmx/nested.c nested_vmx_load_msr (Linux 6.12).
 */
export function loadMsrs(vmcs: LiveVmcs12, which: 'ENTRY' | 'EXIT', memory: VmxMemory, msrs: VmxMsrAccess): number {
  const count = vmcs.wordAt(which === 'ENTRY' ? at.VM_ENTRY_MSR_LOAD_COUNT : at.VM_EXIT_MSR_LOAD_COUNT)
  for (let at = 0; at < count; at += 1) {
    if (at >= mostEntries) return at + 1
    const entry = entryAt(memory, vmcs, `VM_${which}_MSR_LOAD_ADDR`, at)
    if (entry === undefined || !mayLoad(entry, msrs) || !msrs.write(entry.index, entry.value)) return at + 1
  }
  return 0
}

/**
 * Stores a list of MSRs. False where that fails.
 *
 * Source: SDM 3C 28.4 Saving MSRs; arch/x86/kvm/vmx/nested.c nested_vmx_store_msr (Linux 6.12).
 */
export function storeMsrs(vmcs: LiveVmcs12, memory: VmxMemory, msrs: VmxMsrAccess): boolean {
  const count = vmcs.wordAt(at.VM_EXIT_MSR_STORE_COUNT)
  for (let at = 0; at < count; at += 1) {
    if (at >= mostEntries) return false
    const entry = entryAt(memory, vmcs, 'VM_EXIT_MSR_STORE_ADDR', at)
    if (entry === undefined || !mayStore(entry, msrs)) return false
    const value = msrs.read(entry.index)
    if (value === undefined) return false
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, value, true)
    if (!memory.writePhysical(Number(vmcs.read('VM_EXIT_MSR_STORE_ADDR')) + at * entryBytes + 8, bytes)) return false
  }
  return true
}

/** As IA32_VMX_MISC tells it: 512 times what bits 27:25 are, and one more. */
const mostEntries = 512

function entryAt(memory: VmxMemory, vmcs: LiveVmcs12, list: Vmcs12Field, at: number): Entry | undefined {
  const bytes = bytesAt(memory, vmcs.read(list) + BigInt(at * entryBytes), entryBytes)
  if (bytes === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, entryBytes)
  return {
    index: view.getUint32(0, true),
    reserved: view.getUint32(4, true),
    value: view.getBigUint64(8, true),
  }
}

function isPlain({ index, reserved }: Entry, { x2apic }: VmxMsrAccess): boolean {
  return reserved === 0 && !neverMoved.has(index) && !(x2apic && isApicRegister(index))
}

const mayLoad = (entry: Entry, msrs: VmxMsrAccess): boolean => isPlain(entry, msrs) && !neverLoaded.has(entry.index)
const mayStore = (entry: Entry, msrs: VmxMsrAccess): boolean => isPlain(entry, msrs) && entry.index !== IA32_SMBASE
