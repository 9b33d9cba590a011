import { viewOf } from './bytes.ts'
import { isBzImage } from './bzimage.ts'
import { crc32 } from './crc32.ts'
import { decodeText } from './text.ts'

/** Offsets in the setup header. Source: Documentation/arch/x86/boot.rst, The Real-Mode Kernel Header. */
const header = { setupSects: 0x1f1, sysSize: 0x1f4, version: 0x206, kernelVersion: 0x20e } as const
const [sector, paragraph] = [512, 16]
const hasChecksum = 0x208
/** Linux 6.15 makes no checksum any more. Source: commit "x86/boot: Drop CRC-32 checksum and the build tool that generates it". */
const lastRelease = { major: 6, minor: 14 } as const

/** Offsets in a PE file that whoever signs it fills in. Source: Microsoft PE Format, Optional Header. */
const pe = {
  at: 0x3c,
  mark: 0x0000_4550,
  optional: 24,
  checksum: 64,
  wide: 0x20b,
  certificate: { narrow: 128, wide: 144 },
}

/**
 * What the checksum that an image has of itself says against it, in one line: a bzImage of Linux 2.6.26 to 6.14 has one, and
 * it may have been signed since. Undefined where nothing is wrong, or nothing is known.
 * `sum` is CRC-32 without the inversions, as `crc32` has it: whoever has a quicker one brings it along.
 * Source: boot.rst, The Image Checksum.
 */
export function damageOf(image: Uint8Array, sum: typeof crc32 = crc32): string | undefined {
  if (!isBzImage(image) || image.length < header.kernelVersion + 2) return undefined
  const view = viewOf(image)
  if (view.getUint16(header.version, true) < hasChecksum || !isOfRelease(image)) return undefined
  const setup = ((view.getUint8(header.setupSects) || 4) + 1) * sector
  const end = setup + view.getUint32(header.sysSize, true) * paragraph
  if (end > image.length) return undefined
  const crc = sum(image.subarray(setup, end), sum(unsigned(image.slice(0, setup))))
  return crc === 0 ? undefined : `the kernel image is corrupted: its CRC-32 comes to ${crc.toString(16)}, expected 0`
}

/** Whether the kernel that tells its release is one that has a checksum. */
function isOfRelease(image: Uint8Array): boolean {
  const at = viewOf(image).getUint16(header.kernelVersion, true) + 0x200
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)\./.exec(decodeText(image.subarray(at, at + 32))) ?? []
  if (major === '') return false
  return (
    Number(major) < lastRelease.major || (Number(major) === lastRelease.major && Number(minor) <= lastRelease.minor)
  )
}

/** The setup code as it was before it was signed. */
function unsigned(setup: Uint8Array): Uint8Array {
  const view = viewOf(setup)
  const optional = view.getUint32(pe.at, true) + pe.optional
  if (optional + pe.certificate.wide + 8 > setup.length) return setup
  if (view.getUint32(optional - pe.optional, true) !== pe.mark) return setup
  const certificate = view.getUint16(optional, true) === pe.wide ? pe.certificate.wide : pe.certificate.narrow
  view.setUint32(optional + pe.checksum, 0)
  view.setBigUint64(optional + certificate, 0n)
  return setup
}
