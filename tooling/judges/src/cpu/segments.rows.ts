/** A descriptor of the global table: its number, bits 55:40 without the limit's, and the limit in bytes less one. */
export type GlobalDescriptor = readonly [index: number, access: number, limit: number]

/**
 * What Linux has in the global table of each processor, and a program may name. Thread-local entries are empty, and the one
 * that tells the number of the processor is left out. Source: Linux, arch/x86/include/asm/segment.h, arch/x86/kernel/cpu/common.c, gdt_page.
 */
export const globalDescriptors: readonly GlobalDescriptor[] = [
  [1,  0xc09b, 0xffff_ffff],
  [2,  0xa09b, 0xffff_ffff],
  [3,  0xc093, 0xffff_ffff],
  [4,  0xc0fb, 0xffff_ffff],
  [5,  0xc0f3, 0xffff_ffff],
  [6,  0xa0fb, 0xffff_ffff],
  [8,  0x008b, 0x206f],
  [10, 0x0082, 0x5f],
]

/** Where a local segment begins. */
export type LocalBase = 'nowhere' | 'data' | 'code'

/** A descriptor of the local table, as `modify_ldt` is told: base, limit in its units, and the flags of `struct user_desc`. */
export type LocalDescriptor = readonly [base: LocalBase, limit: number, flags: readonly UserFlag[]]

/** Flags of `struct user_desc`, by their bits. Source: Linux, arch/x86/include/uapi/asm/ldt.h. */
export const userFlags = {
  seg_32bit: 1,
  expandDown: 2,
  code: 4,
  conforming: 6,
  read_exec_only: 8,
  limit_in_pages: 0x10,
  seg_not_present: 0x20,
  useable: 0x40,
} as const
export type UserFlag = keyof typeof userFlags

/** What the program puts into its local table; the first entry stays empty. Source: modify_ldt(2). */
export const localDescriptors: readonly LocalDescriptor[] = [
  ['data',    0xfff,    ['seg_32bit']],
  ['nowhere', 0xf_ffff, ['seg_32bit', 'read_exec_only', 'limit_in_pages']],
  ['data',    0xfff,    []],
  ['nowhere', 0xfff,    ['seg_32bit', 'expandDown', 'limit_in_pages']],
  ['code',    0xfff,    ['seg_32bit', 'code']],
  ['code',    0xfff,    ['seg_32bit', 'code', 'read_exec_only']],
  ['code',    0xfff,    ['code']],
  ['code',    0xfff,    ['seg_32bit', 'conforming', 'seg_not_present']],
  ['data',    0xfff,    ['seg_32bit', 'seg_not_present']],
  ['data',    0,        ['read_exec_only', 'useable']],
  ['code',    0x7f,     ['seg_32bit', 'code', 'useable']],
]
