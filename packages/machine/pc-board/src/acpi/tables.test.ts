import { describe, expect, it } from 'vitest'
import { bridgeWindow, buffer, device, eisaId, integer, named, packageOf, resources } from './aml.ts'
import { acpiTables } from './tables.ts'

const tables = acpiTables({ cpus: 3, serialPorts: [{ base: 0x3f8, irq: 4 }] })

/** Guest memory as a guest would read it, from 0xe0000 on. */
function guestView({ base, bytes }: { base: number; bytes: Uint8Array }) {
  const view = new DataView(bytes.buffer)
  const at = (address: number) => address - base
  return {
    u8: (address: number) => view.getUint8(at(address)),
    u16: (address: number) => view.getUint16(at(address), true),
    u32: (address: number) => view.getUint32(at(address), true),
    u64: (address: number) => Number(view.getBigUint64(at(address), true)),
    text: (address: number, length: number) =>
      String.fromCharCode(...bytes.subarray(at(address), at(address) + length)),
    sum: (address: number, length: number) =>
      bytes.subarray(at(address), at(address) + length).reduce((sum, byte) => (sum + byte) & 0xff, 0),
  }
}

const guest = guestView(tables)
const rsdp = tables.base

/** What a guest finds when it starts at the RSDP and follows 32-bit pointers, or 64-bit ones. */
function found(wide: boolean): Record<string, number> {
  const root = wide ? guest.u64(rsdp + 24) : guest.u32(rsdp + 16)
  const entry = wide ? 8 : 4
  const count = (guest.u32(root + 4) - 36) / entry
  const result: Record<string, number> = { [guest.text(root, 4)]: root }
  for (let index = 0; index < count; index++) {
    const address = wide ? guest.u64(root + 36 + 8 * index) : guest.u32(root + 36 + 4 * index)
    result[guest.text(address, 4)] = address
  }
  return result
}

describe('the ACPI tables', () => {
  it('begin with an RSDP where guests look, with both checksums right', () => {
    expect([rsdp % 16, guest.text(rsdp, 8), guest.u8(rsdp + 15)]).toEqual([0, 'RSD PTR ', 2])
    expect([guest.sum(rsdp, 20), guest.sum(rsdp, 36)]).toEqual([0, 0])
  })

  it('are found through RSDT and XSDT alike, each with a right checksum', () => {
    const [narrow, wide] = [found(false), found(true)]
    expect(Object.keys(narrow)).toEqual(['RSDT', 'FACP', 'APIC'])
    expect(Object.keys(wide)).toEqual(['XSDT', 'FACP', 'APIC'])
    expect([wide['FACP'], wide['APIC']]).toEqual([narrow['FACP'], narrow['APIC']])
    const dsdt = guest.u32(narrow['FACP']! + 40)
    for (const address of [...Object.values(narrow), ...Object.values(wide), dsdt]) {
      expect([guest.text(address, 4), guest.sum(address, guest.u32(address + 4))]).toEqual([guest.text(address, 4), 0])
    }
  })

  it('give the power registers, the reset register and the interrupt in the FADT', () => {
    const fadt = tables.addresses['FACP']!
    expect([guest.u32(fadt + 4), guest.u16(fadt + 46), guest.u32(fadt + 48)]).toEqual([244, 9, 0])
    expect([guest.u32(fadt + 56), guest.u32(fadt + 64), guest.u32(fadt + 76)]).toEqual([0x600, 0x604, 0x608])
    expect([guest.u8(fadt + 88), guest.u8(fadt + 89), guest.u8(fadt + 91)]).toEqual([4, 2, 4])
    expect([guest.u8(fadt + 108), guest.u16(fadt + 109)]).toEqual([0x32, 0x05])
    expect([guest.u8(fadt + 116), guest.u64(fadt + 120), guest.u8(fadt + 128)]).toEqual([1, 0xcf9, 6])
    expect([guest.u64(fadt + 140), guest.u64(fadt + 152), guest.u64(fadt + 176), guest.u64(fadt + 212)]).toEqual([
      tables.addresses['DSDT'],
      0x600,
      0x604,
      0x608,
    ])
  })

  it('have a FACS on 64 bytes with an empty waking vector', () => {
    const facs = guest.u32(tables.addresses['FACP']! + 36)
    expect([facs % 64, guest.text(facs, 4), guest.u32(facs + 4), guest.u32(facs + 12)]).toEqual([0, 'FACS', 64, 0])
    expect(guest.u64(tables.addresses['FACP']! + 132)).toBe(facs)
  })

  it('say "no 8042" unless told otherwise', () => {
    const other = acpiTables({ cpus: 1, keyboard: 'present' })
    expect(guestView(other).u16(other.addresses['FACP']! + 109) & 2).toBe(2)
    expect(other.bytes.length).toBeGreaterThan(acpiTables({ cpus: 1 }).bytes.length)
  })

  it('list processors, the I/O APIC, and the overrides in the MADT', () => {
    const madt = tables.addresses['APIC']!
    const entries: number[][] = []
    for (let at = madt + 44; at < madt + guest.u32(madt + 4); at += guest.u8(at + 1)) {
      entries.push(Array.from({ length: guest.u8(at + 1) }, (_, index) => guest.u8(at + index)))
    }
    expect([guest.u32(madt + 36), guest.u32(madt + 40)]).toEqual([0xfee0_0000, 1])
    expect(entries).toEqual([
      [0, 8, 0, 0, 1, 0, 0, 0],
      [0, 8, 1, 1, 1, 0, 0, 0],
      [0, 8, 2, 2, 1, 0, 0, 0],
      [1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0],
      [2, 10, 0, 0, 2, 0, 0, 0, 0, 0],
      [2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0],
      [4, 6, 0xff, 0, 0, 1],
    ])
  })

  it('describe processors above 254 as x2APICs', () => {
    const many = acpiTables({ cpus: 300 })
    const view = guestView(many)
    const madt = many.addresses['APIC']!
    let x2apics = 0
    for (let at = madt + 44; at < madt + view.u32(madt + 4); at += view.u8(at + 1)) x2apics += Number(view.u8(at) === 9)
    expect(x2apics).toBe(45)
  })

  it.each([0xd_0000, 0xe_0008])('are refused at %i', (base) => {
    expect(() => acpiTables({ cpus: 1, base })).toThrow(RangeError)
  })

  it('are refused where they would not fit', () => {
    expect(() => acpiTables({ cpus: 1, base: 0xf_fff0 })).toThrow(RangeError)
  })
})

