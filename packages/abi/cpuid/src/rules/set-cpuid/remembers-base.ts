import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findHypervisor } from '../hypervisor-base.ts'

const places = { kvm: 'kvmBase', xen: 'xenBase' } as const

/** A call behind which the vCPU remembers where a hypervisor's leaves are in its table. */
export function remembersBase(call: SetCpuidCall, hypervisor: keyof typeof places): SetCpuidCall {
  const place = places[hypervisor]
  const found = findHypervisor(call.stored, hypervisor, call.lookup)
  const { base, limit } = call[place]
  return found.base === base && found.limit === limit ? call : { ...call, [place]: found }
}
