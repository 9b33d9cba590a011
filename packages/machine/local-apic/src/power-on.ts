/** The ID of x2APIC mode is the processor’s own. */
export const ownId = -1

/** Where the page is after power-up. */
export const defaultBase = 0xfee0_0000n

/** What a local APIC remembers beside its interrupts and its timer, as it is after power-up. */
export const powerOn = {
  base: 0n,
  id: 0,
  x2apicId: ownId,
  logicalDestination: 0,
  destinationFormat: 0xffff_ffff,
  commandLow: 0,
  commandHigh: 0,
}
