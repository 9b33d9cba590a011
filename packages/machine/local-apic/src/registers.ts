/**
 * The registers of the local APIC by their x2APIC number: the low byte of the MSR, and a sixteenth of the offset in
 * the xAPIC page. Source: SDM 3A Table 11-1 "Local APIC Register Address Map" and Table 11-6 for x2APIC.
 */
export const register = {
  id: 0x02,
  version: 0x03,
  taskPriority: 0x08,
  arbitrationPriority: 0x09,
  processorPriority: 0x0a,
  eoi: 0x0b,
  remoteRead: 0x0c,
  logicalDestination: 0x0d,
  destinationFormat: 0x0e,
  spurious: 0x0f,
  inService: 0x10,
  triggerMode: 0x18,
  request: 0x20,
  errorStatus: 0x28,
  command: 0x30,
  commandHigh: 0x31,
  lvtTimer: 0x32,
  lvtThermal: 0x33,
  lvtPerformance: 0x34,
  lvtLint0: 0x35,
  lvtLint1: 0x36,
  lvtError: 0x37,
  initialCount: 0x38,
  currentCount: 0x39,
  divide: 0x3e,
  selfIpi: 0x3f,
} as const

/** How many local vector table entries there are. */
const lvtCount = 6

/** Version 14H in bits 7:0, the number of the last LVT entry in bits 23:16. Source: SDM 3A §11.4.8. */
export const versionValue = 0x14 | ((lvtCount - 1) << 16)

export const lvtMasked = 1 << 16
export const lvtRemoteIrr = 1 << 14
export const lvtLevel = 1 << 15

/** What software can change in an LVT entry, and what it may write without a #GP in x2APIC mode. Source: SDM 3A Figure 11-8. */
interface LvtBits {
  readonly writable: number
  readonly defined: number
}

const lvtPlain: LvtBits = { writable: 0x1_07ff, defined: 0x1_17ff }
const lvtPin: LvtBits = { writable: 0x1_a7ff, defined: 0x1_f7ff }

/** In the order of the registers, timer first. */
export const lvtBits: readonly LvtBits[] = [
  { writable: 0x7_00ff, defined: 0x7_10ff },
  lvtPlain,
  lvtPlain,
  lvtPin,
  lvtPin,
  { writable: 0x1_00ff, defined: 0x1_10ff },
]

/** IA32_APIC_BASE. Source: SDM 3A Figure 11-26. */
export const apicBase = { bootstrap: 0x100n, extended: 0x400n, enabled: 0x800n } as const

export const spuriousEnabled = 0x100
/** Vector, software enable, and focus checking, which is accepted and does nothing. Source: SDM 3A Figure 11-23. */
export const spuriousWritable = 0x3ff

/** Bits of the error status register. Source: SDM 3A Figure 11-9. */
export const apicError = { sendIllegalVector: 0x20, receiveIllegalVector: 0x40, illegalRegister: 0x80 } as const

/** Vector, delivery mode, destination mode, level, trigger mode, shorthand. Source: SDM 3A Figure 11-12. */
export const commandWritable = 0x000c_cfff
/** Bits 13, 17:16 and 31:20 are reserved in x2APIC mode; bit 12 is accepted and dropped, as KVM does. Source: SDM 3A Figure 11-28. */
export const commandDefined = 0x000c_dfff

export const msr = { apicBase: 0x1b, tscDeadline: 0x6e0, x2apic: 0x800, x2apicLast: 0x8ff } as const

/** Whether a register is a local vector table entry. */
export function isLvt(number: number): boolean {
  return number >= register.lvtTimer && number < register.lvtTimer + lvtCount
}

/** Registers that x2APIC mode does not have. Source: SDM 3A Table 11-6. */
export const xapicOnly: readonly number[] = [
  register.arbitrationPriority,
  register.remoteRead,
  register.destinationFormat,
  register.commandHigh,
]

const sets = Array.from({ length: 24 }, (_, index) => register.inService + index)
/** Registers that neither mode lets software write; the ID and the logical destination can be in xAPIC mode. */
export const readOnly: readonly number[] = [
  register.version,
  register.processorPriority,
  register.currentCount,
  ...sets,
  register.id,
  register.logicalDestination,
]
export const xapicReadOnly: readonly number[] = [register.arbitrationPriority, register.remoteRead]

/** What a WRMSR may set; `undefined` where there is no register. Source: SDM 3A Table 11-6 and the registers' figures. */
export function definedBits(number: number): number | undefined {
  const lvt = lvtBits[number - register.lvtTimer]
  if (lvt !== undefined) return lvt.defined
  switch (number) {
    case register.taskPriority:
    case register.selfIpi:
      return 0xff
    case register.eoi:
    case register.errorStatus:
      return 0
    case register.spurious:
      return spuriousWritable
    case register.initialCount:
      return 0xffff_ffff
    case register.divide:
      return 0xb
    default:
      return undefined
  }
}
