import { pciWindow } from './acpi/dsdt.ts'

/** Guest memory beyond this many bytes continues at 4 GiB. */
export const lowMemoryLimit = pciWindow.first

const mebibyte = 0x10_0000
const sixteenMebibytes = 0x100_0000
const unit = 0x1_0000

/** How many bytes of guest memory lie below the PCI windows, and how many from 4 GiB on. */
export function memorySplit(memorySize: number): { readonly low: number; readonly high: number } {
  const low = Math.min(memorySize, lowMemoryLimit)
  return { low, high: memorySize - low }
}

/**
 * What firmware leaves in battery-backed memory about memory and processors, by index.
 * Source: SeaBIOS, docs and src/fw/paravirt.c, "qemu_cfg_legacy" and `qemu_early_e820`.
 */
export function firmwareMemory(memorySize: number, cpus: number): Readonly<Record<number, number>> {
  const { low, high } = memorySplit(memorySize)
  const baseKibibytes = 640
  const extended = Math.min(0xffff, Math.max(0, low - mebibyte) / 1024)
  const above16 = Math.min(0xffff, Math.floor(Math.max(0, low - sixteenMebibytes) / unit))
  const above4g = Math.floor(high / unit)
  const byte = (value: number, index: number) => Math.floor(value / 2 ** (8 * index)) & 0xff
  return {
    21: byte(baseKibibytes, 0),
    22: byte(baseKibibytes, 1),
    23: byte(extended, 0),
    24: byte(extended, 1),
    48: byte(extended, 0),
    49: byte(extended, 1),
    52: byte(above16, 0),
    53: byte(above16, 1),
    91: byte(above4g, 0),
    92: byte(above4g, 1),
    93: byte(above4g, 2),
    95: Math.min(0xff, cpus - 1),
  }
}
