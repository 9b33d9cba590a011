import { findKallsyms, readElfSymbols, type SymbolTable } from '@vmm/symbols'

/** Who names a guest's code: the image, where it is an ELF file with symbols, and the kernel that lies in memory now. */
export function symbolsOf(image: Uint8Array, memory: Uint8Array): readonly SymbolTable[] {
  const tables = [readElfSymbols(image), findKallsyms(memory)?.table]
  return tables.filter((table) => table !== undefined)
}
