/** A symbol as a sample is made of it. */
export type SampleSymbol = readonly [address: bigint, kindAndName: string]

/** How releases lay their tables out. */
export interface Layout {
  readonly word: 4 | 8
  /** Offsets and base stand before the count, or behind the words. */
  readonly offsets: 'before' | 'behind'
  /** A list between the markers and the words, of so many bytes a symbol. */
  readonly sequence: 0 | 3 | 4
  /** Symbols of the per-CPU area are absolute, and all others count down from the base. */
  readonly absolutePerCpu: boolean
}

const perMarker = 256

/** Writes tables as a kernel's build does: single characters and a few longer words. */
class Writer {
  readonly bytes: number[] = []

  align(to: number): number {
    while (this.bytes.length % to !== 0) this.bytes.push(0)
    return this.bytes.length
  }

  /** A number of so many bytes, of any sign. */
  put(value: bigint | number, bytes: number): void {
    for (let left = bytes, rest = BigInt.asUintN(64, BigInt(value)); left > 0; left -= 1, rest >>= 8n)
      this.bytes.push(Number(rest & 0xffn))
  }

  text(text: string): void {
    for (const character of text) this.bytes.push(character.charCodeAt(0))
  }
}

/** Words by their code: a character is its own, and codes that no character has are longer words. */
const words = Array.from({ length: 256 }, (_, code) => {
  if (code > 0x20 && code < 0x7f) return String.fromCharCode(code)
  return code < 0x20 ? `word_${code}_` : `w${code}`
})

/** Compressed greedily by the longest words. */
function codesOf(text: string): number[] {
  const codes: number[] = []
  for (let rest = text; rest !== ''; ) {
    const fitting = words.flatMap((word, code) => (rest.startsWith(word) ? [code] : []))
    const best = fitting.reduce((a, b) => (words[b]!.length > words[a]!.length ? b : a))
    codes.push(best)
    rest = rest.slice(words[best]!.length)
  }
  return codes
}

/** Memory in which a kernel with these symbols lies, its tables somewhere in the middle of other things. */
export function sampleKernel(base: bigint, symbols: readonly SampleSymbol[], layout: Layout): Uint8Array {
  const { word, offsets, sequence, absolutePerCpu } = layout
  const writer = new Writer()
  writer.text('x'.repeat(1001))
  const addresses = () => {
    writer.align(word)
    for (const [address] of symbols) {
      const isAbsolute = absolutePerCpu && address < base
      writer.put(isAbsolute || !absolutePerCpu ? (isAbsolute ? address : address - base) : base - 1n - address, 4)
    }
    writer.align(word)
    writer.put(base, word)
  }
  if (offsets === 'before') addresses()
  writer.align(word)
  writer.put(symbols.length, 4)
  const names = writer.align(word)
  const markers: number[] = []
  for (const [index, [, name]] of symbols.entries()) {
    if (index % perMarker === 0) markers.push(writer.bytes.length - names)
    const codes = codesOf(name)
    if (codes.length > 0x7f) writer.put((codes.length & 0x7f) | 0x80 | ((codes.length >> 7) << 8), 2)
    else writer.put(codes.length, 1)
    writer.bytes.push(...codes)
  }
  writer.align(word)
  for (const marker of markers) writer.put(marker, 4)
  writer.align(word)
  for (let left = symbols.length * sequence; left > 0; left -= 1) writer.bytes.push((left * 7) & 0xff)
  const index: number[] = []
  const strings = writer.align(word)
  for (const each of words) {
    index.push(writer.bytes.length - strings)
    writer.text(`${each}\0`)
  }
  writer.align(word)
  for (const at of index) writer.put(at, 2)
  if (offsets === 'behind') addresses()
  writer.text('y'.repeat(333))
  return Uint8Array.from(writer.bytes)
}
