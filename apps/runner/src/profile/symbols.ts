import type { Names } from '@vmm/guest-profile'
import { callersOf, findKallsyms, findOrc, readElfSymbols } from '@vmm/symbols'

/** Who names a guest's code: the image, where it is an ELF file with symbols, and the kernel that lies in memory now. */
export function namesOf(image: Uint8Array, memory: Uint8Array): Names {
  const kernel = findKallsyms(memory)?.table
  const tables = [readElfSymbols(image), kernel].filter((table) => table !== undefined)
  const orc = kernel && findOrc(memory, kernel)
  return { tables, ...(orc === undefined ? {} : { callers: (state) => callersOf(orc, state) }) }
}
