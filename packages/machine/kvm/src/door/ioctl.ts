import { type Ioctl, ioctlNumbered } from '@vmm/kvm-uapi'
import { inForce, type Profile, type Refusal, type ResolvedPipeline, resolve, returnOf, run } from '@vmm/rule'
import { notModelled } from '../answer.ts'
import type { Kvm } from '../kvm.ts'
import type { DispatchCase } from '../rules/dispatch/case.ts'
import { dispatchPipeline } from '../rules/dispatch/index.ts'
import type { Task } from '../task.ts'
import { observed } from '../user-memory.ts'
import { type Call, isRefusal, type Result } from './call.ts'
import { deviceCalls } from './device-calls.ts'
import type { KvmFile, KvmObject } from './kvm-file.ts'
import { systemCalls } from './system-calls.ts'
import { vcpuCalls } from './vcpu-calls.ts'
import { vmCalls } from './vm-calls.ts'

/** What a system call came to. */
export interface IoctlResult {
  /** What the system call returns: not negative, or an error number, negative. Of a call that made a file, 0. */
  readonly value: number
  /** The file that the call made. */
  readonly file?: KvmFile
  /** Why it failed: by which rule, over which releases. */
  readonly refusal?: Refusal
}

/** What answers calls. */
type Called = Exclude<KvmObject, { readonly kind: 'eventfd' | 'guest-memfd' | 'statistics' }>

/** A file that has no calls at all. */
const unknownCall: IoctlResult = { value: returnOf('ENOTTY') }
/** A descriptor that is no open file. */
const closed: IoctlResult = { value: returnOf('EBADF') }

/**
 * A call as a process makes it: 32 bits of request, 64 of argument. It never throws: whatever is asked, and whatever is
 * in the caller's memory, has an answer.
 */
export function ioctl(task: Task, file: KvmFile, request: number, argument: bigint): IoctlResult {
  if (!file.isOpen) return closed
  const { object } = file
  if (object.kind === 'eventfd' || object.kind === 'guest-memfd' || object.kind === 'statistics') return unknownCall
  const kvm = kvmOf(object)
  const known = callOf(kvm.profile, request)
  const ioctl = known?.fds.includes(object.kind) === true ? known : undefined
  const caller = task.mm === file.mm ? 'maker' : 'stranger'
  const asked: DispatchCase = {
    fd: object.kind,
    request: request >>> 0,
    argument: BigInt.asUintN(64, argument),
    caller,
    ioctl,
    dead: object.kind !== 'system' && object.vm.isDead,
    runs: object.kind === 'vcpu' && object.vcpu.isRunning,
  }
  const outcome = run(dispatchFor(kvm.profile), asked)
  if (outcome.kind === 'refused') return resultOf(outcome.refusal)
  const name = ioctl?.name ?? ''
  const memory = kvm.onCopy === undefined ? task.memory : observed(task.memory, kvm.onCopy)
  return resultOf(carryOut(object, { name, task, memory, argument: asked.argument }))
}

function carryOut(object: Called, call: Call): Result {
  switch (object.kind) {
    case 'system':
      return systemCalls[call.name]?.(object.kvm, call) ?? notModelled(call.name)
    case 'vm':
      return vmCalls[call.name]?.(object.vm, call) ?? notModelled(call.name)
    case 'vcpu':
      return vcpuCalls[call.name]?.(object.vcpu, call) ?? notModelled(call.name)
    case 'device':
      return deviceCalls[call.name]?.(object.vm, call) ?? notModelled(call.name)
    default:
      return object satisfies never
  }
}

function resultOf(result: Result): IoctlResult {
  if (typeof result === 'number') return { value: result }
  if (isRefusal(result)) return { value: returnOf(result.errno), refusal: result }
  return { value: 0, file: result }
}

function kvmOf(object: Called): Kvm {
  return object.kind === 'system' ? object.kvm : object.vm.kvm
}

const calls = new WeakMap<Profile, Map<number, Ioctl | undefined>>()

/** The call that a request is in a release: what is newer, or gone, is none. */
function callOf(profile: Profile, request: number): Ioctl | undefined {
  const known = calls.get(profile) ?? new Map<number, Ioctl | undefined>()
  calls.set(profile, known)
  if (known.has(request)) return known.get(request)
  const call = ioctlNumbered(request)
  // whoever asks for numbers without end is not remembered
  if (call === undefined) return undefined
  const there = inForce(call.lifetime, profile) === 'no' ? undefined : call
  known.set(request, there)
  return there
}

const dispatch = new WeakMap<Profile, ResolvedPipeline<DispatchCase>>()

function dispatchFor(profile: Profile): ResolvedPipeline<DispatchCase> {
  const known = dispatch.get(profile) ?? resolve(dispatchPipeline, profile)
  dispatch.set(profile, known)
  return known
}
