import type { Range } from './live-immediates.ts'

/** A block as it is known by a page that it lies in. */
export interface Block {
  readonly address: number
  readonly host: number
  readonly end: number
  /** Immediates that it reads where they lie. */
  readonly live: readonly Range[]
  /** A part of one instruction, which lies in two pages: it is found by another way than blocks are. */
  readonly isPart?: true
}

/** Bytes of guest memory, in one page. */
export interface CodePart {
  readonly host: number
  readonly bytes: number
}

/** Whether bytes of a block are stored to: others than such immediates. */
export const staleBy = ({ host, end, live }: Block, from: number, to: number): boolean =>
  end > from && host < to && !live.some((range) => range.from <= from && range.to >= to)
