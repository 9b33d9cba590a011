import { isCanonical } from '@vmm/msr'
import { deedOf, type Profile, type ResolvedPipeline, resolve, run } from '@vmm/rule'
import type { VmxMnemonic } from '@vmm/x86-semantics'
import { isEptPointer } from '../checks/ept-pointer.ts'
import { isLegal } from '../checks/vmcs-check.ts'
import type { CompiledEntryChecks, FailedEntry } from '../entry/entry-failure.ts'
import type { EntryFacts } from '../entry/entry-processor.ts'
import { type KvmEntryFailure, kvmEntryFailure } from '../entry/kvm-checks.ts'
import { inveptTypeOf, invvpidTypeOf } from '../ept/invalidation-type.ts'
import type { VmInstructionError } from '../exits/vm-instruction-error.ts'
import { vmInstructionErrors } from '../exits/vm-instruction-errors.rows.ts'
import type { NestedState } from '../nested-state.ts'
import { nestedResetLeft } from '../rules/leave/nested-reset-left.rule.ts'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import type { EntryFailure, Vmlaunch } from '../rules/vmlaunch/call.ts'
import { vmlaunchPipeline } from '../rules/vmlaunch/index.ts'
import type { VmxFailure, Vmxon } from '../rules/vmxon/call.ts'
import { vmxonPipeline } from '../rules/vmxon/index.ts'
import { isOfferedPlace, type LivePlace, livePlaces, type PlaceReader } from '../vmcs12/live-places.ts'
import { shadowIndicator, vmcs12Revision } from '../vmcs12/vmcs12.ts'
import { offersControl, type VmxMsrs } from '../vmcs12/vmx-limits.ts'
import { linkedReader, writeLinked } from './linked-vmcs.ts'
import { type VmxMemory, wordAt } from './processor.ts'
import type { VmxState } from './vmx-state.ts'

/** Which translations INVEPT and INVVPID forget: those of an EPT pointer, of a VPID, of all of either kind. */
export type Forgotten =
  | { readonly kind: 'eptp'; readonly eptp: bigint }
  | { readonly kind: 'vpid'; readonly vpid: number; readonly linear?: bigint }
  | { readonly kind: 'every eptp' | 'every vpid' }

/** What of a release decides about these instructions, and about INIT. */
export interface VmxRules {
  readonly vmxon: ResolvedPipeline<Vmxon, VmxFailure>
  /** The steps of VMLAUNCH and VMRESUME that do not look at fields. */
  readonly vmlaunch: ResolvedPipeline<Vmlaunch, EntryFailure>
  /** The first check of controls and host state that fails. */
  readonly entryFailure: KvmEntryFailure<'vmfail'>
  /** What INIT leaves. */
  readonly initialized: (state: NestedState) => NestedState
}

const lookingAtFields: ReadonlySet<string> = new Set([
  'vmlaunch-controls',
  'vmlaunch-host-width',
  'vmlaunch-host-state',
  'vmlaunch-guest-state',
])

/** What a release decides about VMX instructions and INIT. */
export function vmxRules(profile: Profile): VmxRules {
  const whole = resolve(vmlaunchPipeline, profile)
  const steps = whole.steps.filter((step) => step.kind !== 'check' || !lookingAtFields.has(step.rule.id))
  return {
    vmxon: resolve(vmxonPipeline, profile),
    vmlaunch: { ...whole, steps },
    entryFailure: kvmEntryFailure(profile, 'vmfail'),
    initialized: deedOf(nestedResetLeft, profile),
  }
}

/** What VMX instructions of L1 look at and change. */
export interface VmxWorld {
  readonly state: VmxState
  readonly memory: VmxMemory
  readonly rules: VmxRules
  readonly vcpu: NestedVcpu
  /** Capability MSRs. */
  readonly msrs: VmxMsrs
  /** What the processor checks of an entry, and what it looks at beside the VMCS. */
  readonly checks: CompiledEntryChecks
  readonly around: EntryFacts
  readonly cr4: bigint
  readonly featureControl: bigint
  /** MOV SS or POP SS holds events back. */
  readonly blockedByMovSs: boolean
  forget(which: Forgotten): void
}

/**
 * What came of one: VMsucceed with what it gives, VMfailInvalid, VMfailValid, whose number is in the VMCS, #GP(0), #UD, or L2 is to be
 * entered. `turns`: VMX operation has begun or ended.
 */
