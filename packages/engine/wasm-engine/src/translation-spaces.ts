import { ownTranslations, type TranslationSpace } from '@vmm/x86-registers'

/** Spaces by number, as plain data, and the number of the one in use. */
export interface SavedSpaces {
  readonly known: readonly (readonly [number: number, space: TranslationSpace])[]
  readonly current: number
}

/** What the contexts hold, as plain data: the entries of those in use, one context behind another. */
export interface SavedTranslations {
  readonly tags: readonly number[]
  readonly used: readonly number[]
  readonly clock: number
  readonly current: number
  readonly entries: Uint8Array
  /** The spaces that tags name, and which is in use; left out, there is L1's own alone. */
  readonly spaces?: SavedSpaces
  /** Which metadata is taken from addresses; left out, none. */
  readonly masking?: number
}

/** A tag is a space's number above the twelve bits of a PCID. */
const pcidBits = 12
/** Tags are positive: more spaces than contexts need not be known at once. */
const knownAtMost = 256

/** What a space's number adds to a tag. */
export const tagOfSpace = (number: number): number => number << pcidBits

/** The number of a tag's space. */
export const spaceOfTag = (tag: number): number => tag >> pcidBits

/** Numbers for spaces: 0 is L1's own. */
export class TranslationSpaces {
  readonly #known = new Map<number, TranslationSpace>([[0, ownTranslations]])
  /** The one that was asked for last beside L1's own. */
  #last = 0
  #lastSpace = ownTranslations

  /** The number of a space. One that has none takes that of another of which nothing is kept, where there are too many. */
  numberOf(space: TranslationSpace, isKept: (number: number) => boolean): number {
    if (space === ownTranslations) return 0
    if (space !== this.#lastSpace) {
      this.#last = this.#numbered(space, isKept)
      this.#lastSpace = space
    }
    return this.#last
  }

  #numbered({ vpid, eptp }: TranslationSpace, isKept: (number: number) => boolean): number {
    for (const [number, space] of this.#known) if (space.vpid === vpid && space.eptp === eptp) return number
    const number = this.#free(isKept)
    this.#known.set(number, { vpid, eptp })
    return number
  }

  /** The space of a number that was given. */
  of(number: number): TranslationSpace {
    return this.#known.get(number) ?? ownTranslations
  }

  /** All that are known. */
  save(current: number): SavedSpaces {
    return { known: [...this.#known], current }
  }

  /** Takes back what `save` gave: the number of the one in use. */
  restore({ known, current }: SavedSpaces = { known: [[0, ownTranslations]], current: 0 }): number {
    this.#known.clear()
    this.#last = 0
    this.#lastSpace = ownTranslations
    for (const [number, space] of known) this.#known.set(number, space)
    return current
  }

  #free(isKept: (number: number) => boolean): number {
    if (this.#known.size < knownAtMost) return this.#known.size
    for (const number of this.#known.keys()) if (number !== 0 && !isKept(number)) return number
    throw new Error('there are more spaces than contexts')
  }
}
