import type { Bits, Machine, Mode, Sized } from './algebra.ts'

export type Parameters = readonly Sized[]
export type Results = readonly Sized[]

/** A described function that many descriptions share: readers may emit it once per mode and call it. */
export interface Procedure<P extends Parameters, R extends Results> {
  readonly name: string
  readonly parameters: P
  readonly results: R
  readonly body: (m: Machine, ...values: { [I in keyof P]: Bits<P[I]> }) => { [I in keyof R]: Bits<R[I]> }
}

/** Names a described function and its widths. */
export function procedure<const P extends Parameters, const R extends Results>(
  name: string,
  parameters: P,
  results: R,
  body: Procedure<P, R>['body'],
): Procedure<P, R> {
  return { name, parameters, results, body }
}

/** What a procedure is read in that no instruction asks for, such as a page walk: 64-bit code without prefixes. */
export const anyMode: Mode = {
  codeSize: 64,
  operandSize: 64,
  addressSize: 64,
  stackSize: 64,
  execution: 'long',
  rep: 'none',
  lock: false,
}
