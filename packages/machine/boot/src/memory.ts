/** A stretch of guest-physical memory as firmware reports it: type 1 is usable, 2 reserved. */
export interface E820Entry {
  readonly address: number
  readonly bytes: number
  readonly type: 1 | 2
}

/** Where the hole for devices begins; memory beyond it is moved above 4 GiB. */
export const deviceHole = 0xc000_0000
const fourGiB = 0x1_0000_0000

/** Conventional memory ends below the extended BIOS data area. */
export const lowMemoryEnd = 0x9_fc00
const videoMemory = 0xa_0000
/** Firmware's: the ACPI tables are here, too. */
const firmware = 0xe_0000
const highMemory = 0x10_0000

/** Guest RAM as slots: below the device hole, and the rest above 4 GiB. */
export function ramSlots(memorySize: number): readonly { readonly address: number; readonly bytes: number }[] {
  const low = lowEnd(memorySize)
  const slots = [{ address: 0, bytes: low }]
  if (memorySize > low) slots.push({ address: fourGiB, bytes: memorySize - low })
  return slots
}

/**
 * The memory map of a machine with this much RAM, in ascending order: usable below 640 KiB and from 1 MiB on; firmware has
 * its data at the top of the first, and its tables below the second.
 */
export function e820Map(memorySize: number): readonly E820Entry[] {
  const low = lowEnd(memorySize)
  const usable = (address: number, end: number): readonly E820Entry[] =>
    end > address ? [{ address, bytes: end - address, type: 1 }] : []
  return [
    ...usable(0, Math.min(low, lowMemoryEnd)),
    { address: lowMemoryEnd, bytes: videoMemory - lowMemoryEnd, type: 2 },
    { address: firmware, bytes: highMemory - firmware, type: 2 },
    ...usable(highMemory, low),
    ...usable(fourGiB, fourGiB + memorySize - low),
  ]
}

/** The end of usable memory below 4 GiB. */
export function lowEnd(memorySize: number): number {
  return Math.min(memorySize, deviceHole)
}
