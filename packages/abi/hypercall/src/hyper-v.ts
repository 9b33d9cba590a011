import { type HyperVCallRow, hyperVCalls } from './hyper-v-calls.rows.ts'
import { type HyperVStatus, hyperVStatuses } from './hyper-v-status.rows.ts'
import type { HypercallMode, HypercallRegisters } from './registers.ts'

/** A hypercall of Hyper-V's interface, as the guest made it. */
export interface HyperVCall extends HypercallMode {
  /** The whole control word. */
  readonly control: bigint
  readonly code: number
  /** Whether the arguments are in registers. */
  readonly fast: boolean
  /** Quadwords of the header of variable size. */
  readonly headerSize: number
  readonly repeatCount: number
  readonly repeatStart: number
  /** The guest physical address of the arguments, or the first argument of a fast call. */
  readonly input: bigint
  /** The guest physical address of the results, or the second argument of a fast call. */
  readonly output: bigint
  /** CR0.PE: in real mode there are no such calls. */
  readonly protectedMode: boolean
}

/** How a guest runs that makes a call of Hyper-V's. */
export interface HyperVMode extends HypercallMode {
  readonly protectedMode: boolean
}

/** 0x8001 to 0x8041: calls that only user space knows. */
export function isExtendedHyperVCall(code: number): boolean {
  return code >= 0x8001 && code <= 0x8041
}

/** The row of a code, or `undefined` where KVM does not know it. */
export function hyperVCallOf(code: number): HyperVCallRow | undefined {
  return hyperVCalls.find((row) => row.code === code)
}

/**
 * Reads a call out of the registers: RCX, RDX and R8 in 64-bit mode, else EDX:EAX, EBX:ECX and EDI:ESI.
 *
 * Source: Hyper-V Top Level Functional Specification, 3.7; catalogue `hv-hc-args`.
 */
export function decodeHyperVCall(registers: HypercallRegisters, mode: HyperVMode): HyperVCall {
  const { rax, rbx, rcx, rdx, rsi, rdi, r8 } = registers
  const [control, input, output] = mode.width === 64 ? [rcx, rdx, r8] : [pair(rdx, rax), pair(rbx, rcx), pair(rdi, rsi)]
  const field = (low: bigint, width: number) => Number(BigInt.asUintN(width, control >> low))
  return {
    ...mode,
    control,
    code: field(0n, 16),
    fast: field(16n, 1) === 1,
    headerSize: field(17n, 10),
    repeatCount: field(32n, 12),
    repeatStart: field(48n, 12),
    input,
    output,
  }
}

/**
 * The registers that a result goes to: RAX in 64-bit mode, else EDX:EAX. A list that was gone through whole is counted
 * in bits 43:32.
 */
export function hyperVResult(
  { width }: Pick<HypercallMode, 'width'>,
  result: HyperVStatus | bigint,
): { readonly rax: bigint; readonly rdx?: bigint } {
  const value = typeof result === 'bigint' ? result : BigInt(hyperVStatuses[result])
  return width === 64 ? { rax: value } : { rax: BigInt.asUintN(32, value), rdx: BigInt.asUintN(32, value >> 32n) }
}

function pair(high: bigint, low: bigint): bigint {
  return (BigInt.asUintN(32, high) << 32n) | BigInt.asUintN(32, low)
}
