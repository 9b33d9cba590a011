import { sleepTypes } from '../power.ts'
import {
  type Aml,
  bridgeWindow,
  device,
  eisaId,
  integer,
  ioPorts,
  isaInterrupt,
  named,
  packageOf,
  resources,
  scope,
} from './aml.ts'

/** Where PCI memory windows may be: between the end of low memory and the I/O APIC. */
export const pciWindow = { first: 0xc000_0000, last: 0xfebf_ffff } as const

/** The I/O APIC input of a PCI interrupt pin (0 is INTA#): four of them, taken in turn so that devices spread. */
export function pciInterruptLine(slot: number, pin: number): number {
  return 16 + ((slot + pin) & 3)
}

export interface DsdtOptions {
  /** Serial ports that exist, by first port and ISA line. */
  readonly serialPorts: readonly { readonly base: number; readonly irq: number }[]
  /** Whether to say that there is a keyboard. */
  readonly keyboard: boolean
}

/** The DSDT's content: sleep states, the PCI root with its windows and interrupts, and the ISA devices. */
export function dsdtBody({ serialPorts, keyboard }: DsdtOptions): readonly number[] {
  const serial = serialPorts.map(({ base, irq }, index) => serialPort(index + 1, base, irq))
  const isa = [
    plain('PIC', 'PNP0000', ioPorts(0x20, 2), ioPorts(0xa0, 2), ioPorts(0x4d0, 2), isaInterrupt(2)),
    plain('TIMR', 'PNP0100', ioPorts(0x40, 4), isaInterrupt(0)),
    plain('SPKR', 'PNP0800', ioPorts(0x61, 1)),
    plain('RTC', 'PNP0B00', ioPorts(0x70, 2), isaInterrupt(8)),
    ...(keyboard ? [plain('KBD', 'PNP0303', ioPorts(0x60, 1), ioPorts(0x64, 1), isaInterrupt(1))] : []),
    ...serial,
  ]
  return [...sleepState('\\_S3', sleepTypes.s3), ...sleepState('\\_S5', sleepTypes.s5), ...scope('\\_SB', pciRoot(isa))]
}

function sleepState(name: string, type: number): Aml {
  return named(name, packageOf(integer(type), integer(type), integer(0), integer(0)))
}

function plain(name: string, id: string, ...descriptors: readonly (readonly number[])[]): Aml {
  return device(name, named('_HID', eisaId(id)), named('_CRS', resources(...descriptors)))
}

function serialPort(number: number, base: number, irq: number): Aml {
  return device(
    `COM${number}`,
    named('_HID', eisaId('PNP0501')),
    named('_UID', integer(number)),
    named('_STA', integer(0x0f)),
    named('_CRS', resources(ioPorts(base, 8), isaInterrupt(irq))),
  )
}

function pciRoot(isa: readonly Aml[]): Aml {
  const windows = [
    bridgeWindow({ kind: 'bus', first: 0, last: 0xff }),
    ioPorts(0xcf8, 8),
    bridgeWindow({ kind: 'io', first: 0x0000, last: 0x0cf7 }),
    bridgeWindow({ kind: 'io', first: 0x0d00, last: 0xffff }),
    bridgeWindow({ kind: 'memory', first: 0xa_0000, last: 0xb_ffff }),
    bridgeWindow({ kind: 'memory', ...pciWindow }),
  ]
  return device(
    'PCI0',
    named('_HID', eisaId('PNP0A03')),
    named('_UID', integer(0)),
    named('_BBN', integer(0)),
    named('_CRS', resources(...windows)),
    named('_PRT', packageOf(...routes())),
    device('ISA', named('_ADR', integer(0x1_0000)), ...isa),
  )
}

/** One row for every slot and pin: device and "any function", pin, no link device, input. Source: ACPI 6.5 §6.2.13. */
function routes(): Aml[] {
  const pins = [0, 1, 2, 3]
  const slots = Array.from({ length: 31 }, (_, index) => index + 1)
  return slots.flatMap((slot) =>
    pins.map((pin) =>
      packageOf(integer(slot * 0x1_0000 + 0xffff), integer(pin), integer(0), integer(pciInterruptLine(slot, pin))),
    ),
  )
}
