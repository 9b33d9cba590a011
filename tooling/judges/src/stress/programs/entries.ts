import { type Assembler, mem64, rax } from '@vmm/x86-assembler'
import { entryOf } from '../scenery.ts'

/** Bits of an entry of page tables. Source: SDM 3A §4.5.4, Table 4-20. */
export const [present, writable] = [1, 2] as const
const user = 4
export const all: number = present | writable | user

/** Writes the entry of a page. RAX is lost. */
export const setEntry = (a: Assembler, page: number, entry: number | bigint): Assembler =>
  a.mov(rax, entry).mov(mem64(entryOf(page)), rax)
