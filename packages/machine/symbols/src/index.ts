export { readElfSymbols } from './elf-symbols.ts'
export { findKallsyms, type Kallsyms, type KernelSymbol } from './kallsyms/kallsyms.ts'
export { type SymbolAt, type SymbolRow, SymbolTable } from './symbol-table.ts'
