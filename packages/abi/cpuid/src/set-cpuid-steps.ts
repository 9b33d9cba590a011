import {
  type Act,
  type Behaviour,
  between,
  type Lifetime,
  type Pipeline,
  type Rule,
  type Step,
  since,
  until,
} from '@vmm/rule'
import { cpuCapsIntersection } from './rules/derived/cpu-caps-intersection.rule.ts'
import { cr4Reserved } from './rules/derived/cr4-reserved.rule.ts'
import { derivedAnew } from './rules/derived/derived-anew.rule.ts'
import { gbpagesOverride } from './rules/derived/gbpages-override.rule.ts'
import { guestSupportedXcr0 } from './rules/derived/guest-supported-xcr0.rule.ts'
import { guestSupportedXss } from './rules/derived/guest-supported-xss.rule.ts'
import { hypervEnabled } from './rules/derived/hyperv-enabled.rule.ts'
import { kvmSupportedXcr0 } from './rules/derived/kvm-supported-xcr0.rule.ts'
import { maxphyaddrQuery } from './rules/derived/maxphyaddr-query.rule.ts'
import { maxphyaddrWalked } from './rules/derived/maxphyaddr-walked.rule.ts'
import { pvFeaturesCache } from './rules/derived/pv-features-cache.rule.ts'
import { timerModes } from './rules/derived/timer-modes.rule.ts'
import { vendorDetect } from './rules/derived/vendor-detect.rule.ts'
import { rtDue } from './rules/runtime/rt-due.rule.ts'
import { aCall } from './rules/set-cpuid/a-call.ts'
import { askCpuidAfterPowerOn } from './rules/set-cpuid/ask-cpuid-after-power-on.rule.ts'
import { askCpuidWholeAmx } from './rules/set-cpuid/ask-cpuid-whole-amx.rule.ts'
import { rfcCpuidEbusy } from './rules/set-cpuid/rfc-cpuid-ebusy.rule.ts'
import { runtimeAfterSetup } from './rules/set-cpuid/runtime-after-setup.ts'
import { setCpuidAtomicity } from './rules/set-cpuid/set-cpuid-atomicity.rule.ts'
import { setCpuidConvertedNoMemory } from './rules/set-cpuid/set-cpuid-converted-no-memory.rule.ts'
import { setCpuidCopyInPlace } from './rules/set-cpuid/set-cpuid-copy-in-place.rule.ts'
import { setCpuidDynamicXfeatures } from './rules/set-cpuid/set-cpuid-dynamic-xfeatures.rule.ts'
import { setCpuidDynamicXfeaturesNoMemory } from './rules/set-cpuid/set-cpuid-dynamic-xfeatures-no-memory.rule.ts'
import { setCpuidEntriesCopy } from './rules/set-cpuid/set-cpuid-entries-copy.rule.ts'
import { setCpuidEntriesNoMemory } from './rules/set-cpuid/set-cpuid-entries-no-memory.rule.ts'
import { setCpuidEqualEnds } from './rules/set-cpuid/set-cpuid-equal-ends.rule.ts'
import { setCpuidFlagsAfterRun } from './rules/set-cpuid/set-cpuid-flags-after-run.rule.ts'
import { setCpuidForbiddenAfterRun } from './rules/set-cpuid/set-cpuid-forbidden-after-run.rule.ts'
import { setCpuidFpuEnlarge } from './rules/set-cpuid/set-cpuid-fpu-enlarge.rule.ts'
import { setCpuidFrozen } from './rules/set-cpuid/set-cpuid-frozen.rule.ts'
import { setCpuidHeaderCopy } from './rules/set-cpuid/set-cpuid-header-copy.rule.ts'
import { setCpuidHypervAlloc } from './rules/set-cpuid/set-cpuid-hyperv-alloc.rule.ts'
import { setCpuidHypervNoMemory } from './rules/set-cpuid/set-cpuid-hyperv-no-memory.rule.ts'
import { setCpuidImmutableAfterRun } from './rules/set-cpuid/set-cpuid-immutable-after-run.rule.ts'
import { setCpuidInstall } from './rules/set-cpuid/set-cpuid-install.rule.ts'
import { setCpuidKvmBase } from './rules/set-cpuid/set-cpuid-kvm-base.rule.ts'
import { setCpuidL2Active } from './rules/set-cpuid/set-cpuid-l2-active.rule.ts'
import { setCpuidLegacyNx } from './rules/set-cpuid/set-cpuid-legacy-nx.rule.ts'
import { setCpuidLegacyStruct } from './rules/set-cpuid/set-cpuid-legacy-struct.rule.ts'
import { setCpuidLookup } from './rules/set-cpuid/set-cpuid-lookup.rule.ts'
import { setCpuidNentLimit80 } from './rules/set-cpuid/set-cpuid-nent-limit-80.rule.ts'
import { setCpuidNentLimit256 } from './rules/set-cpuid/set-cpuid-nent-limit-256.rule.ts'
import { setCpuidNothingPending } from './rules/set-cpuid/set-cpuid-nothing-pending.rule.ts'
import { setCpuidPending } from './rules/set-cpuid/set-cpuid-pending.rule.ts'
import { setCpuidSwap } from './rules/set-cpuid/set-cpuid-swap.rule.ts'
import { setCpuidVaddrWidth } from './rules/set-cpuid/set-cpuid-vaddr-width.rule.ts'
import { setCpuidVaddrWidth48 } from './rules/set-cpuid/set-cpuid-vaddr-width-48.rule.ts'
import { setCpuidVaddrWidthAfterInstall } from './rules/set-cpuid/set-cpuid-vaddr-width-after-install.rule.ts'
import { setCpuidWarning } from './rules/set-cpuid/set-cpuid-warning.rule.ts'
import { setCpuidWithoutLeaf1 } from './rules/set-cpuid/set-cpuid-without-leaf-1.rule.ts'
import { setCpuidXenBase } from './rules/set-cpuid/set-cpuid-xen-base.rule.ts'
import type { SetCpuidCall, SetCpuidName } from './set-cpuid-call.ts'
import { type Following, inOrder, type Part, updates } from './set-cpuid-runtime.ts'

