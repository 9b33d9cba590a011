import type { GetCpuid2Call } from '../../get-cpuid2-call.ts'
import { aRuntimeUpdate } from '../runtime/a-runtime-update.ts'
import { tableTo } from '../set-cpuid/a-call.ts'

/** A call that nothing speaks against, with room for one entry more than there is. For witnesses. */
export function aGetCall(changes: Partial<GetCpuid2Call> = {}): GetCpuid2Call {
  const { table, ...around } = aRuntimeUpdate(tableTo(1))
  return {
    ...around,
    stored: table,
    request: { header: 'usable', nent: 2, writable: 2 },
    pending: false,
    told: { entries: [], nent: 2 },
    ...changes,
  }
}
