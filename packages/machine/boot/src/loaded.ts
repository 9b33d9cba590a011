import { encodeText } from './text.ts'

/** Bytes that go to a guest-physical address. Writes are made in their order: a later one wins. */
export interface MemoryWrite {
  readonly address: number
  readonly bytes: Uint8Array
}

/** A segment register at the start; `access` is the form of VMX (see x86-registers). */
export interface StartSegment {
  readonly selector: number
  readonly base: number
  readonly limit: number
  readonly access: number
}

/** The state a boot protocol starts a processor in. Registers that are not named are zero. */
export interface StartState {
  readonly rip: number
  readonly registers: Readonly<Partial<Record<'RAX' | 'RBX' | 'RCX' | 'RDX' | 'RSI' | 'RDI' | 'RSP' | 'RBP', number>>>
  readonly cr0: number
  readonly cr3: number
  readonly cr4: number
  readonly efer: number
  /** CS. */
  readonly code: StartSegment
  /** DS, ES, FS, GS and SS. */
  readonly data: StartSegment
  readonly gdt?: { readonly base: number; readonly limit: number }
}

/** What a loader gives: everything to write, and where to begin. */
export interface LoadedImage {
  readonly kind: 'loaded'
  readonly protocol: Protocol
  readonly writes: readonly MemoryWrite[]
  readonly start: StartState
}

/** One line that names what was wrong and what was expected. */
export interface RefusedImage {
  readonly kind: 'refused'
  readonly says: string
}

/** How an image wants to be begun. */
export type Protocol = 'bzimage' | 'pvh' | 'multiboot' | 'flat'

/** What goes beside an image. */
export interface LoadOptions {
  /** Bytes of guest RAM. */
  readonly memorySize: number
  /** The kernel's command line; for multiboot images the whole of argv, the program's name first. */
  readonly commandLine?: string
  /** The initial RAM file system; for multiboot images module 0. */
  readonly initrd?: Uint8Array
  /** Guest-physical address of the ACPI RSDP, where the protocol can tell it. */
  readonly rsdp?: number
}

/** The value that says no. */
export function refused(says: string): RefusedImage {
  return { kind: 'refused', says }
}

/** Present, accessed, ring 0; G; D or L. */
export const flatSegments = {
  code32: { selector: 0x10, base: 0, limit: 0xffff_ffff, access: 0xc09b },
  code64: { selector: 0x10, base: 0, limit: 0xffff_ffff, access: 0xa09b },
  data: { selector: 0x18, base: 0, limit: 0xffff_ffff, access: 0xc093 },
} as const

/** Where a 32-bit entry begins: protected mode without paging, flat segments, interrupts off. */
export function protectedStart(rip: number, registers: StartState['registers']): StartState {
  const { code32: code, data } = flatSegments
  return { rip, registers, cr0: 0x11, cr3: 0, cr4: 0, efer: 0, code, data }
}

/** A NUL-terminated string as bytes. Characters are UTF-8. */
export function cString(text: string): Uint8Array {
  return encodeText(`${text}\0`)
}

const mebibytes = (bytes: number): string => `${(bytes / 1048576).toFixed(1)} MiB`

/** The refusal of something that is larger than the memory it should go into. */
export function tooLarge(what: string, bytes: number, memorySize: number): RefusedImage {
  return refused(`${what} needs ${mebibytes(bytes)} and the guest has ${mebibytes(memorySize)} of memory`)
}