type Steps = readonly Step<SetCpuidCall>[]

const check = (rule: Rule<SetCpuidCall>, lifetime?: Lifetime): Step<SetCpuidCall> =>
  lifetime === undefined ? { kind: 'check', rule } : { kind: 'check', rule, lifetime }
const act = (behaviour: Behaviour<SetCpuidCall, SetCpuidCall>, lifetime?: Lifetime): Act<SetCpuidCall> =>
  lifetime === undefined ? { kind: 'act', behaviour } : { kind: 'act', behaviour, lifetime }
const end = (behaviour: Behaviour<SetCpuidCall, boolean>): Step<SetCpuidCall> => ({ kind: 'end', behaviour })

/** A step that is taken only where the table cannot change any more. */
const whereFrozen = ({ behaviour, ...step }: Act<SetCpuidCall>): Act<SetCpuidCall> => {
  const [first, ...others] = behaviour.versions
  const guarded = (version: typeof first): typeof first => ({
    ...version,
    does: (call) => (call.frozen ? version.does(call) : call),
    witness: { in: { ...version.witness.in, frozen: true }, out: { ...version.witness.out, frozen: true } },
  })
  return { ...step, behaviour: { ...behaviour, versions: [guarded(first), ...others.map(guarded)] } }
}

/** In place, and checked there. */
const inPlace = until('5.10')
/** Into memory of their own, and put in place when all is checked. */
const copied = since('5.10')
/** KVM_SET_CPUID2 did not look further than this at a table without leaf 1. */
const beforeSplit = until('5.9')
const sinceSplit = since('5.9')
/** The table in place is updated; then, the new one before anything is looked at; then, both have changed places. */
const updatedInPlace = between('5.9', '5.17', { '5.16': { until: '5.16.3' } })
const updatedFirst = {
  ...between('5.17', '6.14', { '5.16': { since: '5.16.3' } }),
  without: [runtimeAfterSetup.proposal],
}
const swapped = since('6.14')
const lazy = since('6.15')
/** The XFRM bits of enclaves followed the rest of the update only two stable releases later. */
const enclavesInPlace = between('5.13', '5.17', { '5.16': { until: '5.16.5' } })
const enclavesFirst = since('5.17', { '5.16': '5.16.5' })

const update = (
  following: readonly Following[],
  on: Part,
  lifetime: Lifetime,
  when: (call: SetCpuidCall) => boolean,
): Steps => updates(following, { on, lifetime, when, witness: aCall({ frozen: true, pending: true }) })

const always = (): boolean => true
const ifFrozen = ({ frozen }: SetCpuidCall): boolean => frozen
const ifFlushed = ({ effects }: SetCpuidCall): boolean => effects.some(({ kind }) => kind === 'pending-update-done')

/** What can be refused before there is a table to be looked at. */
const intake = (call: SetCpuidName): Steps => [
  act(setCpuidLookup),
  act(kvmSupportedXcr0),
  act(setCpuidFrozen),
  check(rfcCpuidEbusy),
  check(askCpuidAfterPowerOn),
  check(setCpuidForbiddenAfterRun),
  check(setCpuidHeaderCopy),
  check(setCpuidNentLimit80),
  check(setCpuidNentLimit256),
  ...(call === 'KVM_SET_CPUID' ? legacyEntries : entries),
]

const legacyEntries: Steps = [
  check(setCpuidEntriesNoMemory),
  check(setCpuidEntriesCopy),
  check(setCpuidConvertedNoMemory),
  act(setCpuidLegacyStruct),
]

const entries: Steps = [check(setCpuidEntriesNoMemory, copied), act(setCpuidCopyInPlace), check(setCpuidEntriesCopy)]

