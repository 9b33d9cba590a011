import { type Behaviour, deedInForce, type Outcome, type Profile, type Promised, resolve, run } from '@vmm/rule'
import { msrOf } from './handled.ts'
import {
  type MsrCall,
  type MsrEffect,
  type MsrError,
  type MsrHost,
  type MsrVcpu,
  type MsrVm,
  valueIn,
} from './kvm-call.ts'
import type { Initiator, Msr } from './msr.ts'
import type { BulkCall, EntryAnswer, MsrEntry } from './rules/bulk/call.ts'
import { failedEntryReads } from './rules/bulk/failed-entry-reads.rule.ts'
import { getMsrsCall, setMsrsCall } from './rules/bulk/index.ts'
import { type FailedGuestAccess, type GuestMsrOutcome, generalProtection } from './rules/exits/exit.ts'
import { guestAccessFails } from './rules/exits/guest-access-fails.rule.ts'
import { passedThrough } from './rules/exits/passed-through.rule.ts'
import { setterErrorEndsRun } from './rules/exits/setter-error-ends-run.rule.ts'
import { featureMsrWrite } from './rules/feature-msrs/index.ts'
import { sameValueSkipsSetter } from './rules/feature-msrs/same-value-skips-setter.rule.ts'
import type { MsrFilter } from './rules/filter/filter.ts'
import { filterDecides } from './rules/filter/filter-decides.rule.ts'
import { registerRead, registerWrite } from './rules/registers/index.ts'
import { msrNoHandler } from './rules/registers/msr-no-handler.rule.ts'
import { xenHypercallMsr } from './rules/registers/xen-hypercall-msr.rule.ts'
import { ignoreMsrs } from './rules/unsupported/ignore-msrs.rule.ts'
import { listedIsLenient } from './rules/unsupported/listed-is-lenient.rule.ts'
import type { FailedAccess } from './rules/unsupported/unsupported.ts'

/** What surrounds the MSRs of one vCPU. Plain data, read at each access. */
export interface MsrSurroundings {
  readonly vcpu: MsrVcpu
  readonly vm: MsrVm
  readonly host: MsrHost
  /** Which list of KVM_GET_MSR_INDEX_LIST has an MSR. */
  readonly listed: (index: number) => 'saved' | 'emulated' | 'not'
}

/** An access that succeeded: what was read, or what to keep (nothing, where the write was forgotten). */
export interface MsrDone {
  readonly kind: 'done'
  readonly data: bigint
  readonly keeps: boolean
  readonly effects: readonly MsrEffect[]
  /** Promises whose releases nobody has read, and that might have had a say. */
  readonly unread: readonly Promised[]
}

/** An access that failed, by which rule. */
export interface MsrFailed {
  readonly kind: 'failed'
  readonly error: MsrError
  readonly rule: string
  /** The rule, its releases and its source as one line. */
  readonly says: string
  readonly unread: readonly Promised[]
}

/** What an access comes to. */
export type MsrAnswer = MsrDone | MsrFailed

/** What KVM_GET_MSRS or KVM_SET_MSRS returns, and what it did. */
export interface MsrsAnswer {
  /** How many entries were done: what the call returns. */
  readonly count: number
  /** The entries as they are written back. */
  readonly entries: readonly MsrEntry[]
  /** One for each entry that was come to, the failed one last. */
  readonly answers: readonly MsrAnswer[]
}

const noFaults: BulkCall['faults'] = new Set()

/** The MSRs of one kernel release: every access by a guest or by user space, decided. */
export class MsrKernel {
  readonly #profile: Profile
  readonly #read
  readonly #write
  readonly #frozen
  readonly #setMsrs
  readonly #getMsrs
  readonly #rows = new Map<number, Msr | undefined | 'unread'>()
  readonly #deeds = new Map<object, unknown>()

  constructor(profile: Profile) {
    this.#profile = profile
    this.#read = resolve(registerRead, profile)
    this.#write = resolve(registerWrite, profile)
    this.#frozen = resolve(featureMsrWrite, profile)
    this.#setMsrs = resolve(setMsrsCall, profile)
    this.#getMsrs = resolve(getMsrsCall, profile)
  }

  /** One access, up to what its register makes of it; filters and exits come before and after. */
  access(access: 'read' | 'write', initiator: Initiator, entry: MsrEntry, around: MsrSurroundings): MsrAnswer {
    const call = this.#callOf(access, initiator, entry, around)
    if (this.#does(xenHypercallMsr, call) === true) {
      return { kind: 'done', data: call.data, keeps: false, effects: ['write Xen hypercall page'], unread: [] }
    }
    const outcome = run(access === 'read' ? this.#read : this.#write, call)
    if (outcome.kind === 'done') return done(outcome)
    const { errno: error, rule, says } = outcome.refusal
    const unread = this.#rowOf(call.index) === 'unread' ? [...outcome.unread, msrNoHandler] : outcome.unread
    const failed: MsrFailed = { kind: 'failed', error, rule, says, unread }
    return this.#forgives(failed, call, around) ? { kind: 'done', data: 0n, keeps: false, effects: [], unread } : failed
  }

  /** One entry of KVM_SET_MSRS: what is frozen first, then the register's setter. */
  set(entry: MsrEntry, around: MsrSurroundings): MsrAnswer {
    const { hasRun, l2Active } = around.vcpu
    const held = this.access('read', 'host', { ...entry, data: 0n }, around)
    const current = held.kind === 'done' ? held.data : undefined
    const write = { index: entry.index, data: BigInt.asUintN(64, entry.data), current, hasRun, l2Active }
    const frozen = run(this.#frozen, write)
    if (frozen.kind === 'refused') {
      return {
        kind: 'failed',
        error: 'EINVAL',
        rule: frozen.refusal.rule,
        says: frozen.refusal.says,
        unread: frozen.unread,
      }
    }
    if (this.#does(sameValueSkipsSetter, write) === true) {
      return { kind: 'done', data: write.data, keeps: false, effects: [], unread: frozen.unread }
    }
    const answer = this.access('write', 'host', entry, around)
    return frozen.unread.length === 0 ? answer : { ...answer, unread: [...frozen.unread, ...answer.unread] }
  }

  /**
   * KVM_SET_MSRS with entries that were read. `apply` is told of each write that is kept, and gives what surrounds the
   * next: entries are taken one after the other, and those before a failure stay.
   */
  setMsrs(
    entries: readonly MsrEntry[],
    around: MsrSurroundings,
    apply: (entry: MsrEntry, answer: MsrDone) => MsrSurroundings,
  ): MsrsAnswer {
    let now = around
    return this.#bulk('write', entries, (entry) => {
      const answer = this.set(entry, now)
      if (answer.kind === 'done') now = apply(entry, answer)
      return answer
    })
  }

