import type { Feature } from '@vmm/cpuid'
import { type HypercallError, hypercallErrors } from './errors.ts'
import { type HypercallName, type HypercallRow, hypercalls } from './hypercalls.rows.ts'

/** The registers of a VMCALL or VMMCALL. Source: Documentation/virt/kvm/x86/hypercalls.rst. */
export interface HypercallRegisters {
  readonly rax: bigint
  readonly rbx: bigint
  readonly rcx: bigint
  readonly rdx: bigint
  readonly rsi: bigint
}

/** A hypercall as the guest made it. */
export interface Hypercall {
  readonly number: bigint
  readonly arguments: readonly [bigint, bigint, bigint, bigint]
  /** 64 in 64-bit mode; else numbers, arguments and results have 32 bits. */
  readonly width: 64 | 32
  readonly cpl: number
}

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

/** What to do about a hypercall. `value` is what RAX gets, already of the call's width. */
export type HypercallVerdict =
  | { readonly kind: 'return'; readonly value: bigint }
  /** KVM_EXIT_HYPERCALL: user space answers, `returnValue` makes RAX of it. RIP moves on when it has answered. */
  | {
      readonly kind: 'exit'
      readonly exit: 'hypercall'
      readonly number: number
      readonly arguments: readonly bigint[]
      readonly width: 64 | 32
    }
  /** Wake this vCPU if it is halted, and yield to it; no such vCPU is no error. */
  | { readonly kind: 'kick-cpu'; readonly apicId: number; readonly value: bigint }
  /** Yield to this vCPU; no such vCPU is no error. */
  | { readonly kind: 'yield'; readonly apicId: number; readonly value: bigint }
  /** Deliver an IPI to each that exists; RAX is `returnValue` of how many took it. */
  | {
      readonly kind: 'send-ipi'
      readonly apicIds: readonly number[]
      readonly vector: number
      /** ICR bits 10:8. */
      readonly deliveryMode: number
      readonly level: 'assert' | 'deassert'
      readonly trigger: 'edge' | 'level'
    }
  /** Write a `kvm_clock_pairing` there; RAX is 0, or `returnValue` of -KVM_EFAULT where that is no memory. */
  | { readonly kind: 'clock-pairing'; readonly address: bigint }

/** The row of a number, or `undefined` when KVM never gave it out. */
export function hypercallNumbered(number: bigint | number): HypercallRow | undefined {
  return hypercalls.find((row) => BigInt(row.number) === BigInt(number))
}

/** The number of a hypercall. */
export function numberOf(name: HypercallName): number {
  return hypercalls.find((row) => row.name === name)!.number
}

/** Reads a hypercall out of the registers; outside 64-bit mode only their low halves count. */
export function decodeHypercall(registers: HypercallRegisters, mode: { width: 64 | 32; cpl: number }): Hypercall {
  const cut = (value: bigint) => BigInt.asUintN(mode.width, value)
  const { rax, rbx, rcx, rdx, rsi } = registers
  return { number: cut(rax), arguments: [cut(rbx), cut(rcx), cut(rdx), cut(rsi)], ...mode }
}

/** What RAX gets for a result: a negative number, an error; zero-extended from 32 bits outside 64-bit mode. */
export function returnValue({ width }: Pick<Hypercall, 'width'>, result: bigint | number): bigint {
  return BigInt.asUintN(width, BigInt(result))
}

/**
 * Decides a hypercall of KVM's own interface: privilege first, then the number, its feature bit, its arguments. Pure,
 * and total: whatever a guest puts into its registers has an answer.
 */
export function decideHypercall(call: Hypercall, context: HypercallContext): HypercallVerdict {
  if (call.cpl !== 0) return failed(call, 'KVM_EPERM')
  const row = hypercallNumbered(call.number)
  if (row === undefined || row.architecture !== 'x86' || isWithheld(row, context)) return failed(call, 'KVM_ENOSYS')
  const decide = deciders[row.name]
  return decide === undefined ? failed(call, 'KVM_ENOSYS') : decide(call, context)
}

type Decide = (call: Hypercall, context: HypercallContext) => HypercallVerdict

const deciders: Readonly<Partial<Record<string, Decide>>> = {
  KVM_HC_VAPIC_POLL_IRQ: (call) => ({ kind: 'return', value: returnValue(call, 0) }),
  KVM_HC_KICK_CPU: (call) => ({ kind: 'kick-cpu', apicId: apicIdOf(call.arguments[1]), value: 0n }),
  KVM_HC_CLOCK_PAIRING: decideClockPairing,
  KVM_HC_SEND_IPI: decideSendIpi,
  KVM_HC_SCHED_YIELD: (call) => ({ kind: 'yield', apicId: apicIdOf(call.arguments[0]), value: 0n }),
  KVM_HC_MAP_GPA_RANGE: decideMapGpaRange,
} satisfies Partial<Record<HypercallName, Decide>>

const apicIdOf = (value: bigint) => Number(BigInt.asUintN(32, value))

function failed(call: Hypercall, error: HypercallError): HypercallVerdict {
  return { kind: 'return', value: returnValue(call, -hypercallErrors[error]) }
}

function isWithheld({ feature, enforced }: HypercallRow, context: HypercallContext): boolean {
  const matters = enforced === 'enforced' && context.featureBits === 'enforced'
  return matters && feature !== undefined && !context.has(feature)
}

function decideClockPairing(call: Hypercall, { clockPairing }: HypercallContext): HypercallVerdict {
  const [address, clockType] = call.arguments
  if (clockType !== 0n || clockPairing === 'unavailable') return failed(call, 'KVM_EOPNOTSUPP')
  return { kind: 'clock-pairing', address }
}

/** Destination mode and shorthand of the ICR are the bitmap's business. Source: arch/x86/kvm/lapic.c kvm_pv_send_ipi. */
const icrDestinationBits = 0xc_0800n

function decideSendIpi(call: Hypercall): HypercallVerdict {
  const [low, high, lowest, icr] = call.arguments
  if ((icr & icrDestinationBits) !== 0n) return failed(call, 'KVM_EINVAL')
  const first = apicIdOf(lowest)
  return {
    kind: 'send-ipi',
    apicIds: [...idsIn(low, first, call.width), ...idsIn(high, first + call.width, call.width)],
    vector: Number(icr & 0xffn),
    deliveryMode: Number((icr >> 8n) & 7n),
    level: (icr & 0x4000n) === 0n ? 'deassert' : 'assert',
    trigger: (icr & 0x8000n) === 0n ? 'edge' : 'level',
  }
}

function idsIn(bitmap: bigint, first: number, width: number): readonly number[] {
  return Array.from({ length: width }, (_, bit) => bit)
    .filter((bit) => ((bitmap >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => (first + bit) >>> 0)
}

function decideMapGpaRange(call: Hypercall, { exits }: HypercallContext): HypercallVerdict {
  const number = numberOf('KVM_HC_MAP_GPA_RANGE')
  if (((exits >>> number) & 1) === 0) return failed(call, 'KVM_ENOSYS')
  const [address, pages, attributes] = call.arguments
  const frame = address >> 12n
  const wraps = BigInt.asUintN(64, frame + pages) <= frame
  if ((address & 0xfffn) !== 0n || pages === 0n || wraps) return failed(call, 'KVM_EINVAL')
  return { kind: 'exit', exit: 'hypercall', number, arguments: [address, pages, attributes], width: call.width }
}
