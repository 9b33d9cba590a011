import { always, type Evidence, type Lifetime } from '@vmm/rule'
import { kernelSource, type Source } from '@vmm/source'
import { headerPaths } from '../structs/uapi-struct.ts'

/** On which file descriptors a call is understood: /dev/kvm, a VM, a vCPU, a device in the kernel. */
export type FdKind = 'system' | 'vm' | 'vcpu' | 'device'

/** Which way the number says the argument goes, seen from user space; KVM's numbers are not always right about it. */
export type Direction = 'none' | 'write' | 'read' | 'both'

/**
 * What the third argument of the call is: nothing looked at, a zero (else EINVAL), a value, or an address of a struct
 * that is read (`in`), written (`out`), or both.
 */
export type ArgumentUse = 'ignored' | 'zero' | 'value' | 'in' | 'out' | 'in-out'

/** The argument's type: a struct with its size in C, or 64 bits without a name. */
export interface ArgumentType {
  readonly name: string
  readonly size: number
}

/** One call of KVM's. */
export interface Ioctl {
  readonly name: string
  /** The whole 32-bit request. Two calls may share `nr` and differ in size or direction. */
  readonly number: number
  readonly nr: number
  readonly direction: Direction
  /** What the number says the argument's size is: without an array of variable length. */
  readonly size: number
  readonly use: ArgumentUse
  readonly argument?: ArgumentType
  readonly fds: readonly FdKind[]
  /** The capability that says whether the call exists, by name. */
  readonly capability?: string
  readonly says: string
  /** The releases whose x86 understands it, at least on the first of `fds`. */
  readonly lifetime: Lifetime
  /** How the boundaries are known. */
  readonly evidence: Evidence
  readonly source: Source
}

/** The type byte of every one of KVM's requests. */
export const kvmio = 0xae

const directions: Readonly<Record<Direction, number>> = { none: 0, write: 1, read: 2, both: 3 }

/**
 * The 32 bits of a request. Source: include/uapi/asm-generic/ioctl.h.
 * @throws {RangeError} if `nr` or `size` have no place in it.
 */
export function requestNumber(direction: Direction, nr: number, size: number): number {
  if (nr < 0 || nr > 0xff || size < 0 || size >= 1 << 14) throw new RangeError(`no request: nr ${nr}, size ${size}`)
  return ((directions[direction] << 30) | (size << 16) | (kvmio << 8) | nr) >>> 0
}

/** What the bits of a request say. `type` is 0xae for KVM's. */
export function requestParts(number: number): {
  readonly direction: Direction
  readonly type: number
  readonly nr: number
  readonly size: number
} {
  const named = (['none', 'write', 'read', 'both'] as const)[number >>> 30] ?? 'none'
  return { direction: named, type: (number >>> 8) & 0xff, nr: number & 0xff, size: (number >>> 16) & 0x3fff }
}

interface More {
  readonly capability?: string
  /** The struct behind the address, where the number says nothing of it. */
  readonly behind?: ArgumentType
  /** Where nothing is said, nobody listed a release that lacks it. */
  readonly lifetime?: Lifetime
  readonly evidence?: Evidence
}

/** Says a call: its name, its number's parts, what its argument is, where it is understood, and what it does. */
export function ioctl(
  name: string,
  nr: number,
  direction: Direction,
  argument: ArgumentType | undefined,
  use: ArgumentUse,
  fds: readonly FdKind[],
  says: string,
  { capability, behind, lifetime = always, evidence = 'source' }: More = {},
): Ioctl {
  const size = direction === 'none' ? 0 : (argument?.size ?? 0)
  const type = argument ?? behind
  return {
    name,
    number: requestNumber(direction, nr, size),
    nr,
    direction,
    size,
    use,
    ...(type === undefined ? {} : { argument: { name: type.name, size: type.size } }),
    fds,
    ...(capability === undefined ? {} : { capability }),
    says,
    lifetime,
    evidence,
    source: kernelSource(headerPaths.linux, name, '6.12'),
  }
}
