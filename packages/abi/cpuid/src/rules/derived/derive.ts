import type { DerivedState, SetCpuidCall } from '../../set-cpuid-call.ts'

/** A call after KVM has made a part of what it remembers beside the table anew. */
export function derived(call: SetCpuidCall, part: Partial<DerivedState>): SetCpuidCall {
  return { ...call, derived: { ...call.derived, ...part } }
}