export type VmxAnswer =
  | { readonly kind: 'succeeded'; readonly value: bigint; readonly turns?: 'on' | 'off' }
  | { readonly kind: 'failed'; readonly how: 'invalid' | 'valid' }
  /** `wrong`: guest state fails with this exit qualification, unless KVM finds something before. */
  | { readonly kind: 'enters'; readonly wrong: number | undefined }
  | { readonly kind: 'fault'; readonly exception: 'GP' | 'UD' }

/** Operands as `Surroundings.vmx` has them. */
export type VmxOperands = readonly [first: bigint, second: bigint, third: bigint]

const succeeded: VmxAnswer = { kind: 'succeeded', value: 0n }
const invalid: VmxAnswer = { kind: 'failed', how: 'invalid' }
const enters: VmxAnswer = { kind: 'enters', wrong: undefined }
const undefinedOpcode: VmxAnswer = { kind: 'fault', exception: 'UD' }
const revisionMask = 0x7fff_ffff

/**
 * An instruction of VMX in root operation, or VMREAD and VMWRITE of a shadow VMCS in non-root operation, when modes, privilege and operands are known.
 *
 * Source: SDM 3C 31.3 VMX Instructions; arch/x86/kvm/vmx/nested.c handle_vmxon to handle_invvpid (Linux 6.12).
 */
export function executeVmx(world: VmxWorld, instruction: VmxMnemonic, [first, second, third]: VmxOperands): VmxAnswer {
  switch (instruction) {
    case 'VMXON':
      return vmxon(world, first)
    case 'VMXOFF':
      world.state.end(world.memory)
      return { kind: 'succeeded', value: 0n, turns: 'off' }
    case 'VMCLEAR':
      return vmclear(world, first)
    case 'VMPTRLD':
      return vmptrld(world, first)
    case 'VMPTRST':
      return { kind: 'succeeded', value: world.state.current }
    case 'VMREAD':
      return vmread(world, first)
    case 'VMWRITE':
      return vmwrite(world, first, second)
    case 'VMLAUNCH':
    case 'VMRESUME':
      return vmlaunch(world, instruction)
    case 'INVEPT':
      return invept(world, first, second)
    case 'INVVPID':
      return invvpid(world, first, second, third)
    case 'VMFUNC':
      return undefinedOpcode
    default:
      return instruction satisfies never
  }
}

/** VMfailValid where there is a VMCS for the number. Source: SDM 3C 31.2 Conventions. */
function fails({ state }: VmxWorld, error: number | VmInstructionError): VmxAnswer {
  if (!state.hasCurrent) return invalid
  state.vmcs.setWord('VM_INSTRUCTION_ERROR', typeof error === 'number' ? error : vmInstructionErrors[error][0])
  return { kind: 'failed', how: 'valid' }
}

/** What a rule says a guest gets. */
function answerOf(world: VmxWorld, failure: string): VmxAnswer {
  if (failure === '#UD') return undefinedOpcode
  if (failure === '#GP(0)') return { kind: 'fault', exception: 'GP' }
  if (failure.startsWith('VMfail ')) return fails(world, Number(failure.slice('VMfail '.length)))
  return invalid
}

function vmxon(world: VmxWorld, region: bigint): VmxAnswer {
  const { state, vcpu, cr4, featureControl } = world
  const outcome = run(world.rules.vmxon, {
    ...{ vcpu, cr4, featureControl, region },
    // the processor has asked about them
    ...{ modeIsRight: true, cpl: 0 },
    vmxon: state.vmxon,
    revision: wordAt(world.memory, region),
  })
  if (outcome.kind === 'refused') return answerOf(world, outcome.refusal.errno)
  state.begin(region)
  return { kind: 'succeeded', value: 0n, turns: 'on' }
}

/** Why an address cannot be a VMCS's. */
function misplaced(
  world: VmxWorld,
  address: bigint,
  wrong: { readonly address: VmInstructionError; readonly vmxon: VmInstructionError },
): VmxAnswer | undefined {
  if (!isLegal(world, address, 0x1000n)) return fails(world, wrong.address)
  return address === world.state.vmxonAddress ? fails(world, wrong.vmxon) : undefined
}

