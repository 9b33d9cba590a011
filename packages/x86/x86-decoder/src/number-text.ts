const digits = 3
const [pieceBits, pieces] = [4 * digits, 1 << (4 * digits)]
// 64 KB, which only those who write numbers need
let first: string[] | undefined
let others: string[] | undefined

const noTexts = (): string[] => new Array<string>(pieces).fill('')

/** A number below 2^12 as the first digits of a number, with 0x before them; texts are made when they are first needed. */
function firstText(value: number): string {
  first ??= noTexts()
  const known = first[value]!
  if (known !== '') return known
  first[value] = value < 10 ? `${value}` : `0x${value.toString(16)}`
  return first[value]
}

/** Three digits behind others. */
function otherText(value: number): string {
  others ??= noTexts()
  const known = others[value]!
  if (known !== '') return known
  others[value] = value.toString(16).padStart(digits, '0')
  return others[value]
}

/** A number below 2^32 as assemblers write it: up to 9 in decimal, above in hexadecimal. */
export function numberText(value: number): string {
  if (value < pieces) return firstText(value)
  const low = otherText(value & (pieces - 1))
  const rest = Math.floor(value / pieces)
  return (rest < pieces ? leading(rest) : leading(rest >>> pieceBits) + otherText(rest & (pieces - 1))) + low
}

/** Digits before others: in hexadecimal, however few. */
const leading = (value: number): string => (value < 10 ? `0x${value}` : firstText(value))

/** A number of 64 bits, whose halves are given, likewise. */
export function longNumberText(low: number, high: number): string {
  if (high === 0) return numberText(low >>> 0)
  return `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, '0')}`
}
