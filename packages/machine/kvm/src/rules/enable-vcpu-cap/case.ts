import type { Rule } from '@vmm/rule'

/** KVM_ENABLE_CAP on a vCPU. */
export interface EnableVcpuCapCase {
  readonly capability: number
  readonly flags: number
  /** The first argument. */
  readonly argument: bigint
  /** Whether this release lets a vCPU enable it. */
  readonly known: boolean
  /** Interrupt controllers are in the kernel. */
  readonly irqchip: boolean
  /** The vendor module has enlightened VMCSs, and lets Hyper-V flush L2's translations. */
  readonly enlightenedVmcs: boolean
  readonly directFlush: boolean
}

/** A refusal of that call. */
export type EnableVcpuCapRule = Rule<EnableVcpuCapCase>

/** KVM's own features as CPUID has them, as every release since 5.10 has it. */
export const enforcePvFeatures: EnableVcpuCapCase = {
  capability: 190,
  flags: 0,
  argument: 1n,
  known: true,
  irqchip: true,
  enlightenedVmcs: true,
  directFlush: true,
}

/** Capabilities that have rules of their own, by number. */
export const capabilities = { synic: 123, synic2: 148, enlightenedVmcs: 163, directFlush: 175 } as const