describe('AML', () => {
  it.each([
    [0, [0x00]],
    [1, [0x01]],
    [0xff, [0x0a, 0xff]],
    [0x1234, [0x0b, 0x34, 0x12]],
    [0xfec0_0000, [0x0c, 0x00, 0x00, 0xc0, 0xfe]],
  ])('integer %i', (value, bytes) => {
    expect(integer(value)).toEqual(bytes)
  })

  it('packs hardware IDs', () => {
    expect(eisaId('PNP0A03')).toEqual([0x0c, 0x41, 0xd0, 0x0a, 0x03])
    expect(eisaId('PNP0501')).toEqual([0x0c, 0x41, 0xd0, 0x05, 0x01])
  })

  it('pads names and counts lengths in one, two and three bytes', () => {
    expect(named('_S5', integer(0))).toEqual([0x08, 0x5f, 0x53, 0x35, 0x5f, 0x00])
    expect(packageOf(integer(0), integer(1))).toEqual([0x12, 0x04, 0x02, 0x00, 0x01])
    expect(buffer(Array(100).fill(7)).slice(0, 5)).toEqual([0x11, 0x48, 0x06, 0x0a, 100])
    const big = device('BIG', buffer(Array(5000).fill(7)))
    expect(big.slice(0, 3)).toEqual([0x5b, 0x82, 0x80 | ((big.length - 2) & 15)])
    expect((big[2]! & 15) | (big[3]! << 4) | (big[4]! << 12)).toBe(big.length - 2)
  })

  it('closes resources with an end tag', () => {
    expect(resources([0x22, 0x10, 0x00])).toEqual([0x11, 0x08, 0x0a, 5, 0x22, 0x10, 0x00, 0x79, 0x00])
    expect(bridgeWindow({ kind: 'io', first: 0xd00, last: 0xffff })).toEqual([
      0x88, 0x0d, 0x00, 1, 0x0c, 0x03, 0, 0, 0x00, 0x0d, 0xff, 0xff, 0, 0, 0x00, 0xf3,
    ])
  })
})
