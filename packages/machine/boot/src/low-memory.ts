import { pageUp } from './bytes.ts'
import type { MemoryWrite } from './loaded.ts'
import { lowMemoryEnd } from './memory.ts'

const step = 0x1000

/**
 * A place below 640 KiB for what a loader tells an image, clear of the image: `preferred` or the next page after it that
 * is free. Page 0 and the two after it are never used: test kernels keep trampolines there.
 */
export function lowPlace(image: readonly MemoryWrite[], preferred: number, size: number): number | undefined {
  for (let at = preferred; at + size <= lowMemoryEnd; at = pageUp(at + step)) {
    if (image.every(({ address, bytes }) => address >= at + size || address + bytes.length <= at)) return at
  }
  return undefined
}
