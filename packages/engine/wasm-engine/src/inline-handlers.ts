import { createDecoded, decode } from '@vmm/x86-decoder'
import { emitHandler, type HandlerSpec, type Surroundings } from './handler.ts'
import type { HandlerTable } from './handler-table.ts'
import { type Inline, type InlineHandler, leaveTo } from './interpreter/run.ts'
import { modeOfWord } from './mode-word.ts'

/** A handler that a run loop contains: an encoding in code of its mode that has its shape, and whether its flags are dead. */
export type HotHandler = readonly [bytes: string, flags: 'live' | 'dead']

/** Gives the hot shapes of a mode their slots from `first` up, and a maker of their code for the module of the loop. */
export function inlineHandlers(
  hot: readonly HotHandler[],
  table: HandlerTable,
  { word, first }: { readonly word: number; readonly first: number },
): (around: Surroundings) => readonly InlineHandler[] {
  const { codeSize } = modeOfWord(word)
  const specs = hot.map(([sample, flags], index) => {
    const bytes = Uint8Array.from(sample.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    const decoded = createDecoded()
    const failure = decode(bytes, 0, bytes.length, codeSize, decoded)
    const shape = failure === undefined ? table.shape(decoded, word, () => sample) : undefined
    if (shape === undefined) throw new Error(`the hot handler ${sample} is no described instruction`)
    return table.inline(shape, flags === 'dead', first + index)
  })
  return (around) => specs.map((spec) => (inline: Inline) => emitInline(spec, inline, around))
}

function emitInline(spec: HandlerSpec, inline: Inline, around: Surroundings): void {
  emitHandler(spec, inline, around, {
    next: () => leaveTo.next(inline),
    jumped: () => leaveTo.jumped(inline),
    status: (value) => leaveTo.status(inline, value),
  })
}
