import type { Assembler } from '@vmm/x86-assembler'

type CodeSize = Parameters<Assembler['bits']>[0]

/** An instruction that was assembled: the label where it begins, and the size of its code. */
export interface Assembled {
  readonly label: string
  readonly codeSize: CodeSize
}

/** Has an assembler tell of each instruction before it is assembled. */
export function watched(a: Assembler, beginning: CodeSize, tell: (assembled: Assembled) => void): Assembler {
  let codeSize = beginning
  const { emit, emitRow, bits } = a
  const named = () => {
    const label = a.unique('instruction')
    a.label(label)
    tell({ label, codeSize })
  }
  return Object.assign(a, {
    emit(...instruction: Parameters<Assembler['emit']>) {
      named()
      return emit.apply(a, instruction)
    },
    emitRow(...instruction: Parameters<Assembler['emitRow']>) {
      named()
      return emitRow.apply(a, instruction)
    },
    bits(size: CodeSize) {
      codeSize = size
      return bits.call(a, size)
    },
  })
}
