import type { PhysicalMemory } from '@vmm/oracle'

/** Bytes as physical memory that begins at 0; behind them there is none. */
export function plainMemory(bytes: Uint8Array): PhysicalMemory {
  return {
    read: (address) => bytes[address],
    write: (address, byte) => {
      if (address >= bytes.length) return false
      bytes[address] = byte
      return true
    },
  }
}
