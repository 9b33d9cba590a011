/** A heading outside code. */
export interface Heading {
  readonly level: number
  readonly text: string
  readonly line: number
}

/** A fenced block of code. */
export interface Block {
  readonly language: string
  readonly code: string
  /** Of its first line of code, from 1. */
  readonly line: number
  /** The heading above it. */
  readonly under: string
}

/** The headings of a page, in order. */
export function headingsOf(text: string): readonly Heading[] {
  return partsOf(text).headings
}

/** The code blocks of a page, in order. */
export function blocksOf(text: string): readonly Block[] {
  return partsOf(text).blocks
}

function partsOf(text: string): { readonly headings: readonly Heading[]; readonly blocks: readonly Block[] } {
  const headings: Heading[] = []
  const blocks: Block[] = []
  let open: { language: string; line: number; code: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(\S*)/.exec(line)
    if (open === undefined && fence !== null) open = { language: fence[1] ?? '', line: index + 2, code: [] }
    else if (open !== undefined && fence !== null) {
      blocks.push({ ...open, code: `${open.code.join('\n')}\n`, under: headings.at(-1)?.text ?? '' })
      open = undefined
    } else if (open !== undefined) open.code.push(line)
    else {
      const heading = /^(#{1,6}) (.+)$/.exec(line)
      if (heading) headings.push({ level: heading[1]?.length ?? 0, text: heading[2]?.trim() ?? '', line: index + 1 })
    }
  }
  return { headings, blocks }
}
