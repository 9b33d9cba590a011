/** The destination format register's bits 31:28 in the flat model; all others are clusters. Source: SDM 3A §11.6.2.2. */
const flat = 0xf

/** Whether a logical destination of eight bits means an APIC in xAPIC mode, by its own logical ID and the format of both. */
export function isAmong(destination: number, own: number, format: number): boolean {
  if (format >>> 28 === flat) return (own & destination) !== 0
  return own >> 4 === destination >> 4 && (own & destination & 0xf) !== 0
}

/** The logical ID of an APIC in x2APIC mode. Source: SDM 3A §11.12.10.2 "Deriving Logical x2APIC ID from the Local x2APIC ID". */
export function logicalIdOf(id: number): number {
  return (((id >>> 4) << 16) | (1 << (id & 15))) >>> 0
}