function vmclear(world: VmxWorld, address: bigint): VmxAnswer {
  const { state, memory } = world
  const wrong = { address: 'VMCLEAR_INVALID_ADDRESS', vmxon: 'VMCLEAR_VMXON_POINTER' } as const
  const refused = misplaced(world, address, wrong)
  if (refused !== undefined) return refused
  if (address === state.current) state.release(memory)
  state.clearLaunch(memory, address)
  return succeeded
}

function vmptrld(world: VmxWorld, address: bigint): VmxAnswer {
  const { state, memory, vcpu } = world
  const wrong = { address: 'VMPTRLD_INVALID_ADDRESS', vmxon: 'VMPTRLD_VMXON_POINTER' } as const
  const refused = misplaced(world, address, wrong)
  if (refused !== undefined) return refused
  if (address === state.current) return succeeded
  const revision = wordAt(memory, address)
  const isShadow = revision !== undefined && (revision & shadowIndicator) !== 0
  const mayBeShadow = offersControl(vcpu.vmx, 'secondary', vmcsShadowing)
  if (revision === undefined || (revision & revisionMask) !== vmcs12Revision || (isShadow && !mayBeShadow))
    return fails(world, 'VMPTRLD_INCORRECT_VMCS_REVISION_ID')
  state.makeCurrent(memory, address)
  return succeeded
}

const vmcsShadowing = 0x4000n

/** What VMREAD and VMWRITE ask for. */
interface AskedField {
  readonly place: LivePlace
  /** Only its bits 63:32. */
  readonly half: boolean
  /** Access rights of a segment. */
  readonly rights: boolean
}

/** Fields by what VMREAD asks for; the upper half of a wide one is asked for by the next number. */
const byEncoding: ReadonlyMap<number, AskedField> = new Map(
  livePlaces.flatMap((place): (readonly [number, AskedField])[] => {
    const rights = place.field.endsWith('_AR_BYTES')
    const whole = [place.encoding, { place, rights, half: false }] as const
    return place.upperHalf === undefined ? [whole] : [whole, [place.upperHalf, { place, rights, half: true }]]
  }),
)

/** Some fields are there only where the control is that they are for. */
function fieldAt(world: VmxWorld, encoding: bigint): AskedField | undefined {
  if (encoding > mostEncoding) return undefined
  const found = byEncoding.get(Number(BigInt.asUintN(32, encoding)))
  return found !== undefined && isOfferedPlace(world.msrs, found.place) ? found : undefined
}

const mostEncoding = 0xffff_ffffn

function vmread(world: VmxWorld, encoding: bigint): VmxAnswer {
  const read = readerOf(world)
  if (read === undefined) return invalid
  const found = fieldAt(world, encoding)
  if (found === undefined) return fails(world, 'UNSUPPORTED_VMCS_COMPONENT')
  const value = read(found.place)
  return { kind: 'succeeded', value: found.half ? value >> 32n : value }
}

/** Reserved bits of access rights are not kept. Source: arch/x86/kvm/vmx/nested.c handle_vmwrite (Linux 6.12). */
const keptRights = 0x1_f0ffn
const anyField = 1n << 29n

function vmwrite(world: VmxWorld, encoding: bigint, given: bigint): VmxAnswer {
  const { state } = world
  const read = readerOf(world)
  if (read === undefined) return invalid
  const found = fieldAt(world, encoding)
  if (found === undefined) return fails(world, 'UNSUPPORTED_VMCS_COMPONENT')
  const { place, half, rights } = found
  if (place.group === 'read-only' && (world.msrs.IA32_VMX_MISC & anyField) === 0n)
    return fails(world, 'VMWRITE_READ_ONLY_VMCS_COMPONENT')
  const whole = half ? (read(place) & 0xffff_ffffn) | (given << 32n) : given
  const value = rights ? whole & keptRights : whole
  if (state.guestMode) writeLinked(world.memory, state.vmcs, place, value)
  else writeCurrent(world, place, value)
  return succeeded
}

/** Whose fields are read and written: the current VMCS's, in non-root operation those of the one that it links. None: nobody's. */
function readerOf(world: VmxWorld): PlaceReader | undefined {
  const { state } = world
  if (state.guestMode) return linkedReader(world.memory, state.vmcs)
  return state.hasCurrent ? state.vmcs.readPlace : undefined
}

