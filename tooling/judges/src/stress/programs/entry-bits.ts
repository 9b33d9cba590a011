/** Bits of an entry of page tables. Source: SDM 3A §4.5.4, Table 4-20. */
export const [present, writable] = [1, 2] as const
const user = 4
export const all: number = present | writable | user
