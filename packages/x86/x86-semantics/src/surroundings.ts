/** A refusal by the surroundings: the guest gets this exception. */
export interface Refused {
  readonly kind: 'fault'
  readonly vector: number
  readonly errorCode?: number
}

/** #GP(0), the usual refusal. */
export const generalProtection: Refused = { kind: 'fault', vector: 13, errorCode: 0 }

/** #MF, which an x87 error is to the guest unless its machine is told of it. */
export const numericException: Refused = { kind: 'fault', vector: 16 }

/** In place of a vector, where something waits for an answer of its surroundings: no exception has this number. */
export const unanswered = 256

/**
 * In place of a vector: EPT has let a translation not be made. The error code is the basic exit reason; EPT_ADDRESS, EPT_LINEAR,
 * EPT_QUALIFICATION and EPT_ENTRY say the rest.
 */
export const secondLevelFault = 257

/**
 * In place of a vector: the instruction has not happened, and registers are those of who goes on elsewhere already. Nobody outside the engine
 * is told of it.
 */
export const elsewhere = 258

/**
 * From here on are what addresses of the APIC-access page are to the surroundings, and there is no memory: its physical address is added, which has at most 52 bits.
 *
 * Source: SDM 3C 30.4 Virtualizing Memory-Mapped APIC Accesses.
 */
export const apicAccesses: number = 2 ** 52

/** Instructions of VMX that whoever runs the processor executes. */
export const vmxMnemonics = [
  'VMXON',
  'VMXOFF',
  'VMCLEAR',
  'VMPTRLD',
  'VMPTRST',
  'VMREAD',
  'VMWRITE',
  'VMLAUNCH',
  'VMRESUME',
  'INVEPT',
  'INVVPID',
  'VMFUNC',
] as const

/** One of them. */
export type VmxMnemonic = (typeof vmxMnemonics)[number]

/** How many operands of `Surroundings.vmx` such an instruction has; the others are 0. */
export const vmxOperands: Readonly<Record<VmxMnemonic, 0 | 1 | 2 | 3>> = {
  VMXON: 1,
  VMXOFF: 0,
  VMCLEAR: 1,
  VMPTRLD: 1,
  VMPTRST: 0,
  VMREAD: 1,
  VMWRITE: 2,
  VMLAUNCH: 0,
  VMRESUME: 0,
  INVEPT: 3,
  INVVPID: 3,
  VMFUNC: 2,
}

/**
 * What came of one: VMsucceed with what it gives (VMREAD, VMPTRST; else 0), VMfailInvalid, VMfailValid, whose error number is in the VMCS by
 * then, an exception, or that L2 is entered: once the engine has come back, or, where the processor is elsewhere, already. Then the instruction did
 * not happen.
 *
 * Source: SDM 3C 31.2 Conventions.
 */
export type VmxOutcome =
  | { readonly kind: 'succeeded'; readonly value: bigint }
  | { readonly kind: 'failed'; readonly how: 'invalid' | 'valid' }
  | { readonly kind: 'entered' }
  | { readonly kind: 'elsewhere' }
  | Refused

/** Features that a processor has only if somebody asked for them, and whose instructions are #UD without. */
export const optionalFeatures = ['RTM_ALWAYS_ABORT'] as const

/** One of them, by its name among the features of CPUID. */
export type OptionalFeature = (typeof optionalFeatures)[number]

/** The two vendors' hypercall instructions. */
export type HypercallMnemonic = 'VMCALL' | 'VMMCALL'

/** Three bytes are stored over a hypercall instruction, with the program's rights, and it runs again. */
export interface PatchedHypercall {
  readonly kind: 'patch'
  readonly bytes: readonly [number, number, number]
}

/**
 * What instructions ask of their surroundings: whoever executes them asks, a vCPU or a test answers. Who has no answer
 * yet says so (`undefined`, or `false`): the instruction then does not happen, and asks again when it runs again.
 */
