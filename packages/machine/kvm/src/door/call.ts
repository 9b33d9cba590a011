import type { Codec } from '@vmm/layout'
import { encode } from '@vmm/layout'
import type { Refusal } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type Answer, refusedAlways } from '../answer.ts'
import type { Task } from '../task.ts'
import type { UserMemory } from '../user-memory.ts'
import type { KvmFile } from './kvm-file.ts'

/** A call on an open file, on its way. */
export interface Call {
  readonly name: string
  readonly task: Task
  readonly memory: UserMemory
  readonly argument: bigint
}

/** What a handler comes to: a number to return, a file that was made, or a refusal. */
export type Result = number | KvmFile | Refusal

/** What an object does with calls, by their names. */
export type Handlers<Object> = Readonly<Record<string, (object: Object, call: Call) => Result>>

const copied = kernelSource('include/linux/uaccess.h', 'copy_from_user', '6.12.117')

/** The refusal of a call whose pointer cannot be used. */
export function faulted(call: string): Refusal {
  const says = 'user memory cannot be reached there'
  return refusedAlways(call, { rule: 'user-memory-fault', errno: 'EFAULT', says, source: copied })
}

/** Reads a struct at the call's argument. */
export function taken<T>(call: Call, codec: Codec<T>, at = 0n): { readonly value: T } | undefined {
  const bytes = call.memory.read(call.argument + at, codec.size)
  return bytes && { value: codec.read(new DataView(bytes.buffer), 0) }
}

/** Writes a struct at the call's argument. */
export function put<T>(call: Call, codec: Codec<T>, value: T, at = 0n): boolean {
  return call.memory.write(call.argument + at, encode(codec, value))
}

/** A handler that reads a struct, and does something with it. */
export function takes<T, Object>(
  codec: Codec<T>,
  does: (object: Object, value: T, call: Call) => Result,
): (object: Object, call: Call) => Result {
  return (object, call) => {
    const given = taken(call, codec)
    return given === undefined ? faulted(call.name) : does(object, given.value, call)
  }
}

/** The same of a call that not every kernel is built with: one without it reads nothing, and is asked with zeros. */
export function takesIf<T, Object>(
  isBuilt: (object: Object) => boolean,
  codec: Codec<T>,
  does: (object: Object, value: T, call: Call) => Result,
): (object: Object, call: Call) => Result {
  const zeros = codec.read(new DataView(new ArrayBuffer(codec.size)), 0)
  return (object, call) => {
    const given = taken(call, codec)
    return given === undefined && isBuilt(object) ? faulted(call.name) : does(object, given?.value ?? zeros, call)
  }
}

/** A handler that writes a struct. */
export function gives<T extends object, Object>(
  codec: Codec<T>,
  does: (object: Object, call: Call) => T | Refusal,
): (object: Object, call: Call) => Result {
  return (object, call) => {
    const made = does(object, call)
    if (isRefusal(made)) return made
    return put(call, codec, made) ? 0 : faulted(call.name)
  }
}

/** What an answer returns. */
export function returned(answer: Answer<number>): Result {
  return answer.kind === 'refused' ? answer : answer.value
}

/** Whether a value is a refusal. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refused' && 'rule' in value
}
