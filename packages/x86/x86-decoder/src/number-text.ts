const remembered = 4096
const numbers = new Float64Array(remembered).fill(-1)
const texts = new Array<string>(remembered).fill('')

/** A number below 2^32 as assemblers write it: up to 9 in decimal, above in hexadecimal. Numbers that were there lately are remembered. */
export function numberText(value: number): string {
  if (value < 10) return `${value}`
  const place = (value ^ (value >>> 12)) & (remembered - 1)
  if (numbers[place] !== value) {
    numbers[place] = value
    texts[place] = `0x${value.toString(16)}`
  }
  return texts[place]!
}

/** A number of 64 bits, whose halves are given, likewise. */
export function longNumberText(low: number, high: number): string {
  if (high === 0) return numberText(low >>> 0)
  return `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, '0')}`
}
