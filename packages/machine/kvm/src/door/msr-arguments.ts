import { kvmMsrEntry, kvmMsrs } from '@vmm/kvm-uapi'
import { type BulkCall, getMsrsCall, type MsrEntry, setMsrsCall } from '@vmm/msr'
import { type Profile, resolve, run } from '@vmm/rule'
import type { KvmVcpu } from '../vcpu.ts'
import { type Call, faulted, put, type Result, taken } from './call.ts'

/** More entries than any release takes: nobody looks at them. */
const enough = 256

/** KVM_GET_MSRS of a vCPU: how many were read before the first that could not be. */
export function getMsrs(vcpu: KvmVcpu, call: Call): Result {
  return bulk(vcpu, call, 'read')
}

/** KVM_SET_MSRS: how many were written before the first that was refused. */
export function setMsrs(vcpu: KvmVcpu, call: Call): Result {
  return bulk(vcpu, call, 'write')
}

function bulk(vcpu: KvmVcpu, call: Call, access: BulkCall['access']): Result {
  const header = taken(call, kvmMsrs)
  const count = header?.value.nmsrs ?? 0
  const entries = entriesOf(call, Math.min(count, enough))
  const faults = new Set<'header' | 'entries' | 'write back'>()
  if (header === undefined) faults.add('header')
  if (entries === undefined) faults.add('entries')
  const outcome = run(stepsFor(vcpu.profile)[access], {
    access,
    count,
    entries: entries ?? [],
    faults,
    each: (entry) => (access === 'read' ? read(vcpu, entry) : write(vcpu, entry)),
  })
  if (outcome.kind === 'refused') return outcome.refusal
  const { done = 0 } = outcome.state
  const wrote =
    access === 'write' || outcome.state.entries.every((entry, at) => put(call, kvmMsrEntry, entry, offsetOf(at)))
  return wrote ? done : faulted(call.name)
}

function read({ state }: KvmVcpu, { index }: MsrEntry): { readonly done: boolean; readonly data: bigint } {
  const found = state.getMsrs([index])
  const entry = 'kind' in found ? undefined : found[0]
  return entry === undefined ? { done: false, data: 0n } : { done: true, data: entry.data }
}

function write(vcpu: KvmVcpu, entry: MsrEntry): { readonly done: boolean; readonly data: bigint } {
  return { done: vcpu.state.setMsrs([entry]) === 1, data: entry.data }
}

function entriesOf(call: Call, count: number): readonly MsrEntry[] | undefined {
  const entries = Array.from({ length: count }, (_, at) => taken(call, kvmMsrEntry, offsetOf(at))?.value)
  return entries.every((entry) => entry !== undefined) ? entries : undefined
}

function offsetOf(entry: number): bigint {
  return BigInt(kvmMsrs.offset.entries + entry * kvmMsrEntry.size)
}

const steps = new WeakMap<Profile, ReturnType<typeof resolved>>()

function stepsFor(profile: Profile): ReturnType<typeof resolved> {
  const known = steps.get(profile) ?? resolved(profile)
  steps.set(profile, known)
  return known
}

function resolved(profile: Profile) {
  return { read: resolve(getMsrsCall, profile), write: resolve(setMsrsCall, profile) }
}
