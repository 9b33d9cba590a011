import type { HypercallMode, HypercallRegisters } from './registers.ts'

/** A hypercall of Xen's interface, as the guest made it. */
export interface XenCall extends HypercallMode {
  /** The whole of RAX, whatever the mode. */
  readonly number: bigint
  readonly params: readonly [bigint, bigint, bigint, bigint, bigint, bigint]
}

/**
 * Reads a call out of the registers: RDI, RSI, RDX, R10, R8 and R9 in 64-bit mode, else EBX, ECX, EDX, ESI, EDI, EBP.
 *
 * Source: arch/x86/kvm/xen.c kvm_xen_hypercall (Linux 6.12.117); catalogue `xen-hc-args`.
 */
export function decodeXenCall(registers: HypercallRegisters, mode: HypercallMode): XenCall {
  const { rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10 } = registers
  const cut = (value: bigint) => BigInt.asUintN(32, value)
  const params: XenCall['params'] =
    mode.width === 64 ? [rdi, rsi, rdx, r10, r8, r9] : [cut(rbx), cut(rcx), cut(rdx), cut(rsi), cut(rdi), cut(rbp)]
  return { number: rax, params, width: mode.width, cpl: mode.cpl }
}

/**
 * Whether user space's result still goes to RAX, and RIP moves on: not where user space has moved the linear RIP since
 * it was asked. Source: arch/x86/kvm/xen.c kvm_xen_hypercall_complete_userspace (Linux 6.12.117).
 */
export function takesXenResult(asked: { readonly linearRip: bigint }, now: { readonly linearRip: bigint }): boolean {
  return asked.linearRip === now.linearRip
}
