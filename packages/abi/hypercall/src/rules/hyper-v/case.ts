import type { Rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { decodeHyperVCall, type HyperVCall, hyperVCallOf } from '../../hyper-v.ts'
import { type HyperVCallName, type HyperVCallRow, type HyperVWord, hyperVCalls } from '../../hyper-v-calls.rows.ts'
import type { HyperVFlush, HyperVInput, HyperVIpi } from '../../hyper-v-input.ts'
import type { HyperVStatus } from '../../hyper-v-status.rows.ts'

/** What the hypervisor grants and has. */
export interface HyperVContext {
  /** Words of the guest's CPUID: leaf 40000003H EBX and EDX, leaf 40000004H EAX and EBX. */
  readonly rights: Readonly<Record<HyperVWord, number>>
  /** Whether calls need their rights: KVM_CAP_HYPERV_ENFORCE_CPUID. */
  readonly cpuid: 'enforced' | 'advisory'
  /** Whether the synthetic interrupt controller is on: KVM_CAP_HYPERV_SYNIC. */
  readonly synic: 'on' | 'off'
  /** Whether the local APIC is the kernel's. */
  readonly localApic: 'kernel' | 'user-space'
  /** The synthetic debugger: not in the guest's CPUID, there, or told to use hypercalls. */
  readonly debugger: 'off' | 'on' | 'by hypercall'
  /** Whether a connection has an eventfd: KVM_HYPERV_EVENTFD. */
  readonly hasEvent: (connection: number) => boolean
  readonly input: HyperVInput
}

/** What to do about a call of Hyper-V's. A result goes where `hyperVResult` says, and RIP moves on. */
export type HyperVVerdict =
  | { readonly kind: 'return'; readonly result: bigint }
  /** #UD; nothing moves on. */
  | { readonly kind: 'fault'; readonly vector: 6 }
  /** Let another vCPU run; then the result. */
  | { readonly kind: 'spin'; readonly result: bigint }
  | { readonly kind: 'signal-event'; readonly connection: number; readonly result: bigint }
  | ({ readonly kind: 'flush-tlb'; readonly result: bigint } & HyperVFlush)
  | ({ readonly kind: 'send-ipi'; readonly result: bigint } & HyperVIpi)
  /** KVM_EXIT_HYPERV of type HCALL: user space gives the result. */
  | {
      readonly kind: 'exit'
      readonly exit: 'hyperv'
      readonly input: bigint
      readonly params: readonly [bigint, bigint]
    }

/** A call on its way through the steps. */
export interface HyperVCase {
  readonly call: HyperVCall
  readonly context: HyperVContext
  readonly verdict: HyperVVerdict | undefined
}

/** What a refused call gets: a status, or the fault of a guest that may not call at all. */
export type HyperVError = HyperVStatus | '#UD'

/** A refusal of a call of Hyper-V's. */
export type HyperVRule = Rule<HyperVCase, HyperVError>

/** Where nearly all of it can be read. */
export const hyperVSource = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_hypercall', '6.12.117')

/** The row of a case's code. */
export function hyperVRowOf({ call }: HyperVCase): HyperVCallRow | undefined {
  return hyperVCallOf(call.code)
}

/** A case for a witness: a fast call of 64-bit code at CPL 0; the fields of the control word by name. */
export function hyperVMade(
  name: HyperVCallName | number,
  { fast = 1n, header = 0n, count = 0n, start = 0n, more = 0n, input = 0n, output = 0n } = {},
  context: Partial<HyperVContext> = {},
): HyperVCase {
  const code = typeof name === 'number' ? name : hyperVCalls.find((row) => row.name === name)!.code
  const control = BigInt(code) | (fast << 16n) | (header << 17n) | (count << 32n) | (start << 48n) | more
  const none = { rax: 0n, rbx: 0n, rsi: 0n, rdi: 0n, rbp: 0n, r9: 0n, r10: 0n }
  return {
    call: decodeHyperVCall(
      { ...none, rcx: control, rdx: input, r8: output },
      { width: 64, cpl: 0, protectedMode: true },
    ),
    context: {
      rights: { featuresEbx: -1, featuresEdx: -1, recommendationsEax: -1, recommendationsEbx: 1 },
      cpuid: 'advisory',
      synic: 'on',
      localApic: 'kernel',
      debugger: 'by hypercall',
      hasEvent: () => false,
      input: noInput,
      ...context,
    },
    verdict: undefined,
  }
}

const noInput: HyperVInput = { xmm: Array.from({ length: 12 }, () => 0n), read: () => undefined }
