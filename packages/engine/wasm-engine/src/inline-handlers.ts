import { createDecoded, type Decoded } from '@vmm/x86-decoder'
import { decode } from './decoder.ts'
import { emitHandler, type HandlerSpec, type Leaving, type Surroundings } from './handler.ts'
import type { HandlerTable } from './handler-table.ts'
import { type Inline, type InlineHandler, leaveTo } from './interpreter/run.ts'
import { type CodeMode, modeOfWord } from './mode-word.ts'
import { linkInRecord, recordBytes } from './state-layout.ts'

/** A handler that a run loop contains: an encoding in code of its mode that has its shape, and whether its flags are dead. */
export type HotHandler = readonly [bytes: string, flags: 'live' | 'dead']

/** Two that often follow each other: their handlers in one. */
export type HotPair = readonly [first: string, second: string]

/** What a run loop contains. */
export interface Hot {
  readonly handlers: readonly HotHandler[]
  readonly pairs: readonly HotPair[]
}

/** How many handler numbers a run loop takes. */
export const numbersOf = ({ handlers, pairs }: Hot): number => handlers.length + pairs.length

/** Samples of the lists of hot handlers, which every machine asks for. */
const samples: Readonly<Record<CodeMode['codeSize'], Map<string, Decoded>>> = {
  16: new Map(),
  32: new Map(),
  64: new Map(),
}

function decodedFrom(sample: string, codeSize: CodeMode['codeSize']): Decoded | undefined {
  const known = samples[codeSize].get(sample)
  if (known !== undefined) return known
  const bytes = Uint8Array.from(sample.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const decoded = createDecoded()
  if (decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined) return undefined
  samples[codeSize].set(sample, decoded)
  return decoded
}

/** Gives the hot shapes of a mode their slots from `first` up, and a maker of their code for the module of the loop. */
export function inlineHandlers(
  { handlers, pairs }: Hot,
  table: HandlerTable,
  { word, first }: { readonly word: number; readonly first: number },
): (around: Surroundings) => readonly InlineHandler[] {
  const { codeSize } = modeOfWord(word)
  const shapeOf = (sample: string) => {
    const decoded = decodedFrom(sample, codeSize)
    const shape = decoded && table.shape(decoded, word, () => sample)
    if (shape === undefined) throw new Error(`the hot handler ${sample} is no described instruction`)
    return shape
  }
  const singles = handlers.map(([sample, flags], index) =>
    table.inline(shapeOf(sample), flags === 'dead', first + index),
  )
  const doubles = pairs.map(([a, b], index) =>
    table.inlinePair(shapeOf(a), shapeOf(b), first + handlers.length + index),
  )
  return (around) => [
    ...singles.map((spec) => (inline: Inline) => emitHandler(spec, inline, around, leavingOf(inline))),
    ...doubles.map((specs) => (inline: Inline) => emitPair(specs, inline, around)),
  ]
}

const leavingOf = (inline: Inline): Leaving => ({
  next: () => leaveTo.next(inline),
  jumped: () => leaveTo.jumped(inline),
  along: (way) => {
    const { code, record, link } = inline
    link.set(code.op('i32.add', record.get(), code.i32(linkInRecord[way])))
  },
  linked: () => leaveTo.linked(inline),
  again: () => leaveTo.again(inline),
  status: (value) => leaveTo.status(inline, value),
})

/** The second follows at once, and finds the flags of the first at hand, unless an access has asked for the block to end. */
function emitPair([first, second]: readonly [HandlerSpec, HandlerSpec], inline: Inline, around: Surroundings): void {
  const { code, record } = inline
  const begun = code.hold(record.get())
  const leaving = leavingOf(inline)
  emitHandler(first, inline, around, {
    ...leaving,
    next: (flags) => {
      code.if(code.op('i32.ne', record.get(), begun), () => leaveTo.next(inline))
      record.set(code.op('i32.add', begun, code.i32(recordBytes)))
      emitHandler(second, inline, around, leaving, flags)
    },
  })
}
