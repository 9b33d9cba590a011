/** One named field of a register: `width` bits, the lowest of which is bit `low`. */
export interface Field {
  readonly low: number
  readonly width: number
  readonly says: string
}

/** A field of one bit: the only kind that can be a feature. */
export interface Bit extends Field {
  readonly width: 1
}

/** The fields of one register, by the names the manual gives them. */
export type Fields = Readonly<Record<string, Field>>

/** A single bit. */
export function bit(at: number, says: string): Bit {
  return { low: at, width: 1, says }
}

/** A range, high bit first, as the manual writes it: `bits(15, 8, …)` is 15:8. */
export function bits(high: number, low: number, says: string): Field {
  return { low, width: high - low + 1, says }
}

/** The field's bits in place. */
export function maskOf(field: Field): bigint {
  return ((1n << BigInt(field.width)) - 1n) << BigInt(field.low)
}

/** The field's value, moved down to bit 0. */
export function fieldOf(value: bigint, field: Field): bigint {
  return (value & maskOf(field)) >> BigInt(field.low)
}

/** `value` with the field replaced; what does not fit in the field is cut off. */
export function withField(value: bigint, field: Field, content: bigint): bigint {
  return (value & ~maskOf(field)) | ((content << BigInt(field.low)) & maskOf(field))
}

/** Every bit that some field names. What is left over is reserved. */
export function definedMask(fields: Fields): bigint {
  return Object.values(fields).reduce((mask, field) => mask | maskOf(field), 0n)
}

/** Two names for one bit is a mistake in a table. Returns the first such pair. */
export function overlap(fields: Fields): readonly [string, string] | undefined {
  const seen: [string, bigint][] = []
  for (const [name, field] of Object.entries(fields)) {
    const mask = maskOf(field)
    const clash = seen.find(([, other]) => (other & mask) !== 0n)
    if (clash !== undefined) return [clash[0], name]
    seen.push([name, mask])
  }
  return undefined
}
