import { powerPorts } from '../power.ts'
import { dsdtBody } from './dsdt.ts'

/** What the tables tell of the machine. */
export interface AcpiOptions {
  /** How many processors; their APIC IDs are 0, 1, … */
  readonly cpus: number
  /** Guest-physical address of the first byte; the RSDP is there, so it must lie in 0xe0000 to 0xfffff, on 16 bytes. */
  readonly base?: number
  readonly serialPorts?: readonly { readonly base: number; readonly irq: number }[]
  /** Whether to say that there is an 8042: guests then probe it, which takes them time. */
  readonly keyboard?: 'present' | 'absent'
  readonly ioApicId?: number
  /** The byte of battery-backed memory that holds the century. */
  readonly centuryRegister?: number
}

/** All tables in one piece, ready to be put at `base`. */
export interface AcpiTables {
  readonly base: number
  readonly bytes: Uint8Array
  /** Guest-physical addresses of the tables by signature; `RSD PTR ` is the root. */
  readonly addresses: Readonly<Record<string, number>>
}

const headerLength = 36
const localApicBase = 0xfee0_0000
const ioApicBase = 0xfec0_0000

/** Everything that is not the CPU's business in the FADT's flags: WBINVD works, C1 works, no fixed buttons, and there is a reset register. */
const fadtFlags = 0x1 | 0x4 | 0x10 | 0x20 | 0x400
const legacyDevices = 0x1
const keyboardThere = 0x2
const noVga = 0x4

/**
 * RSDP, RSDT, XSDT, FADT, MADT, DSDT and FACS for the board of this package.
 * Source: ACPI 6.5 chapter 5 "ACPI Software Programming Model".
 * @throws {RangeError} if the base is not where a guest looks for the RSDP, or the tables do not fit.
 */
export function acpiTables(options: AcpiOptions): AcpiTables {
  const { cpus, base = 0xe_0000, keyboard = 'absent', ioApicId = 0, centuryRegister = 0x32 } = options
  if (base < 0xe_0000 || base % 16 !== 0) throw new RangeError('ACPI tables begin on 16 bytes in 0xe0000 to 0xfffff')
  const serialPorts = options.serialPorts ?? []
  const addresses: Record<string, number> = {}
  const parts: Uint8Array[] = []
  let end = base
  const place = (name: string, bytes: Uint8Array, alignment = 16): number => {
    const at = Math.ceil(end / alignment) * alignment
    if (at > end) parts.push(new Uint8Array(at - end))
    parts.push(bytes)
    end = at + bytes.length
    addresses[name] = at
    return at
  }
  const rsdpLength = 36
  addresses['RSD PTR '] = base
  end = base + rsdpLength
  const facs = place('FACS', facsTable(), 64)
  const dsdt = place('DSDT', table('DSDT', 2, dsdtBody({ serialPorts, keyboard: keyboard === 'present' })))
  const boot = legacyDevices | noVga | (keyboard === 'present' ? keyboardThere : 0)
  const fadt = place('FACP', table('FACP', 3, fadtBody(facs, dsdt, boot, centuryRegister)))
  const madt = place('APIC', table('APIC', 3, madtBody(cpus, ioApicId)))
  const rsdt = place(
    'RSDT',
    table(
      'RSDT',
      1,
      [fadt, madt].flatMap((address) => u32(address)),
    ),
  )
  const xsdt = place(
    'XSDT',
    table(
      'XSDT',
      1,
      [fadt, madt].flatMap((address) => u64(address)),
    ),
  )
  if (end > 0x10_0000) throw new RangeError('the ACPI tables do not fit below 1 MiB')
  return { base, bytes: joined([rsdpTable(rsdt, xsdt), ...parts]), addresses }
}

function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff]
}

function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)]
}

