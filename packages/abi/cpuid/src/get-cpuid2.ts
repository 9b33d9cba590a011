import { type Pipeline, type Promised, type Refusal, type ResolvedPipeline, resolve, run, since } from '@vmm/rule'
import type { CpuidTable } from './entry.ts'
import type { GetCpuid2Call } from './get-cpuid2-call.ts'
import { keyOf, profileNamed, type Where } from './kernel-of.ts'
import { aGetCall } from './rules/get-cpuid2/a-call.ts'
import { getCpuid2E2big } from './rules/get-cpuid2/get-cpuid2-e2big.rule.ts'
import { getCpuid2EntriesCopy } from './rules/get-cpuid2/get-cpuid2-entries-copy.rule.ts'
import { getCpuid2HeaderCopy } from './rules/get-cpuid2/get-cpuid2-header-copy.rule.ts'
import { getCpuid2HeaderWrite } from './rules/get-cpuid2/get-cpuid2-header-write.rule.ts'
import { getCpuid2Nent } from './rules/get-cpuid2/get-cpuid2-nent.rule.ts'
import { getCpuid2SeesRuntime } from './rules/get-cpuid2/get-cpuid2-sees-runtime.rule.ts'
import { getCpuid2Tells } from './rules/get-cpuid2/get-cpuid2-tells.rule.ts'
import { factsAt } from './set-cpuid-host.ts'
import { inOrder, updates } from './set-cpuid-runtime.ts'
import { type CpuidVcpu, type CpuidVm, seen, seenVm } from './set-cpuid-vcpu.ts'

/** KVM_GET_CPUID2 as the list of its steps, each with its releases, in the kernel's order. */
export const getCpuid2Pipeline: Pipeline<GetCpuid2Call> = {
  call: 'KVM_GET_CPUID2',
  steps: [
    { kind: 'check', rule: getCpuid2HeaderCopy },
    { kind: 'check', rule: getCpuid2E2big },
    ...updates(inOrder.withMwait, {
      on: 'stored',
      lifetime: since('6.15'),
      when: ({ pending }: GetCpuid2Call) => pending,
      witness: aGetCall({ pending: true }),
    }),
    { kind: 'act', behaviour: getCpuid2SeesRuntime },
    { kind: 'check', rule: getCpuid2EntriesCopy },
    { kind: 'act', behaviour: getCpuid2Tells },
    { kind: 'act', behaviour: getCpuid2Nent },
    { kind: 'check', rule: getCpuid2HeaderWrite },
  ],
}

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

const resolved = new Map<string, ResolvedPipeline<GetCpuid2Call>>()

/**
 * What a kernel answers to KVM_GET_CPUID2. Nothing that is given is changed. Throws a `RangeError` for a kernel that
 * nobody lists.
 *
 * Source: Documentation/virt/kvm/api.rst §4.20.
 */
export function getCpuid2(where: Where, { nent, vcpu, vm, unusable }: GetCpuid2): GetCpuid2Answer {
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
  const { state, unread, ...outcome } = run(pipelineFor(where), before)
  const after = { vcpu: { ...vcpu, current: state.stored, pending: state.pending }, unread }
  return outcome.kind === 'refused' ? { ...outcome.refusal, ...after } : { kind: 'accepted', ...state.told, ...after }
}

function pipelineFor({ kernel }: Where): ResolvedPipeline<GetCpuid2Call> {
  const profile = profileNamed(kernel)
  const before = resolved.get(keyOf(profile))
  if (before !== undefined) return before
  const pipeline = resolve(getCpuid2Pipeline, profile)
  resolved.set(keyOf(profile), pipeline)
  return pipeline
}

function requestOf(nent: number, unusable: GetCpuid2['unusable']): GetCpuid2Call['request'] {
  if (unusable === 'header') return { header: 'faults', nent, writable: 0 }
  if (unusable === 'header, to write') return { header: 'read-only', nent, writable: nent }
  return { header: 'usable', nent, writable: unusable?.afterEntries ?? nent }
}
