import type { Capability, EnableScope } from '@vmm/kvm-uapi'
import { inForce, type Profile } from '@vmm/rule'
import type { Answer } from '../answer.ts'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'

/** What KVM_ENABLE_CAP is told beside the capability. */
export interface EnableCap {
  readonly cap: number
  readonly flags?: number
  readonly args?: readonly bigint[]
  /** Whoever calls may reboot the machine: CAP_SYS_BOOT. Default: it may. */
  readonly mayReboot?: boolean
}

/** The four words of an argument; what is left out is 0. */
export type CapArguments = readonly [bigint, bigint, bigint, bigint]

/** What enabling capabilities does to a vCPU, by the kernel's names; `call` reaches user memory. */
export type VcpuCapabilities = Readonly<
  Record<string, (vcpu: KvmVcpu, given: CapArguments, write: WriteUser) => Answer<number>>
>

/** Puts bytes where user space wants them; false where it cannot. */
export type WriteUser = (address: bigint, bytes: Uint8Array) => boolean

/** Whether a release lets a VM or a vCPU enable a capability, whatever the host can do of it. */
export function enables(capability: Capability | undefined, scope: EnableScope, kernel: Profile): boolean {
  if (capability?.enabledOn.includes(scope) !== true) return false
  return capability.answers.some(({ lifetime }) => inForce(lifetime, kernel) === 'yes')
}

/** What enabling capabilities does to a VM, by the kernel's names. */
export type VmCapabilities = Readonly<Record<string, (vm: Vm, given: CapArguments) => Answer<number>>>

/** The arguments as the kernel sees them: four. */
export function capArguments(args: readonly bigint[] = []): CapArguments {
  const [first = 0n, second = 0n, third = 0n, fourth = 0n] = args
  return [first, second, third, fourth]
}
