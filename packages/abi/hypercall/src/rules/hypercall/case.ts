import type { Feature } from '@vmm/cpuid'
import type { Rule } from '@vmm/rule'
import type { HypercallError } from '../../errors.ts'
import { decodeHypercall, type Hypercall, hypercallNumbered, numberOf } from '../../hypercall.ts'
import type { HypercallName, HypercallRow } from '../../hypercalls.rows.ts'
import type { HypercallVerdict } from '../../verdict.ts'

/** What the hypervisor grants. */
export interface HypercallContext {
  /** The bits of leaf 40000001H. */
  readonly has: (feature: Feature) => boolean
  /** Whether a hypercall needs its feature bit: KVM_CAP_ENFORCE_PV_FEATURE_CPUID. */
  readonly featureBits: 'enforced' | 'advisory'
  /** Bit n: hypercall n exits to user space. KVM_CAP_EXIT_HYPERCALL. */
  readonly exits: number
  /** Whether real time can be paired with the TSC. */
  readonly clockPairing: 'available' | 'unavailable'
}

/** A hypercall on its way through the steps. */
export interface HypercallCase {
  readonly call: Hypercall
  readonly context: HypercallContext
  /** What the steps so far have decided. */
  readonly verdict: HypercallVerdict | undefined
}

/** A refusal that the guest sees: the negative of the error in RAX. */
export type HypercallRule = Rule<HypercallCase, HypercallError>

/** Whether a case is the hypercall of this name. */
export function isCall({ call }: HypercallCase, name: HypercallName): boolean {
  return call.number === BigInt(numberOf(name))
}

/** The row of a case's number, where x86 answers it. */
export function rowOf({ call }: HypercallCase): HypercallRow | undefined {
  const row = hypercallNumbered(call.number)
  return row?.architecture === 'x86' ? row : undefined
}

/** A case for a witness: 64-bit code at CPL 0, nothing granted but what is said. */
export function made(
  name: HypercallName | number,
  args: readonly bigint[] = [],
  context: Partial<HypercallContext> = {},
): HypercallCase {
  const [rbx = 0n, rcx = 0n, rdx = 0n, rsi = 0n] = args
  const rax = BigInt(typeof name === 'number' ? name : numberOf(name))
  return {
    call: decodeHypercall({ rax, rbx, rcx, rdx, rsi }, { width: 64, cpl: 0 }),
    context: { has: () => false, featureBits: 'advisory', exits: 0, clockPairing: 'available', ...context },
    verdict: undefined,
  }
}
