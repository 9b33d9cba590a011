/** Guest-physical memory of L1. */
export interface VmxMemory {
  /** From an address as far as it goes; undefined where there is none. */
  physical(address: number): Uint8Array | undefined
  /** False where so much memory is not. */
  writePhysical(address: number, bytes: Uint8Array): boolean
}

/** Some bytes of memory at an address of 64 bits, or undefined where there are not so many. */
export function bytesAt(memory: VmxMemory, address: bigint, bytes: number): Uint8Array | undefined {
  if (address > maximum) return undefined
  const found = memory.physical(Number(address))
  return found === undefined || found.length < bytes ? undefined : found.subarray(0, bytes)
}

/** 32 bits of memory. */
export function wordAt(memory: VmxMemory, address: bigint): number | undefined {
  const found = bytesAt(memory, address, 4)
  return found === undefined ? undefined : new DataView(found.buffer, found.byteOffset, 4).getUint32(0, true)
}

const maximum = 0xf_ffff_ffff_ffffn
