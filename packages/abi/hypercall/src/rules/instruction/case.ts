/** The two vendors' hypercall instructions. */
export type HypercallInstruction = 'VMCALL' | 'VMMCALL'

/** Each instruction's three bytes. Source: SDM 3C, VMCALL; APM 3, VMMCALL. */
export const instructionBytes: Readonly<Record<HypercallInstruction, readonly [number, number, number]>> = {
  VMCALL: [0x0f, 0x01, 0xc1],
  VMMCALL: [0x0f, 0x01, 0xd9],
}

/** A hypercall instruction that the guest has come to. */
export interface InstructionCase {
  readonly instruction: HypercallInstruction
  /** That of the processor the machine claims to be made of; the guest's CPUID says nothing about it. */
  readonly native: HypercallInstruction
  /** KVM_X86_QUIRK_FIX_HYPERCALL_INSN: on until user space disables it. */
  readonly quirk: 'on' | 'off'
  readonly cpl: number
  /** Whether there is protected mode, and not virtual-8086 mode. */
  readonly protectedMode: boolean
}

/** What comes of it. */
export type InstructionVerdict =
  /** It is the hypercall. */
  | { readonly kind: 'hypercall' }
  /**
   * These bytes are written over it, at RIP as a linear address, as the guest itself would write: with its page
   * faults, with MMIO exits. Then it runs again.
   */
  | { readonly kind: 'patch'; readonly bytes: readonly [number, number, number] }
  /** #UD, or #GP(0). */
  | { readonly kind: 'fault'; readonly vector: 6 }
  | { readonly kind: 'fault'; readonly vector: 13; readonly errorCode: 0 }