function u64(value: number): number[] {
  return [...u32(value >>> 0), ...u32(Math.floor(value / 2 ** 32))]
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Makes the sum of `bytes` zero by the byte at `at`. */
function seal(bytes: Uint8Array, at: number, length = bytes.length): Uint8Array {
  bytes[at] = 0
  bytes[at] = -bytes.subarray(0, length).reduce((sum, byte) => sum + byte, 0)
  return bytes
}

/** A table with the common header. Source: ACPI 6.5 §5.2.6. */
function table(signature: string, revision: number, body: readonly number[]): Uint8Array {
  const header = [
    ...ascii(signature),
    ...u32(headerLength + body.length),
    revision,
    0,
    ...ascii('VMM   '),
    ...ascii('VMMBOARD'),
    ...u32(1),
    ...ascii('VMM '),
    ...u32(1),
  ]
  return seal(Uint8Array.from([...header, ...body]), 9)
}

/** Source: ACPI 6.5 §5.2.5.3. The first checksum covers the 20 bytes of revision 0. */
function rsdpTable(rsdt: number, xsdt: number): Uint8Array {
  const bytes = [...ascii('RSD PTR '), 0, ...ascii('VMM   '), 2, ...u32(rsdt), ...u32(36), ...u64(xsdt), 0, 0, 0, 0]
  return seal(seal(Uint8Array.from(bytes), 8, 20), 32)
}

/** Source: ACPI 6.5 §5.2.10. The waking vector and everything else start as zero. */
function facsTable(): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes.set([...ascii('FACS'), ...u32(64)])
  bytes[32] = 2
  return bytes
}

/** An I/O register of so many bits in the generic form, its access size left to the reader. Source: ACPI 6.5 §5.2.3.2. */
function ioAddress(port: number, bits: number): number[] {
  return port === 0 ? new Array<number>(12).fill(0) : [1, bits, 0, 0, ...u64(port)]
}

/** Source: ACPI 6.5 §5.2.9, in the 244 bytes of revision 3. */
function fadtBody(facs: number, dsdt: number, boot: number, century: number): number[] {
  const { event, control, timer } = powerPorts
  const sci = 9
  const noDeepSleep = [...u16(0xfff), ...u16(0xfff)]
  return [
    ...[...u32(facs), ...u32(dsdt), 0, 0],
    ...[...u16(sci), ...u32(0), 0, 0, 0, 0],
    ...[event, 0, control, 0, 0, timer, 0, 0].flatMap((port) => u32(port)),
    ...[4, 2, 0, 4, 0, 0, 0, 0],
    ...[...noDeepSleep, ...u16(0), ...u16(0), 0, 0, 0, 0, century],
    ...[...u16(boot), 0, ...u32(fadtFlags)],
    ...[...ioAddress(0xcf9, 8), 0x06, ...u16(0), 0],
    ...[...u64(facs), ...u64(dsdt)],
    ...[...ioAddress(event, 32), ...ioAddress(0, 0), ...ioAddress(control, 16), ...ioAddress(0, 0)],
    ...[...ioAddress(0, 0), ...ioAddress(timer, 32), ...ioAddress(0, 0), ...ioAddress(0, 0)],
  ]
}

/** Source: ACPI 6.5 §5.2.12. IDs from 255 on are in the x2APIC form. */
function madtBody(cpus: number, ioApicId: number): number[] {
  const bothPicAndApic = 1
  const processors = Array.from({ length: cpus }, (_, id) =>
    id < 255 ? [0, 8, id, id, ...u32(1)] : [9, 16, 0, 0, ...u32(id), ...u32(1), ...u32(id)],
  )
  const ioApic = [1, 12, ioApicId, 0, ...u32(ioApicBase), ...u32(0)]
  const timerIsInput2 = [2, 10, 0, 0, ...u32(2), ...u16(0)]
  const sciIsLevelHigh = [2, 10, 0, 9, ...u32(9), ...u16(0x0d)]
  const nmiOnLint1 = [4, 6, 0xff, ...u16(0), 1]
  return [
    ...[...u32(localApicBase), ...u32(bothPicAndApic)],
    ...processors.flat(),
    ...ioApic,
    ...timerIsInput2,
    ...sciIsLevelHigh,
    ...nmiOnLint1,
  ]
}
