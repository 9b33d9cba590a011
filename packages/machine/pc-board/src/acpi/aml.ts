/** A piece of ACPI Machine Language. Source: ACPI 6.5 chapter 20 "ACPI Machine Language (AML) Specification". */
export type Aml = readonly number[]

const opcode = {
  zero: 0x00,
  one: 0x01,
  name: 0x08,
  byte: 0x0a,
  word: 0x0b,
  dword: 0x0c,
  scope: 0x10,
  buffer: 0x11,
  package: 0x12,
  extended: 0x5b,
  device: 0x82,
} as const

function littleEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Math.floor(value / 2 ** (8 * index)) & 0xff)
}

/** A number of up to 32 bits, in its shortest form. Source: ACPI 6.5 §20.2.3. */
export function integer(value: number): Aml {
  if (value === 0) return [opcode.zero]
  if (value === 1) return [opcode.one]
  if (value <= 0xff) return [opcode.byte, value]
  return value <= 0xffff ? [opcode.word, ...littleEndian(value, 2)] : [opcode.dword, ...littleEndian(value, 4)]
}

function asciiOf(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0))
}

/**
 * A name of up to four characters, padded with underscores; a leading backslash makes it absolute.
 * Source: ACPI 6.5 §20.2.2.
 */
function nameString(name: string): number[] {
  const root = name.startsWith('\\')
  const segment = root ? name.slice(1) : name
  return [...(root ? [0x5c] : []), ...asciiOf(segment.padEnd(4, '_'))]
}

/** Prefixes a body with its length, which counts itself: one byte below 64, else up to four. Source: ACPI 6.5 §20.2.4. */
function withLength(body: Aml): number[] {
  if (body.length + 1 < 0x40) return [body.length + 1, ...body]
  const extra = body.length + 2 < 0x1000 ? 1 : body.length + 3 < 0x10_0000 ? 2 : 3
  const total = body.length + 1 + extra
  return [(extra << 6) | (total & 0x0f), ...littleEndian(Math.floor(total / 16), extra), ...body]
}

/** `Name (NAME, value)`. */
export function named(name: string, value: Aml): Aml {
  return [opcode.name, ...nameString(name), ...value]
}

/** `Scope (NAME) { … }`. */
export function scope(name: string, ...body: readonly Aml[]): Aml {
  return [opcode.scope, ...withLength([...nameString(name), ...body.flat()])]
}

/** `Device (NAME) { … }`. */
export function device(name: string, ...body: readonly Aml[]): Aml {
  return [opcode.extended, opcode.device, ...withLength([...nameString(name), ...body.flat()])]
}

/** `Package () { … }` of at most 255 elements. */
export function packageOf(...elements: readonly Aml[]): Aml {
  return [opcode.package, ...withLength([elements.length, ...elements.flat()])]
}

/** `Buffer () { … }`. */
export function buffer(bytes: readonly number[]): Aml {
  return [opcode.buffer, ...withLength([...integer(bytes.length), ...bytes])]
}

/** `EISAID ("PNP0A03")`: three letters of five bits and four hexadecimal digits, big endian. Source: ACPI 6.5 §19.6.36. */
export function eisaId(id: string): Aml {
  const letter = (index: number) => id.charCodeAt(index) - 0x40
  const product = Number.parseInt(id.slice(3), 16)
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2)
  return integer((((product & 0xff) << 24) | ((product >> 8) << 16) | ((vendor & 0xff) << 8) | (vendor >> 8)) >>> 0)
}

/** `ResourceTemplate () { … }`: descriptors, closed by an end tag. Source: ACPI 6.5 §6.4. */
export function resources(...descriptors: readonly (readonly number[])[]): Aml {
  return buffer([...descriptors.flat(), 0x79, 0x00])
}

/** `IO (Decode16, first, first, 1, count)`. Source: ACPI 6.5 §6.4.2.5. */
export function ioPorts(first: number, count: number): readonly number[] {
  return [0x47, 0x01, ...littleEndian(first, 2), ...littleEndian(first, 2), 0x01, count]
}

/** `IRQNoFlags () { line }`: edge-triggered, active high, not shared. Source: ACPI 6.5 §6.4.2.1. */
export function isaInterrupt(line: number): readonly number[] {
  return [0x22, ...littleEndian(1 << line, 2)]
}

const fixedRange = 0x0c

/** A range of bus numbers, I/O ports or memory that a bridge passes on. Source: ACPI 6.5 §6.4.3.5. */
export interface Window {
  readonly kind: 'bus' | 'io' | 'memory'
  readonly first: number
  readonly last: number
}

const windowTypes = { memory: [0, 0x01], io: [1, 0x03], bus: [2, 0x00] } as const

/** `WordBusNumber`, `WordIO` or `DWordMemory`, with fixed ends and passed on unchanged. */
export function bridgeWindow({ kind, first, last }: Window): readonly number[] {
  const [type, flags] = windowTypes[kind]
  const size = kind === 'memory' ? 4 : 2
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => littleEndian(value, size))
  return [size === 4 ? 0x87 : 0x88, ...littleEndian(fields.length + 3, 2), type, fixedRange, flags, ...fields]
}
