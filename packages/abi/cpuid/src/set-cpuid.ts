import { type Promised, type Refusal, run } from '@vmm/rule'
import { type CpuidKernel, kernelAt } from './cpuid-kernel.ts'
import type { CpuidTable } from './entry.ts'
import type { Where } from './kernel-of.ts'
import type {
  SetCpuidAllocation,
  SetCpuidCall,
  SetCpuidEffect,
  SetCpuidName,
  SetCpuidRequest,
} from './set-cpuid-call.ts'
import { factsAt } from './set-cpuid-host.ts'
import { updateOf } from './set-cpuid-runtime.ts'
import { type CpuidVcpu, type CpuidVm, seen, seenVm, vcpuAfter } from './set-cpuid-vcpu.ts'

/** A call of KVM_SET_CPUID2, or of KVM_SET_CPUID. */
export interface SetCpuid {
  readonly table: CpuidTable
  readonly vcpu?: CpuidVcpu
  readonly vm?: CpuidVm
  /** Default: `'KVM_SET_CPUID2'`. */
  readonly call?: SetCpuidName
  /** Dynamic XCR0 bits that the process asked to be able to give guests. Default: none. */
  readonly permitted?: bigint
  /** What of the arguments cannot be read. Default: all can. */
  readonly unreadable?: 'header' | { readonly afterEntries: number }
  /** The allocation that fails. Default: none. */
  readonly failing?: SetCpuidAllocation
}

/** What a call left behind. */
export interface SetCpuidOutcome {
  /** The vCPU's table now: what KVM_GET_CPUID2 will tell. */
  readonly stored: CpuidTable
  /** What else the call did, in order: also where it was refused. */
  readonly effects: readonly SetCpuidEffect[]
  /** The vCPU now, to be given to the next call. */
  readonly vcpu: CpuidVcpu
  /** Promises that nobody has read the boundary of for this release: the answer was made without them. */
  readonly unread: readonly Promised[]
}

/** The call succeeded. */
export interface SetCpuidAccepted extends SetCpuidOutcome {
  readonly kind: 'accepted'
}

/** The call failed: with which error, by which rule, in one line in `says`. */
export interface SetCpuidRefused extends SetCpuidOutcome, Refusal {}

/** What the kernel answers to a CPUID table. */
export type SetCpuidAnswer = SetCpuidAccepted | SetCpuidRefused

/**
 * What a kernel answers to KVM_SET_CPUID2 (or KVM_SET_CPUID): the table it stores and what else it does, or a refusal.
 * Nothing that is given is changed. Throws a `RangeError` for a kernel that nobody lists. The third argument is for
 * those who ask often, or for another kernel than any release.
 *
 * Source: Documentation/virt/kvm/api.rst §4.20 KVM_SET_CPUID, §4.90 KVM_SET_CPUID2; each rule has its own.
 */
export function setCpuid(where: Where, request: SetCpuid, kernel: CpuidKernel = kernelAt(where)): SetCpuidAnswer {
  const { vcpu = {} } = request
  const call = callOf(where, request)
  const stored = kernel.made(updateOf(call, call.stored))
  const outcome = run(kernel.set[call.call], stored === call.stored ? call : { ...call, stored })
  const { state, unread } = outcome
  const { stored: left, effects } = state
  const after = vcpuAfter(vcpu, state)
  return outcome.kind === 'refused'
    ? { ...outcome.refusal, stored: left, effects, vcpu: after, unread }
    : { kind: 'accepted', stored: left, effects, vcpu: after, unread }
}

/** All that the rules look at, of a call that was asked for. */
export function callOf(where: Where, asked: SetCpuid): SetCpuidCall {
  const { table, vcpu = {}, vm, call = 'KVM_SET_CPUID2', permitted = 0n, failing } = asked
  return {
    ...seen(vcpu),
    call,
    request: requestOf(table, asked.unreadable),
    frozen: false,
    vm: seenVm(vm),
    permitted,
    failing,
    host: factsAt(where),
    lookup: 'index-0',
    incoming: table,
    installed: false,
    effects: [],
  }
}

function requestOf(entries: CpuidTable, unreadable: SetCpuid['unreadable']): SetCpuidRequest {
  const nent = entries.length
  if (unreadable === 'header') return { header: 'faults', nent, readable: 0, entries }
  return { header: 'readable', nent, readable: Math.min(nent, unreadable?.afterEntries ?? nent), entries }
}
