import type { House } from './house.ts'

/** A place where a law is broken. */
export interface Finding {
  /** From the root of the house. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly says: string
}

/** A law of the house: a sentence, and the lint that makes it more than a wish. */
export interface Law {
  readonly name: string
  /** True of a house that keeps the law. */
  readonly says: string
  readonly check: (house: House) => readonly Finding[] | Promise<readonly Finding[]>
}
