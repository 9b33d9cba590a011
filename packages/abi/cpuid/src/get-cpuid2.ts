import { type Promised, type Refusal, run } from '@vmm/rule'
import { type CpuidKernel, kernelAt } from './cpuid-kernel.ts'
import type { CpuidTable } from './entry.ts'
import type { GetCpuid2Call } from './get-cpuid2-call.ts'
import type { Where } from './kernel-of.ts'
import { factsAt } from './set-cpuid-host.ts'
import { type CpuidVcpu, type CpuidVm, seen, seenVm } from './set-cpuid-vcpu.ts'

/** A call of KVM_GET_CPUID2. */
export interface GetCpuid2 {
  /** How many entries there is room for. */
  readonly nent: number
  readonly vcpu: CpuidVcpu
  readonly vm?: CpuidVm
  /** What of the arguments cannot be used. Default: all can. */
  readonly unusable?: 'header' | 'header, to write' | { readonly afterEntries: number }
}

/** What the kernel answers: the entries and the `nent` that user space reads afterwards, or a refusal. */
export type GetCpuid2Answer = { readonly vcpu: CpuidVcpu; readonly unread: readonly Promised[] } & (
  | { readonly kind: 'accepted'; readonly entries: CpuidTable | 'kernel memory'; readonly nent: number }
  | Refusal
)

/**
 * What a kernel answers to KVM_GET_CPUID2. Nothing that is given is changed. Throws a `RangeError` for a kernel that
 * nobody lists. The third argument is for those who ask often, or for another kernel than any release.
 *
 * Source: Documentation/virt/kvm/api.rst §4.20.
 */
export function getCpuid2(
  where: Where,
  { nent, vcpu, vm, unusable }: GetCpuid2,
  kernel: CpuidKernel = kernelAt(where),
): GetCpuid2Answer {
  const { stored, shown, registers, pending, kvmBase, xenBase } = seen(vcpu)
  const before: GetCpuid2Call = {
    request: requestOf(nent, unusable),
    stored,
    pending,
    told: { entries: [], nent },
    shown,
    lookup: 'first',
    registers,
    vm: seenVm(vm),
    host: factsAt(where),
    kvmBase,
    xenBase,
  }
  const { state, unread, ...outcome } = run(kernel.get, before)
  const after = { vcpu: { ...vcpu, current: state.stored, pending: state.pending }, unread }
  return outcome.kind === 'refused' ? { ...outcome.refusal, ...after } : { kind: 'accepted', ...state.told, ...after }
}

function requestOf(nent: number, unusable: GetCpuid2['unusable']): GetCpuid2Call['request'] {
  if (unusable === 'header') return { header: 'faults', nent, writable: 0 }
  if (unusable === 'header, to write') return { header: 'read-only', nent, writable: nent }
  return { header: 'usable', nent, writable: unusable?.afterEntries ?? nent }
}
