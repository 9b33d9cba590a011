import type { DerivedState, SetCpuidCall } from '../../set-cpuid-call.ts'

/** A call after KVM has made a part of what it remembers beside the table anew. */
export function derived(call: SetCpuidCall, part: Partial<DerivedState>): SetCpuidCall {
  const { derived } = call
  const names = Object.keys(part) as (keyof DerivedState)[]
  if (names.every((name) => derived[name] === part[name])) return call
  return { ...call, derived: { ...derived, ...part } }
}
