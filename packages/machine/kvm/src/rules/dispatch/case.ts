import type { FdKind, Ioctl } from '@vmm/kvm-uapi'
import type { Rule } from '@vmm/rule'

/** A call on a file descriptor of KVM's, before anybody has looked at what it is. */
export interface DispatchCase {
  readonly fd: FdKind
  readonly request: number
  readonly argument: bigint
  /** Whether the caller's address space is that of who made the VM. */
  readonly caller: 'maker' | 'stranger'
  /** The call that the request is, on this kind of descriptor. */
  readonly ioctl: Ioctl | undefined
  /** On a VM and its vCPUs: whether it is good for nothing any more. */
  readonly dead?: boolean
  /** On a vCPU: whether it is running, and this is called from inside. */
  readonly runs?: boolean
}

/** A refusal of a call that is not one, or not from here. */
export type DispatchRule = Rule<DispatchCase>

/** KVM_GET_API_VERSION as it should be. */
export const versionAsked: DispatchCase = {
  fd: 'system',
  request: 0xae00,
  argument: 0n,
  caller: 'maker',
  ioctl: undefined,
}
