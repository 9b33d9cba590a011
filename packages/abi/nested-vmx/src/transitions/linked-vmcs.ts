import { noAddress } from '../nested-state.ts'
import { vmcsReader } from '../vmcs/vmcs-layout.ts'
import { type LivePlace, liveLayout, type PlaceReader } from '../vmcs12/live-places.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { vmcsRegionBytes } from '../vmcs12/vmcs12.ts'
import { bytesAt, type VmxMemory } from './processor.ts'

/**
 * The region in guest memory that a VMCS links; empty where memory has none there, and undefined where nothing is linked.
 *
 * Source: SDM 3C 25.4.2, VMCS link pointer.
 */
export function linkedRegion(memory: VmxMemory, vmcs: LiveVmcs12): Uint8Array | undefined {
  const link = vmcs.read('VMCS_LINK_POINTER')
  return link === noAddress ? undefined : (bytesAt(memory, link, vmcsRegionBytes) ?? new Uint8Array(0))
}

/** Reads the fields of the VMCS that another one links. */
export function linkedReader(memory: VmxMemory, vmcs: LiveVmcs12): PlaceReader | undefined {
  const region = linkedRegion(memory, vmcs)
  if (region === undefined) return undefined
  const read = vmcsReader(region, liveLayout)
  return ({ field }) => read(field)
}

/** Writes what fits of a value into a field of the VMCS that another one links. */
export function writeLinked(memory: VmxMemory, vmcs: LiveVmcs12, { offset, bytes }: LivePlace, value: bigint): void {
  const told = new Uint8Array(8)
  new DataView(told.buffer).setBigUint64(0, BigInt.asUintN(64, value), true)
  memory.writePhysical(Number(vmcs.read('VMCS_LINK_POINTER')) + offset, told.subarray(0, bytes))
}

/** The VMCS that another one links is what user space says; nothing is where nothing is linked. */
export function putLinked(memory: VmxMemory, vmcs: LiveVmcs12, region: Uint8Array): void {
  const link = vmcs.read('VMCS_LINK_POINTER')
  if (link !== noAddress) memory.writePhysical(Number(link), region)
}
