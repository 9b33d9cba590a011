import { register } from './registers.ts'

const pageBytes = 1024
const registerBytes = 16

/** Registers as the first KiB of the page that they are seen in, each 32 bits at sixteen times its number. Those that are not there are zero. */
export function pageOf(read: (number: number) => number | undefined): Uint8Array {
  const view = new DataView(new ArrayBuffer(pageBytes))
  for (let number = register.id; number < pageBytes / registerBytes; number += 1)
    view.setUint32(number * registerBytes, read(number) ?? 0, true)
  return new Uint8Array(view.buffer)
}

/** Reads such a page. */
export function registersOf(page: Uint8Array): (number: number) => number {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  return (number) => view.getUint32(number * registerBytes, true)
}