/** Up to 5.8 all happened to the table in place, in this order; 5.9 checked it first. */
const inPlaceFirst = (nx: Steps): Steps => [
  act(setCpuidInstall, inPlace),
  check(setCpuidVaddrWidth, between('5.9', '5.10')),
  ...nx,
  act(vendorDetect, beforeSplit),
  act(gbpagesOverride, beforeSplit),
  act(cr4Reserved, beforeSplit),
  act(hypervEnabled, beforeSplit),
  end(setCpuidWithoutLeaf1),
  ...update(inOrder.features, 'stored', beforeSplit, always),
  act(timerModes, beforeSplit),
  act(guestSupportedXcr0, beforeSplit),
  check(setCpuidVaddrWidth48),
  check(setCpuidVaddrWidthAfterInstall),
  ...update([...inOrder.paravirtual, ...inOrder.mwait], 'stored', beforeSplit, always),
  act(maxphyaddrQuery, beforeSplit),
  act(maxphyaddrWalked, beforeSplit),
  act(derivedAnew, beforeSplit),
]

/** After the first run the table may be set again, but not changed: what KVM writes itself is not the difference. */
const compared: Steps = [
  ...update([...inOrder.features, ...inOrder.paravirtual, ...inOrder.mwait], 'incoming', updatedFirst, always),
  ...update(inOrder.enclaves, 'incoming', enclavesFirst, always),
  ...update([...inOrder.features, ...inOrder.paravirtual, ...inOrder.mwait], 'incoming', runtimeAfterSetup, ifFrozen),
  act(setCpuidPending),
  ...update(inOrder.withMwait, 'stored', lazy, ifFlushed),
  act(setCpuidSwap),
  ...update([...inOrder.withMwait, ...inOrder.paravirtual], 'stored', swapped, ifFrozen),
  whereFrozen(act(setCpuidNothingPending)),
  check(setCpuidImmutableAfterRun),
  check(setCpuidFlagsAfterRun),
  check(setCpuidL2Active),
  end(setCpuidEqualEnds),
]

/** What is checked of a table that can still change. */
const checked: Steps = [
  check(setCpuidHypervNoMemory),
  act(setCpuidHypervAlloc, since('6.1')),
  check(askCpuidWholeAmx),
  check(setCpuidVaddrWidth, copied),
  check(setCpuidDynamicXfeatures),
  check(setCpuidDynamicXfeaturesNoMemory),
  act(setCpuidFpuEnlarge),
]

/** The new table is in place, and what KVM remembers beside it is made anew. */
const after = (nx: Steps): Steps => [
  act(setCpuidInstall, between('5.10', '6.14')),
  ...nx,
  act(setCpuidKvmBase),
  act(setCpuidXenBase),
  ...update([...inOrder.features, ...inOrder.paravirtual, ...inOrder.mwait], 'stored', updatedInPlace, always),
  ...update([...inOrder.features, ...inOrder.paravirtual, ...inOrder.mwait], 'stored', runtimeAfterSetup, always),
  ...update(inOrder.withMwait, 'stored', swapped, always),
  act(cpuCapsIntersection, swapped),
  act(setCpuidNothingPending),
  act(gbpagesOverride, sinceSplit),
  act(timerModes, sinceSplit),
  act(guestSupportedXcr0, sinceSplit),
  act(guestSupportedXss),
  ...update(inOrder.enclaves, 'stored', enclavesInPlace, always),
  ...update(inOrder.paravirtual, 'stored', swapped, always),
  act(pvFeaturesCache),
  act(vendorDetect, sinceSplit),
  act(maxphyaddrQuery, sinceSplit),
  act(maxphyaddrWalked, sinceSplit),
  act(cr4Reserved, sinceSplit),
  act(hypervEnabled, sinceSplit),
  act(setCpuidHypervAlloc, until('6.1')),
  act(derivedAnew, sinceSplit),
  act(setCpuidWarning),
]

function pipelineOf(call: SetCpuidName): Pipeline<SetCpuidCall> {
  const nx = (lifetime: Lifetime): Steps => (call === 'KVM_SET_CPUID' ? [act(setCpuidLegacyNx, lifetime)] : [])
  const steps = [...intake(call), ...inPlaceFirst(nx(inPlace)), ...compared, ...checked, ...after(nx(copied))]
  return { call, steps, undo: setCpuidAtomicity }
}

/** What becomes of a vCPU's table when a register that it shows is written. */
export const registerPipeline: Pipeline<SetCpuidCall> = {
  call: 'register write',
  steps: [
    act(setCpuidLookup),
    act(kvmSupportedXcr0),
    end(setCpuidWithoutLeaf1),
    ...update([...inOrder.features, ...inOrder.paravirtual, ...inOrder.mwait], 'stored', until('6.14'), always),
    ...update(inOrder.enclaves, 'stored', enclavesFirst, always),
    ...update(inOrder.withMwait, 'stored', between('6.14', '6.15'), always),
    act(rtDue),
  ],
}

/** KVM_SET_CPUID2 as the list of its steps, each with its releases, in the kernel's order. */
export const setCpuid2Pipeline: Pipeline<SetCpuidCall> = pipelineOf('KVM_SET_CPUID2')

/** KVM_SET_CPUID, for user space that is older than entries with an index. */
export const setCpuidPipeline: Pipeline<SetCpuidCall> = pipelineOf('KVM_SET_CPUID')
