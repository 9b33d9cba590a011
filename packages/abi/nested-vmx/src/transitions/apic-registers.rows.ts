/**
 * Registers of a virtual-APIC page that the processor looks at by itself, by their offset. Registers of 256 bits have eight words, sixteen bytes apart.
 *
 * Source: SDM 3C 30.1.1 Virtualized APIC Registers.
 */
export const virtualApicRegisters = {
  VTPR:     0x080,
  VPPR:     0x0a0,
  VEOI:     0x0b0,
  VISR:     0x100,
  VIRR:     0x200,
  VICR_LO:  0x300,
  VICR_HI:  0x310,
  SELF_IPI: 0x3f0,
} as const

/**
 * Registers whose accesses at the APIC-access page are virtualized where APIC-register virtualization is on: by their number, a sixteenth of where they are, the first
 * and the last of each stretch.
 *
 * Source: SDM 3C 30.4.2 Virtualizing Reads from the APIC-Access Page; 30.4.3.1 Determining Whether a Write Access is Virtualized.
 */
export const virtualizedRegisters = {
  read:  [[0x02, 0x03], [0x08, 0x08], [0x0b, 0x0b], [0x0d, 0x28], [0x30, 0x38], [0x3e, 0x3e]],
  write: [[0x02, 0x02], [0x08, 0x08], [0x0b, 0x0b], [0x0d, 0x0f], [0x28, 0x28], [0x30, 0x38], [0x3e, 0x3e]],
} as const
