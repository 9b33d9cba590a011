/** A number of code that is known when it is linked: that of something which the code calls `of`, or the code's own, and so much more. */
export interface Link {
  readonly of: number | undefined
  readonly plus: number
}

/** `at` is where the code has room for it. */
export interface LinkPlace extends Link {
  readonly at: number
}

/** Any 32 bits fit into so many septets. Source: WebAssembly Core 5.2.2. */
const room = 5
export const emptyLink: readonly number[] = [0x80, 0x80, 0x80, 0x80, 0]

/** A copy of code in which every place has its number. */
export function linkedCode(
  code: Uint8Array,
  places: readonly LinkPlace[],
  numberOf: (of: number | undefined) => number,
): Uint8Array {
  const linked = code.slice()
  for (const { at, of, plus } of places) {
    let rest = (numberOf(of) + plus) | 0
    for (let byte = 0; byte < room; byte += 1) {
      linked[at + byte] = (rest & 0x7f) | (byte < room - 1 ? 0x80 : 0)
      rest >>= 7
    }
  }
  return linked
}