export interface Surroundings {
  cpuid(leaf: number, subleaf: number): readonly [eax: number, ebx: number, ecx: number, edx: number] | Refused
  readMsr(index: number): bigint | Refused
  writeMsr(index: number, value: bigint): Refused | undefined
  /** `count` is how many values the instruction may still ask for, this one included: more than one for REP INS. */
  portIn(port: number, size: 1 | 2 | 4, count: number): number | undefined
  /** `by`: OUT itself, or an instruction that takes strings from memory. */
  portOut(port: number, size: 1 | 2 | 4, value: number, by: 'OUT' | 'OUTS'): boolean
  /** Reads one to eight bytes of one page where no memory is, on whatever boundary: data, or a byte of an instruction. */
  mmioRead(address: number, size: number, purpose: 'data' | 'fetch'): bigint | undefined
  mmioWrite(address: number, size: number, value: bigint): void
  /**
   * An access is about to be made where no memory is, or none that can be written. True: nobody may be asked for it, and
   * its instruction does not happen. Left out, devices are there.
   */
  unreachable?(address: number, size: number, purpose: 'read' | 'write' | 'fetch'): boolean
  /**
   * A page of memory whose owner wants to be told is about to be loaded from or stored to, for the first time in a while.
   * False: the instruction does not happen, where it can be left.
   */
  touched?(address: number, access: 'load' | 'store'): boolean
  timeStamp(): bigint
  random(): bigint
  taskPriority(): number
  setTaskPriority(value: number): void
  hypercall(instruction: HypercallMnemonic): boolean | PatchedHypercall | Refused
  /**
   * RSM. True: it is for whoever runs the processor to leave system-management mode, and the instruction does not happen. False, or
   * left out: the processor is not in it, and there is #UD.
   */
  leavesSmm?(): boolean
  /** INT3 is about to be delivered. False: a debugger holds it. */
  breakpoint?(): boolean
  writeXcr(index: number, value: bigint): Refused | undefined
  /** FERR#: an x87 error without CR0.NE. False: the instruction waits for an interrupt. Left out, the error is #MF. */
  numericError?(): Refused | boolean
  /**
   * The bits of ECX that MWAIT knows; undefined where there are no MONITOR and MWAIT, `nothing` where neither does anything. Left
   * out, it knows bit 0.
   */
  mwaitExtensions?(): number | 'nothing' | undefined
  /** Whether the processor has an optional feature. Left out, it has none. */
  optional?(feature: OptionalFeature): boolean
  /**
   * An instruction of VMX in root operation (VMXON outside it too, VMFUNC in non-root operation, VMREAD and VMWRITE there where they stay), when modes and privilege have let it pass. Operands by the manual's
   * order: the physical address that is in memory (VMXON, VMCLEAR, VMPTRLD); the field, and what is written (VMREAD, VMWRITE); the type and
   * the descriptor's two halves (INVEPT, INVVPID); EAX and ECX (VMFUNC). Left out, it is #UD.
   */
  vmx?(instruction: VmxMnemonic, first: bigint, second: bigint, third: bigint): VmxOutcome
  /**
   * In non-root operation an instruction has come to where it may leave for L1, for a basic exit reason. True: it does, and does not happen; `elsewhere`: it
   * has, by an engine that lets instructions be abandoned. Left out, none does. The qualification is the manual's, without the number of a general register; where it would be a displacement, it is 0. For the exceptions of INT1, INT3
   * and INTO, whose reason is 0, it is the vector; for VMREAD and VMWRITE it is the field's encoding.
   *
   * Source: SDM 3C 26.1 Instructions That Cause VM Exits.
   */
  exits?(reason: number, qualification: bigint): boolean | 'elsewhere'
  /**
   * In non-root operation: whether a control enables the instruction of a basic exit reason, one of those that are #UD without. Left out, all are.
   *
   * Source: SDM 3C 26.3 Changes to Instruction Behavior in VMX Non-Root Operation.
   */
  enabled?(reason: number): boolean
  /** With page-modification logging: whether the log has room. Left out, it has. */
  logHasRoom?(): boolean
  /**
   * EPT has marked the page of a guest-physical address as dirty, and the log has room: it takes it.
   *
   * Source: SDM 3C 29.3.6 Page-Modification Logging.
   */
  logPage?(address: bigint): void
}

/** Surroundings with nobody in them: ports and addresses read as ones, MSRs are refused, and time stands still. */
export const nobodyAround: Surroundings = {
  cpuid: () => [0, 0, 0, 0],
  readMsr: () => generalProtection,
  writeMsr: () => generalProtection,
  portIn: () => 0xffff_ffff,
  portOut: () => true,
  mmioRead: (_, size) => (1n << BigInt(size * 8)) - 1n,
  mmioWrite: () => {},
  timeStamp: () => 0n,
  random: () => 0n,
  taskPriority: () => 0,
  setTaskPriority: () => {},
  hypercall: () => true,
  writeXcr: () => generalProtection,
}
