/** A part of an ELF program: bytes, and what it may do. */
export interface Part {
  readonly address: number
  readonly content: Uint8Array
  /** Bytes in memory, zeros behind the content. */
  readonly size: number
  readonly flags: number
}

export const partFlags = { execute: 1, write: 2, read: 4 } as const
const [headerBytes, programHeaderBytes, page] = [64, 56, 4096]

/** A static x86-64 Linux program of these parts. Source: System V ABI, chapters 4 and 5. */
export function elfProgram(entry: number, parts: readonly Part[]): Uint8Array {
  const starts: number[] = []
  let end = page
  for (const { content } of parts) {
    starts.push(end)
    end = Math.ceil((end + content.length) / page) * page
  }
  const file = new Uint8Array(end)
  const view = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, 62, true)
  view.setUint32(20, 1, true)
  view.setBigUint64(24, BigInt(entry), true)
  view.setBigUint64(32, BigInt(headerBytes), true)
  view.setUint16(52, headerBytes, true)
  view.setUint16(54, programHeaderBytes, true)
  view.setUint16(56, parts.length, true)
  parts.forEach(({ address, content, size, flags }, index) => {
    const header = headerBytes + index * programHeaderBytes
    view.setUint32(header, 1, true)
    view.setUint32(header + 4, flags, true)
    const fields = [starts[index]!, address, address, content.length, size, page]
    fields.forEach((field, at) => {
      view.setBigUint64(header + 8 + at * 8, BigInt(field), true)
    })
    file.set(content, starts[index]!)
  })
  return file
}