function writeCurrent({ state, checks }: VmxWorld, place: LivePlace, value: bigint): void {
  state.wrote(place, checks.groupsOf(place.field))
  state.vmcs.writePlace(place, value)
}

/** Guest state is looked at when L2 is entered: what is wrong with it is an exit. */
function vmlaunch(world: VmxWorld, instruction: 'VMLAUNCH' | 'VMRESUME'): VmxAnswer {
  const { state, blockedByMovSs } = world
  const { vmcs } = state
  const isKnown = state.resumable && state.passedByKvm && instruction === 'VMRESUME' && !blockedByMovSs
  if (isKnown && vmcs.launched) return byProcessor(world)
  const asked: Vmlaunch = {
    instruction,
    vmxon: true,
    cpl: 0,
    enlightened: 'none',
    blockedByMovSs,
    current: state.hasCurrent,
    isShadow: (vmcs.revision & shadowIndicator) !== 0,
    launched: vmcs.launched,
    entry: { read: vmcs.read, vcpu: world.vcpu, runPending: true },
  }
  const { rules } = world
  const outcome = run(rules.vmlaunch, asked)
  if (outcome.kind === 'refused') return answerOf(world, outcome.refusal.errno)
  const failed = state.passedByKvm ? undefined : rules.entryFailure(asked.entry)
  if (failed !== undefined) return fails(world, failed.error)
  state.passedByKvm = true
  state.resumable = instruction === 'VMRESUME' && !blockedByMovSs
  return byProcessor(world)
}

/** What the processor has to say of an entry that KVM would let pass: what has passed is not looked at again. */
function byProcessor(world: VmxWorld): VmxAnswer {
  const failed = failureByProcessor(world)
  if (failed === undefined) return enters
  const { reports } = failed
  return reports.kind === 'exit' ? { kind: 'enters', wrong: reports.qualification } : fails(world, reports.error)
}

function failureByProcessor({ state, checks, around }: VmxWorld): FailedEntry | undefined {
  const { passedFacts, unchecked } = state
  const areKnown = passedFacts.areThose(around)
  if (areKnown && unchecked === 0) return undefined
  const facts = passedFacts.watched(around)
  const failed = checks.failure(state.vmcs.view, facts, unchecked, areKnown ? 'as before' : 'asked')
  passedFacts.passed(failed === undefined)
  if (failed === undefined) state.unchecked = 0
  return failed
}

const invalidations = { INVEPT: 1n << 20n, INVVPID: 1n << 32n } as const

/** Source: SDM 3C 31.3, INVEPT. */
function invept(world: VmxWorld, type: bigint, eptp: bigint): VmxAnswer {
  const told = world.vcpu.vmx.IA32_VMX_EPT_VPID_CAP
  if ((told & invalidations.INVEPT) === 0n) return undefinedOpcode
  const what = inveptTypeOf(type, told)
  if (what === undefined || (what === 'SINGLE_CONTEXT' && !isEptPointer(world.vcpu, eptp)))
    return fails(world, 'INVALID_OPERAND_TO_INVEPT_INVVPID')
  world.forget(what === 'ALL_CONTEXTS' ? { kind: 'every eptp' } : { kind: 'eptp', eptp })
  return succeeded
}

/** Source: SDM 3C 31.3, INVVPID. */
function invvpid(world: VmxWorld, type: bigint, descriptor: bigint, linear: bigint): VmxAnswer {
  const told = world.vcpu.vmx.IA32_VMX_EPT_VPID_CAP
  if ((told & invalidations.INVVPID) === 0n) return undefinedOpcode
  const what = invvpidTypeOf(type, told)
  const vpid = Number(descriptor & 0xffffn)
  const isAddress = what !== 'INDIVIDUAL_ADDRESS' || isCanonical(linear, world.vcpu.linearAddressWidth)
  if (what === undefined || descriptor >> 16n !== 0n || !isAddress || (vpid === 0 && what !== 'ALL_CONTEXTS'))
    return fails(world, 'INVALID_OPERAND_TO_INVEPT_INVVPID')
  if (what === 'ALL_CONTEXTS') world.forget({ kind: 'every vpid' })
  else world.forget({ kind: 'vpid', vpid, ...(what === 'INDIVIDUAL_ADDRESS' ? { linear } : {}) })
  return succeeded
}
