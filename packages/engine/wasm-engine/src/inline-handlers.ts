import { createDecoded, decode } from '@vmm/x86-decoder'
import { emitHandler, type HandlerSpec, type Surroundings } from './handler.ts'
import type { HandlerTable } from './handler-table.ts'
import { firstHandler, type Inline, type InlineHandler, leaveTo } from './interpreter/run.ts'
import { modeWord } from './mode-word.ts'

/** A handler that the run loop contains: an encoding in 64-bit code that has its shape, and whether its flags are dead. */
export type HotHandler = readonly [bytes: string, flags: 'live' | 'dead']

const longMode = modeWord({ execution: 'long', codeSize: 64, stackSize: 64, user: false })

/** Gives hot shapes their slots, and a maker of their code for the interpreter module. */
export function inlineHandlers(
  hot: readonly HotHandler[],
  table: HandlerTable,
): (around: Surroundings) => readonly InlineHandler[] {
  const specs = hot.map(([sample, flags], index) => {
    const bytes = Uint8Array.from(sample.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    const decoded = createDecoded()
    const failure = decode(bytes, 0, bytes.length, 64, decoded)
    const shape = failure === undefined ? table.shape(decoded, longMode, () => sample) : undefined
    if (shape === undefined) throw new Error(`the hot handler ${sample} is no described instruction`)
    return table.inline(shape, flags === 'dead', firstHandler + index)
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