  /** KVM_GET_MSRS with entries that were read. */
  getMsrs(entries: readonly MsrEntry[], around: MsrSurroundings): MsrsAnswer {
    return this.#bulk('read', entries, (entry) => this.access('read', 'host', { ...entry, data: 0n }, around))
  }

  /**
   * RDMSR or WRMSR of a guest: the filter, the register, and then the exit or fault of a failure. What KVM lets the
   * guest reach by itself never exits.
   */
  guest(
    access: 'read' | 'write',
    entry: MsrEntry,
    around: MsrSurroundings,
    wants: { readonly filter?: MsrFilter; readonly mask?: number } = {},
  ): MsrDone | GuestMsrOutcome {
    const allowed = this.#does(filterDecides, { index: entry.index, access, filter: wants.filter }) ?? true
    const answer = allowed ? this.access(access, 'guest', entry, around) : undefined
    const reached = allowed ? this.#does(passedThrough, this.#callOf(access, 'guest', entry, around)) : undefined
    if (reached === 'refused by the processor') return generalProtection
    if (answer?.kind === 'done') return answer
    if (reached === 'passed through') return generalProtection
    const failed: FailedGuestAccess = { access, ...entry, failure: answer?.error ?? 'filtered', mask: wants.mask ?? 0 }
    const outcome = this.#does(guestAccessFails, failed) ?? { kind: 'fault', vector: 13, errorCode: 0 }
    const { failure } = failed
    if (outcome.kind === 'exit' || this.#does(setterErrorEndsRun, { access, failure }) !== true) return outcome
    return failure === 'EINVAL' || failure === 'EBUSY' ? { kind: 'fail', errno: failure } : outcome
  }

  #callOf(
    access: 'read' | 'write',
    initiator: Initiator,
    { index, data }: MsrEntry,
    { vcpu, vm, host }: MsrSurroundings,
  ): MsrCall {
    const row = this.#rowOf(index >>> 0)
    const known = row === 'unread' ? undefined : row
    const value = access === 'read' ? 0n : BigInt.asUintN(64, data)
    return { access, initiator, index: index >>> 0, data: value, row: known, vcpu, vm, host }
  }

  #rowOf(index: number): Msr | undefined | 'unread' {
    if (!this.#rows.has(index)) this.#rows.set(index, msrOf(index, this.#profile))
    return this.#rows.get(index)
  }

  #forgives({ error }: MsrFailed, call: MsrCall, { host, listed }: MsrSurroundings): boolean {
    if (error !== 'unsupported') return false
    const { access, initiator, index, data } = call
    const failed: FailedAccess = {
      access,
      initiator,
      index,
      data,
      error,
      listed: listed(index),
      ignoreMsrs: host.ignoreMsrs,
      reportIgnored: false,
    }
    return this.#does(listedIsLenient, failed) === true || this.#does(ignoreMsrs, failed) === true
  }

  #bulk(access: 'read' | 'write', entries: readonly MsrEntry[], each: (entry: MsrEntry) => MsrAnswer): MsrsAnswer {
    const answers: MsrAnswer[] = []
    const outcome = run(access === 'read' ? this.#getMsrs : this.#setMsrs, {
      access,
      count: entries.length,
      entries,
      faults: noFaults,
      each: (entry) => {
        const answer = each(entry)
        answers.push(answer)
        return this.#entryAnswer(entry, answer)
      },
    })
    return { count: outcome.state.done ?? 0, entries: outcome.state.entries, answers }
  }

  #entryAnswer(entry: MsrEntry, answer: MsrAnswer): EntryAnswer {
    if (answer.kind === 'done') return { done: true, data: answer.data }
    const data = this.#does(failedEntryReads, { error: answer.error, before: entry.data }) ?? 0n
    return { done: false, data }
  }

  /** What a behaviour does in this release; where nobody has read which of two versions holds, the older. */
  #does<In, Out>(behaviour: Behaviour<In, Out>, input: In): Out | undefined {
    let does = this.#deeds.get(behaviour) as ((input: In) => Out) | null | undefined
    if (does === undefined) {
      does = deedInForce(behaviour, this.#profile) ?? null
      this.#deeds.set(behaviour, does)
    }
    return does === null ? undefined : does(input)
  }
}

/** The MSRs of one kernel release. */
export function msrKernel(profile: Profile): MsrKernel {
  return new MsrKernel(profile)
}

function done({ state, unread }: Outcome<MsrCall, MsrError>): MsrDone {
  const { access, drops, told, effects = [] } = state
  if (access === 'read') return { kind: 'done', data: told ?? valueIn(state), keeps: false, effects: [], unread }
  return { kind: 'done', data: state.data, keeps: drops !== true, effects, unread }
}
