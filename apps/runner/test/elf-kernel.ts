import { type Assembler, assembler, esp, label } from '@vmm/x86-assembler'

const origin = 0x10_0000
const stack = 0x20_0000
const magic = 0x1bad_b002
const codeAt = 0x1000
const [header, segment, section, symbol] = [52, 32, 40, 16]
const [programBits, stringTable, symbolTable] = [1, 3, 2]
const executable = 6

/** A multiboot kernel as an ELF file with a symbol for each of these labels, in their order. */
export function elfKernel(names: readonly string[], build: (a: Assembler) => void): Uint8Array {
  const a = assembler({ origin, codeSize: 32 })
  a.dd(magic, 0, -magic >>> 0)
  a.label('entry').mov(esp, stack)
  build(a)
  // where the labels are is behind the code, and is not loaded
  a.label('end of code')
  for (const name of ['entry', 'end of code', ...names]) a.dd(label(name))
  const assembled = a.finish().bytes
  const view = new DataView(assembled.buffer, assembled.byteOffset, assembled.length)
  const tableAt = assembled.length - 4 * (names.length + 2)
  const placeOf = (index: number) => view.getUint32(tableAt + index * 4, true)
  const code = assembled.subarray(0, tableAt)
  const symbols = names.map((name, index) => ({ name, place: placeOf(index + 2) }))
  return elf(code, placeOf(0), symbols)
}

function elf(
  code: Uint8Array,
  entry: number,
  symbols: readonly { readonly name: string; readonly place: number }[],
): Uint8Array {
  const names = `\0${symbols.map(({ name }) => `${name}\0`).join('')}`
  const namesAt = codeAt + Math.ceil(code.length / 16) * 16
  const symbolsAt = namesAt + Math.ceil(names.length / 16) * 16
  const sectionsAt = symbolsAt + symbol * (symbols.length + 1)
  const file = Buffer.alloc(sectionsAt + 4 * section)
  const words = (at: number, ...values: number[]) => {
    for (const [index, value] of values.entries()) file.writeUInt32LE(value, at + index * 4)
  }
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  words(16, 2 | (3 << 16), 1, entry, header, sectionsAt, 0, header | (segment << 16), 1 | (section << 16), 4)
  words(header, 1, codeAt, origin, origin, code.length, code.length, 7, codeAt)
  file.set(code, codeAt)
  file.write(names, namesAt, 'latin1')
  let name = 1
  for (const [index, each] of symbols.entries()) {
    words(symbolsAt + (index + 1) * symbol, name, each.place, 0, 1 << 16)
    name += each.name.length + 1
  }
  words(sectionsAt + section, 0, programBits, executable, origin, codeAt, code.length)
  words(sectionsAt + 2 * section, 0, stringTable, 0, 0, namesAt, names.length)
  words(sectionsAt + 3 * section, 0, symbolTable, 0, 0, symbolsAt, symbol * (symbols.length + 1), 2)
  return file
}
