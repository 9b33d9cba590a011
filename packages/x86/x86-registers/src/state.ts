import { type DescriptorName, descriptorNames } from './general.ts'

/**
 * Everything a vCPU remembers, as named fields with a width in bits. Readers of the semantics name fields; where a
 * field lives is each reader's own business. Vector and x87 registers are files, not fields.
 *
 * `RFLAGS` here is the whole register without the six arithmetic flags, which readers may keep lazily.
 * `access` is a segment's access rights in the form of VMX: bits 3:0 type, 4 S, 6:5 DPL, 7 P, 12 AVL, 13 L, 14 D/B,
 * 15 G, 16 unusable (SDM 3C §25.4.1, Table 25-2). `limit` is in bytes, granularity applied.
 */
const plainFields = {
  RIP: 64,
  RFLAGS: 64,
  CPL: 8,
  CR0: 64,
  CR2: 64,
  /** CR2 without a page fault that is under way, which keeps it where it leaves non-root operation (SDM 3C §28.1). MOV writes both. */
  CR2_KEPT: 64,
  CR3: 64,
  CR4: 64,
  /** What PAE paging keeps of its four uppermost entries: they are loaded with CR3 (SDM 3A §4.4.1). */
  PDPTE0: 64,
  PDPTE1: 64,
  PDPTE2: 64,
  PDPTE3: 64,
  /** The bits of CR4 that exist for this guest. */
  CR4_ALLOWED: 64,
  /** Bits of physical addresses: MAXPHYADDR ones. */
  PHYSICAL_MASK: 64,
  DR0: 64,
  DR1: 64,
  DR2: 64,
  DR3: 64,
  DR6: 64,
  DR7: 64,
  XCR0: 64,
  IA32_XSS: 64,
  IA32_U_CET: 64,
  IA32_S_CET: 64,
  IA32_PL0_SSP: 64,
  IA32_PL1_SSP: 64,
  IA32_PL2_SSP: 64,
  IA32_PL3_SSP: 64,
  IA32_INTERRUPT_SSP_TABLE_ADDR: 64,
  /** The shadow-stack pointer. SDM 1 §17.2.1. */
  SSP: 64,
  IA32_EFER: 64,
  IA32_STAR: 64,
  IA32_LSTAR: 64,
  IA32_CSTAR: 64,
  IA32_FMASK: 64,
  IA32_KERNEL_GS_BASE: 64,
  IA32_TSC_AUX: 64,
  IA32_SYSENTER_CS: 64,
  IA32_SYSENTER_ESP: 64,
  IA32_SYSENTER_EIP: 64,
  PKRU: 32,
  'GDTR.base': 64,
  'GDTR.limit': 32,
  'IDTR.base': 64,
  'IDTR.limit': 32,
  MXCSR: 32,
  FCW: 16,
  FSW: 16,
  /** The abridged tag word of FXSAVE: a set bit is a register in use, by physical number. */
  FTW: 8,
  FOP: 16,
  FCS: 16,
  FDS: 16,
  FIP: 64,
  FDP: 64,
  /** No interrupts until after the instruction that starts at this count of retired instructions: STI, MOV SS, POP SS. */
  SHADOW: 64,
  /** 1 after MOV SS or POP SS (debug traps wait too), 0 after STI: tells what kind of shadow SHADOW is. */
  SHADOW_KIND: 8,
  /** 1 from the delivery of an NMI to the next IRET: no other NMI is taken. */
  NMI_BLOCKED: 8,
  /** Reasons for a debug trap that waits for the end of a MOV SS or POP SS shadow, as bits of DR6. */
  PENDING_DEBUG: 32,
  /** 1 after an instruction that no single-step trap follows: INT n and its like have cleared TF before. */
  UNSTEPPED: 8,
  /** 1 while IGNNE# is asserted: x87 errors are passed over where CR0.NE makes no exceptions of them. */
  IGNNE: 8,
  /** 1 between two rounds of a repeated string instruction, to which RIP points. */
  REPEATING: 8,
  /** The physical address of the line of 64 bytes that MONITOR armed, or all ones: none, or it has been stored to. */
  MONITOR: 64,
  /** VMX operation: 0 outside it, 1 in root operation, 2 in non-root operation. */
  VMX: 8,
  /** The bits of CR0 and CR4 that must be one: none outside VMX operation. SDM 3C §24.8. */
  CR0_REQUIRED: 64,
  CR4_REQUIRED: 64,
  /** In non-root operation: the bits of CR0 and CR4 that are the hypervisor's, and what is read of those. SDM 3C §25.6.6. */
  CR0_MASK: 64,
  CR0_SHADOW: 64,
  CR4_MASK: 64,
  CR4_SHADOW: 64,
  /** The EPT pointer of non-root operation, or 0: physical addresses are what they are. SDM 3C §25.6.11. */
  EPTP: 64,
  /** Of the last translation that EPT did not let be made: what was to be translated, for which linear address, and the exit qualification. */
  EPT_ADDRESS: 64,
  EPT_LINEAR: 64,
  EPT_QUALIFICATION: 64,
  /** The entry at which it ended. */
  EPT_ENTRY: 64,
  /** What there is beside of EPT in non-root operation: an or of `eptControls`. */
  EPT_CONTROLS: 8,
  /** The address of the APIC-access page of non-root operation, with bit 0 set; 0 is none. SDM 3C §25.6.8. */
  APIC_ACCESS: 64,
} as const

const hiddenParts = { selector: 16, base: 64, limit: 32, access: 32 } as const

type DescriptorField = `${DescriptorName}.${keyof typeof hiddenParts}`
type PlainField = keyof typeof plainFields

/** The name of a field of a vCPU's state. */
export type StateField = PlainField | DescriptorField

/** The width in bits of a field. */
export type WidthOfField<F extends StateField> = F extends PlainField
  ? (typeof plainFields)[F]
  : F extends `${string}.${infer P extends keyof typeof hiddenParts}`
    ? (typeof hiddenParts)[P]
    : never

const descriptorFields = Object.fromEntries(
  descriptorNames.flatMap((name) => Object.entries(hiddenParts).map(([part, width]) => [`${name}.${part}`, width])),
) as Record<DescriptorField, 16 | 32 | 64>

/** Width in bits by field name; the one list of what state there is. */
export const stateFields: Readonly<Record<StateField, 8 | 16 | 32 | 64>> = { ...plainFields, ...descriptorFields }

/** Bits of EPT_CONTROLS: who executes decides, and pages that get dirty are logged. Source: SDM 3C §25.6.2. */
export const eptControls = { modeBasedExecute: 1, log: 2 } as const

/** Access-rights bits of a segment in the form of VMX. Source: SDM 3C §25.4.1, Table 25-2. */
export const accessRights = {
  type: 0xf,
  nonSystem: 1 << 4,
  dplShift: 5,
  present: 1 << 7,
  available: 1 << 12,
  long: 1 << 13,
  big: 1 << 14,
  granular: 1 << 15,
  unusable: 1 << 16,
} as const
