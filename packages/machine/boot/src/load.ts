import { isBzImage, loadBzImage } from './bzimage.ts'
import { isElf } from './elf.ts'
import { type LoadedImage, type LoadOptions, type Protocol, type RefusedImage, refused, tooLarge } from './loaded.ts'
import { lowEnd } from './memory.ts'
import { findMultiboot, loadMultiboot } from './multiboot.ts'
import { loadPvh } from './pvh.ts'

const lastRealModeStart = 0xf_fff0

/** What kind of image bytes are, by their own marks; undefined for the rest. Flat images have none. */
export function detect(image: Uint8Array): Exclude<Protocol, 'flat'> | undefined {
  if (isBzImage(image)) return 'bzimage'
  if (findMultiboot(image) !== undefined) return 'multiboot'
  return isElf(image) ? 'pvh' : undefined
}

/**
 * Loads an image by the protocol it is made for. Whatever the bytes are, the answer is a value: something to write that
 * fits the memory, or one line that says what was wrong.
 */
export function loadImage(image: Uint8Array, options: LoadOptions): LoadedImage | RefusedImage {
  switch (detect(image)) {
    case 'bzimage':
      return loadBzImage(image, options)
    case 'multiboot':
      return loadMultiboot(image, options)
    case 'pvh':
      return loadPvh(image, options)
    default:
      return refused(notKernel(image))
  }
}

/** What files that were packed begin with. */
const packed: readonly (readonly [string, number, number])[] = [
  ['gzip', 0x1f, 0x8b],
  ['bzip2', 0x42, 0x5a],
  ['xz', 0xfd, 0x37],
  ['LZ4', 0x02, 0x21],
  ['LZ4', 0x04, 0x22],
  ['Zstandard', 0x28, 0xb5],
]

function notKernel(image: Uint8Array): string {
  const packer = packed.find(([, first, second]) => image[0] === first && image[1] === second)?.[0]
  const what = packer === undefined ? 'not a kernel' : `packed with ${packer}`
  return `${what}: expected a Linux bzImage, an ELF file with a PVH note, or a multiboot image`
}

/** A flat image at an address, begun in real mode with CS:IP = address / 16 : 0 and all segments alike. */
export function loadFlat(image: Uint8Array, address: number, options: LoadOptions): LoadedImage | RefusedImage {
  if (!(address % 16 === 0 && address >= 0 && address <= lastRealModeStart)) {
    return refused(`a flat image begins at a multiple of 16 below 1 MiB, not at 0x${address.toString(16)}`)
  }
  if (image.length === 0) return refused('the image is empty')
  if (address + image.length > lowEnd(options.memorySize)) {
    return tooLarge('the image', address + image.length, options.memorySize)
  }
  const segment = { selector: address >> 4, base: address, limit: 0xffff }
  return {
    kind: 'loaded',
    protocol: 'flat',
    writes: [{ address, bytes: image }],
    start: {
      rip: 0,
      registers: {},
      cr0: 0x10,
      cr3: 0,
      cr4: 0,
      efer: 0,
      code: { ...segment, access: 0x9b },
      data: { ...segment, access: 0x93 },
    },
  }
}
