import type { Rule } from '@vmm/rule'

/** KVM_ENABLE_CAP on a VM. */
export interface EnableCapCase {
  readonly capability: number
  readonly flags: number
  readonly arguments: readonly [bigint, bigint, bigint, bigint]
  /** Whether this release lets a VM enable it. */
  readonly known: boolean
  /** What KVM_CHECK_EXTENSION answers for it. */
  readonly answered: number
  /** How many vCPUs there are. */
  readonly vcpus: number
  /** The id of the vCPU that boots, and what ids have been limited to; 0: they have not. */
  readonly bootId: number
  readonly idsOfVm: number
  /** Which vendor's. */
  readonly module: string
  /** kvm.enable_pmu. */
  readonly pmu: boolean
  /** The processor leaves guests to which no event is delivered for long. */
  readonly notifyExit: boolean
  /** Whoever calls may reboot the machine: CAP_SYS_BOOT. */
  readonly mayReboot: boolean
}

/** A refusal of that call. */
export type EnableCapRule = Rule<EnableCapCase>

/** Payloads of exceptions, as every release has them. */
export const exceptionPayload: EnableCapCase = {
  capability: 164,
  flags: 0,
  arguments: [1n, 0n, 0n, 0n],
  known: true,
  answered: 1,
  vcpus: 0,
  bootId: 0,
  idsOfVm: 0,
  module: 'kvm_intel',
  pmu: true,
  notifyExit: true,
  mayReboot: true,
}

/** A capability with its first argument, on a VM without vCPUs. */
export const asked = (capability: number, argument: bigint, change: Partial<EnableCapCase> = {}): EnableCapCase => ({
  ...exceptionPayload,
  capability,
  arguments: [argument, 0n, 0n, 0n],
  ...change,
})

/** Capabilities that have rules of their own, by number. */
export const capabilities = {
  maxVcpuId: 128,
  disableExits: 143,
  haltPoll: 182,
  busLockExit: 193,
  sgxAttribute: 196,
  copyEncryption: 197,
  emulationFailure: 204,
  moveEncryption: 206,
  pmu: 212,
  quirks2: 213,
  notifyExit: 219,
  nxHugePages: 220,
} as const

/** `KVM_MAX_VCPU_IDS`. */
export const mostIds = 4096n

/** Whether a capability is about the encryption of VMs. */
export const isEncryption = (capability: number): boolean =>
  capability === capabilities.copyEncryption || capability === capabilities.moveEncryption
