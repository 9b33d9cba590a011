import { kvmMsrEntry, kvmMsrFilter, kvmMsrList, kvmMsrs } from '@vmm/kvm-uapi'
import { u32 } from '@vmm/layout'
import {
  type BulkCall,
  type EntryAnswer,
  type FilterRange,
  getMsrsCall,
  type IndexListCall,
  indexListCall,
  type MsrEntry,
  type SetFilterCall,
  setMsrsCall,
} from '@vmm/msr'
import { type Profile, refusalOf, resolve, run } from '@vmm/rule'
import type { Kvm } from '../kvm.ts'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'
import { type Call, faulted, type Handlers, put, type Result, returned, taken } from './call.ts'

/** Calls on `/dev/kvm` about MSRs. */
export const systemMsrCalls: Handlers<Kvm> = {
  KVM_GET_MSR_INDEX_LIST: (kvm, call) => lists(kvm.profile, call, kvm.getMsrIndexList()),
  KVM_GET_MSR_FEATURE_INDEX_LIST: (kvm, call) => lists(kvm.profile, call, kvm.getMsrFeatureIndexList()),
  KVM_GET_MSRS: (kvm, call) => bulk(kvm.profile, call, 'read', ({ index, data }) => done(kvm.getMsr(index), data)),
}

/** Calls on a VM about its vCPUs' MSRs. */
export const vmMsrCalls: Handlers<Vm> = {
  KVM_X86_SET_MSR_FILTER: (vm, call) => returned(vm.setMsrFilter(filterOf(call))),
}

/** Calls on a vCPU about its MSRs: how many entries were done before the first that could not be. */
export const vcpuMsrCalls: Handlers<KvmVcpu> = {
  KVM_GET_MSRS: ({ profile, msrs }, call) =>
    bulk(profile, call, 'read', ({ index, data }) => done(msrs.host('read', index, 0n), data)),
  KVM_SET_MSRS: (vcpu, call) =>
    bulk(vcpu.profile, call, 'write', ({ index, data }) => done(vcpu.setMsr(index, data), data)),
}

/** More entries than any release takes: nobody looks at them. */
const enough = 256

function done(data: bigint | undefined, before: bigint): EntryAnswer {
  return data === undefined ? { done: false, data: before } : { done: true, data }
}

function bulk(profile: Profile, call: Call, access: BulkCall['access'], each: BulkCall['each']): Result {
  const header = taken(call, kvmMsrs)
  const count = header?.value.nmsrs ?? 0
  const entries = entriesOf(call, Math.min(count, enough))
  const faults = new Set<'header' | 'entries' | 'write back'>()
  if (header === undefined) faults.add('header')
  if (entries === undefined) faults.add('entries')
  const outcome = run(stepsFor(profile)[access], { access, count, entries: entries ?? [], faults, each })
  if (outcome.kind === 'refused') return outcome.refusal
  const { done: did = 0, entries: left } = outcome.state
  const wrote = access === 'write' || left.every((entry, at) => put(call, kvmMsrEntry, entry, offsetOf(at)))
  return wrote ? did : faulted(call.name)
}

function entriesOf(call: Call, count: number): readonly MsrEntry[] | undefined {
  const entries = Array.from({ length: count }, (_, at) => taken(call, kvmMsrEntry, offsetOf(at))?.value)
  return entries.every((entry) => entry !== undefined) ? entries : undefined
}

function offsetOf(entry: number): bigint {
  return BigInt(kvmMsrs.offset.entries + entry * kvmMsrEntry.size)
}

/** The count is written before anybody looks whether there is room, the indexes only where there is. */
function lists(profile: Profile, call: Call, list: readonly number[]): Result {
  const header = taken(call, kvmMsrList)
  const room = header?.value.nmsrs ?? 0
  const faults = new Set<'read header' | 'write header' | 'write indexes'>()
  const asked: IndexListCall = { room, list, faults }
  if (header === undefined) faults.add('read header')
  else if (!put(call, u32, list.length)) faults.add('write header')
  else if (room >= list.length && !writesIndexes(call, list)) faults.add('write indexes')
  return refusalOf(stepsFor(profile).list, asked) ?? 0
}

function writesIndexes(call: Call, list: readonly number[]): boolean {
  const bytes = new DataView(new ArrayBuffer(4 * list.length))
  for (const [at, index] of list.entries()) bytes.setUint32(4 * at, index, true)
  return call.memory.write(call.argument + BigInt(kvmMsrList.offset.indices), new Uint8Array(bytes.buffer))
}

const unreadable: SetFilterCall = { flags: 0, ranges: [], fault: true }

/** What the kernel reads of a filter: bitmaps only of ranges that count, and not of ones that are too long. */
function filterOf(call: Call): SetFilterCall {
  const given = taken(call, kvmMsrFilter)
  if (given === undefined) return unreadable
  const { flags, ranges } = given.value
  return { flags, ranges: ranges.map((range) => rangeOf(call, range)), fault: false }
}

/** The most registers that a range counts: 0x600 bytes of bits. */
const mostOfRange = 0x600 * 8

function rangeOf(
  call: Call,
  { flags, nmsrs: count, base, bitmap }: ReturnType<typeof kvmMsrFilter.read>['ranges'][number],
): FilterRange {
  const bytes = Math.ceil(count / 64) * 8
  const isRead = count > 0 && count <= mostOfRange
  return { flags, base, count, bitmap: isRead ? call.memory.read(bitmap, bytes) : undefined }
}

const steps = new WeakMap<Profile, ReturnType<typeof resolved>>()

function stepsFor(profile: Profile): ReturnType<typeof resolved> {
  const known = steps.get(profile) ?? resolved(profile)
  steps.set(profile, known)
  return known
}

function resolved(profile: Profile) {
  return {
    read: resolve(getMsrsCall, profile),
    write: resolve(setMsrsCall, profile),
    list: resolve(indexListCall, profile),
  }
}
