import { type Promised, type Refusal, type ResolvedPipeline, resolve, run, versionInForce } from '@vmm/rule'
import type { CpuidTable } from './entry.ts'
import { keyOf, profileNamed, type Where } from './kernel-of.ts'
import { rtSgxXfrm } from './rules/runtime/rt-sgx-xfrm.rule.ts'
import type {
  SetCpuidAllocation,
  SetCpuidCall,
  SetCpuidEffect,
  SetCpuidName,
  SetCpuidRequest,
} from './set-cpuid-call.ts'
import { factsAt } from './set-cpuid-host.ts'
import { setCpuid2Pipeline, setCpuidPipeline } from './set-cpuid-steps.ts'
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
 * Nothing that is given is changed. Throws a `RangeError` for a kernel that nobody lists.
 *
 * Source: Documentation/virt/kvm/api.rst §4.20 KVM_SET_CPUID, §4.90 KVM_SET_CPUID2; each rule has its own.
 */
export function setCpuid(where: Where, request: SetCpuid): SetCpuidAnswer {
  const { vcpu = {} } = request
  const kernel = resolvedFor(where)
  const call = callOf(where, request)
  const outcome = run(kernel[call.call], { ...call, stored: kernel.made(call) })
  const { state, unread } = outcome
  const left = { stored: state.stored, effects: state.effects, vcpu: vcpuAfter(vcpu, state), unread }
  return outcome.kind === 'refused' ? { ...outcome.refusal, ...left } : { kind: 'accepted', ...left }
}

/** What a profile leaves of the two calls. */
interface Resolved extends Readonly<Record<SetCpuidName, ResolvedPipeline<SetCpuidCall>>> {
  /** What this kernel has made of a table that it stored, whatever the registers are. */
  readonly made: (call: SetCpuidCall) => CpuidTable
}

const resolved = new Map<string, Resolved>()

function resolvedFor({ kernel }: Where): Resolved {
  const profile = profileNamed(kernel)
  const key = keyOf(profile)
  const before = resolved.get(key)
  if (before !== undefined) return before
  const enclaves = versionInForce(rtSgxXfrm, profile)
  const { does } = enclaves.kind === 'version' ? enclaves.version : { does: undefined }
  const found: Resolved = {
    KVM_SET_CPUID: resolve(setCpuidPipeline, profile),
    KVM_SET_CPUID2: resolve(setCpuid2Pipeline, profile),
    made: (call) => does?.({ ...call, table: call.stored }) ?? call.stored,
  }
  resolved.set(key, found)
  return found
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
    lookup: 'first',
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
