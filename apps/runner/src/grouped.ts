let format: Intl.NumberFormat | undefined

/** A whole number for a person, its digits in groups. The format is made when it is first needed: that takes longer than parsing all arguments. */
export function grouped(value: number): string {
  format ??= new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
  return format.format(value)
}
