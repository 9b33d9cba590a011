import { vmcs12Bytes, vmcsRegionBytes } from '../../vmcs12/vmcs12.ts'

/** A region of 4096 bytes with what KVM copies of one: the part that holds something. */
export function keptRegion(given: Uint8Array | undefined): Uint8Array {
  const region = new Uint8Array(vmcsRegionBytes)
  if (given !== undefined) region.set(given.subarray(0, vmcs12Bytes))
  return region
}
