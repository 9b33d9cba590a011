/** A stretch of guest-physical memory as firmware reports it: type 1 is usable, 2 reserved, 3 ACPI. */
export interface E820Entry {
  readonly address: number
  readonly bytes: number
  readonly type: 1 | 2 | 3
}

/** Where the hole for devices begins; memory beyond it is moved above 4 GiB. */
export const deviceHole = 0xc000_0000
const fourGiB = 0x1_0000_0000

/** Conventional memory ends below the extended BIOS data area. */
export const lowMemoryEnd = 0x9_fc00
const highMemory = 0x10_0000

/** Guest RAM as slots: below the device hole, and the rest above 4 GiB. */
export function ramSlots(memorySize: number): readonly { readonly address: number; readonly bytes: number }[] {
  const low = Math.min(memorySize, deviceHole)
  const slots = [{ address: 0, bytes: low }]
  if (memorySize > low) slots.push({ address: fourGiB, bytes: memorySize - low })
  return slots
}

/** The memory map of a machine with this much RAM: what lies between 640 KiB and 1 MiB is firmware's. */
export function e820Map(memorySize: number): readonly E820Entry[] {
  const low = Math.min(memorySize, deviceHole)
  const map: E820Entry[] = [
    { address: 0, bytes: lowMemoryEnd, type: 1 },
    { address: lowMemoryEnd, bytes: 0xa_0000 - lowMemoryEnd, type: 2 },
    { address: 0xf_0000, bytes: 0x1_0000, type: 2 },
    { address: highMemory, bytes: low - highMemory, type: 1 },
  ]
  if (memorySize > low) map.push({ address: fourGiB, bytes: memorySize - low, type: 1 })
  return map
}

/** The end of usable memory below 4 GiB. */
export function lowEnd(memorySize: number): number {
  return Math.min(memorySize, deviceHole)
}
