import type { DerivedState, SetCpuidCall } from '../../set-cpuid-call.ts'

/** A call after KVM has made a part of what it remembers beside the table anew. */
export function derived(call: SetCpuidCall, part: Partial<DerivedState>): SetCpuidCall {
  const { derived } = call
  for (const name in part)
    if (derived[name as keyof DerivedState] !== part[name as keyof DerivedState])
      return { ...call, derived: { ...derived, ...part } }
  return call
}
