import type { SetXcrsCall } from '../calls.ts'

/** The value of the first XCR0 among the registers that are given. */
export function firstXcr0({ given: { nr_xcrs, xcrs } }: SetXcrsCall): bigint | undefined {
  return xcrs.slice(0, nr_xcrs).find(({ xcr }) => xcr === 0)?.value
}

/** Whether XCR0 is given, and something holds of it. */
export function ofXcr0(call: SetXcrsCall, holds: (value: bigint, supported: bigint) => boolean): boolean {
  const value = firstXcr0(call)
  return value !== undefined && holds(value, call.supportedXcr0)
}

/** Some of a group of components, but not all. */
export const isPart = (value: bigint, group: bigint): boolean => (value & group) !== 0n && (value & group) !== group
