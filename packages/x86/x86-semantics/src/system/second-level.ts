import type { Bits, Machine, Variable } from '../algebra.ts'
import { procedure } from '../procedure.ts'

/**
 * What an access by EPT is: the low bits as an exit qualification has them. `table`: to a paging structure of the guest's; `linear`: for an
 * access of a program's, to the linear address EPT_LINEAR.
 */
export const secondLevelAccess = { read: 1, write: 2, fetch: 4, table: 8, linear: 16 } as const

/** Basic exit reasons for which a translation is not made. Source: SDM 3D, appendix C. */
const secondLevelExit = { apicAccess: 44, violation: 48, misconfiguration: 49 } as const

/** Exit qualification of a guest-physical access to the APIC-access page by an instruction. Source: SDM 3C 28.2.1, Table 28-6. */
const physicalApicAccess = 0xf000

const all64 = (1n << 64n) - 1n
const addressBits = 0x000f_ffff_ffff_f000n
/** Of an entry: what it permits, and whether there is one. */
const permissions = 7n
/** Bits 8 and 9 of an entry. */
const [accessed, dirty] = [0x100n, 0x200n]
/** Of an exit qualification: what the entries permitted, whether there is a linear address, and whether the access was to what it leads to. */
const qualification = { permitted: 3, linear: 0x80, final: 0x100 } as const
/** Memory types of leaves that there are: UC, WC, WT, WP and WB, by number. */
const memoryTypes = 0b111_0011

const mask = (m: Machine, value: Bits<64>, kept: bigint): Bits<64> => m.and(value, m.constant(kept & all64, 64))
const isSet = (m: Machine, value: Bits<64>, bits: bigint): Bits<1> => m.not(m.isZero(mask(m, value, bits)))

/** The way down. */
interface Descent {
  readonly address: Bits<64>
  /** What is asked for, and what the entries so far permit: read, write, execute. */
  readonly asked: Bits<64>
  readonly permitted: Variable<64>
  readonly table: Variable<64>
  readonly shift: Variable<64>
  readonly going: Variable<1>
  readonly physical: Variable<64>
  /** 0, or the exit reason. */
  readonly refused: Variable<32>
}

/**
 * The physical address behind a guest-physical one, by EPT: (guest-physical address, `secondLevelAccess`) gives 0 and the address, or the basic exit
 * reason; EPT_ADDRESS and EPT_QUALIFICATION are set then. Outside non-root operation with EPT it is the address itself.
 *
 * Source: SDM 3C 29.3 The Extended Page Table Mechanism (EPT).
 */
export const secondLevel = procedure('secondLevel', [64, 8], [32, 64], (m, address, word) => {
  const refused = m.variable(m.constant(0, 32))
  const physical = m.variable(address)
  const pointer = m.get('EPTP')
  m.when(m.not(m.isZero(pointer)), () => {
    const descent: Descent = {
      ...{ address, refused, physical },
      asked: askedOf(m, m.zeroExtend(word, 64), m.bit(pointer, 6)),
      permitted: m.variable(m.constant(permissions, 64)),
      table: m.variable(mask(m, pointer, addressBits)),
      shift: m.variable(m.select(m.bit(pointer, 5), m.constant(48, 64), m.constant(39, 64))),
      going: m.variable(m.constant(1, 1)),
    }
    m.loop(
      () => descent.going.get(),
      () => descend(m, descent, m.bit(pointer, 6)),
    )
    m.when(m.bit(word, 3), () => refuseApicAccess(m, descent))
    m.when(m.not(m.isZero(refused.get())), () => tell(m, descent, word))
  })
  return [refused.get(), physical.get()]
})

/** A paging structure of the guest's may not be the APIC-access page. Source: SDM 3C 30.4.6.1. */
function refuseApicAccess(m: Machine, { refused, physical }: Descent): void {
  const place = m.or(mask(m, physical.get(), ~0xfffn), m.constant(1, 64))
  const isThere = m.and(m.isZero(refused.get()), m.equal(place, m.get('APIC_ACCESS')))
  m.when(isThere, () => refused.set(m.constant(secondLevelExit.apicAccess, 32)))
}

/** With accessed and dirty flags the guest's paging structures are written to whenever they are used. Source: SDM 3C §29.3.3.2. */
function askedOf(m: Machine, word: Bits<64>, marks: Bits<1>): Bits<64> {
  const writes = m.and(m.bit(word, 3), marks)
  const asWrite = m.select(writes, m.constant(secondLevelAccess.write | secondLevelAccess.read, 64), m.constant(0, 64))
  return m.or(mask(m, word, permissions), asWrite)
}

/** One entry: it leads on, maps a page, or is refused. */
function descend(m: Machine, descent: Descent, marks: Bits<1>): void {
  const { shift, table, permitted, going, asked } = descent
  const level = shift.get()
  const index = mask(m, m.shiftRight(descent.address, level), 0x1ffn)
  const place = m.add(table.get(), m.shiftLeft(index, m.constant(3, 64)))
  const entry = m.loadPhysical(place, 64)
  const isLeaf = m.or(m.equal(level, m.constant(12, 64)), m.and(m.bit(entry, 7), m.below(level, m.constant(39, 64))))
  going.set(m.constant(0, 1))
  permitted.set(m.and(permitted.get(), entry))
  const forbids = m.not(m.isZero(m.and(asked, m.not(permitted.get()))))
  m.when(
    isMisconfigured(m, entry, level, isLeaf),
    () => descent.refused.set(m.constant(secondLevelExit.misconfiguration, 32)),
    () =>
      m.when(
        // what is not there permits nothing
        m.or(m.not(isSet(m, entry, permissions)), m.and(isLeaf, forbids)),
        () => descent.refused.set(m.constant(secondLevelExit.violation, 32)),
        () => {
          m.when(marks, () => mark(m, place, entry, m.and(isLeaf, m.bit(asked, 1))))
          follow(m, descent, entry, isLeaf)
        },
      ),
  )
}

/** The page that an entry maps, or the next table. */
function follow(
  m: Machine,
  { address, physical, table, shift, going }: Descent,
  entry: Bits<64>,
  isLeaf: Bits<1>,
): void {
  const level = shift.get()
  const inside = m.sub(m.shiftLeft(m.constant(1, 64), level), m.constant(1, 64))
  m.when(
    isLeaf,
    () => physical.set(m.or(m.and(mask(m, entry, addressBits), m.not(inside)), m.and(address, inside))),
    () => {
      table.set(mask(m, entry, addressBits))
      shift.set(m.sub(level, m.constant(9, 64)))
      going.set(m.constant(1, 1))
    },
  )
}

/** Writable without being readable, or with a reserved bit or memory type. What permits nothing has none of these. Source: SDM 3C §29.3.3.1. */
function isMisconfigured(m: Machine, entry: Bits<64>, level: Bits<64>, isLeaf: Bits<1>): Bits<1> {
  const writesAlone = m.and(m.bit(entry, 1), m.not(m.bit(entry, 0)))
  const beyond = m.and(m.not(m.get('PHYSICAL_MASK')), m.constant(addressBits, 64))
  // a large page's address has zeros where the page's own bits would be
  const inLarge = m.sub(m.shiftLeft(m.constant(1, 64), level), m.constant(0x1000, 64))
  const above = m.below(m.constant(30, 64), level)
  const inTable = m.select(above, m.constant(0xf8, 64), m.constant(0x78, 64))
  const reserved = m.or(beyond, m.select(isLeaf, inLarge, inTable))
  const type = m.and(m.shiftRight(entry, m.constant(3, 64)), m.constant(7, 64))
  const noType = m.not(m.bit(m.shiftRight(m.constant(memoryTypes, 64), type), 0))
  const wrong = m.or(m.or(writesAlone, isSetBy(m, entry, reserved)), m.and(isLeaf, noType))
  return m.and(isSet(m, entry, permissions), wrong)
}

const isSetBy = (m: Machine, value: Bits<64>, bits: Bits<64>): Bits<1> => m.not(m.isZero(m.and(value, bits)))

/** Accessed and dirty flags. Source: SDM 3C §29.3.5. */
function mark(m: Machine, place: Bits<64>, entry: Bits<64>, writes: Bits<1>): void {
  const marked = m.or(entry, m.select(writes, m.constant(accessed | dirty, 64), m.constant(accessed, 64)))
  m.when(m.not(m.equal(marked, entry)), () => void m.compareAndSwapPhysical(place, entry, marked))
}

/** What L1 is told. A misconfiguration has no qualification. Source: SDM 3C §28.2.1, Table 28-7. */
function tell(m: Machine, { address, asked, permitted, refused }: Descent, word: Bits<8>): void {
  const had = m.shiftLeft(mask(m, permitted.get(), permissions), m.constant(qualification.permitted, 64))
  const final = m.select(m.bit(word, 3), m.constant(0, 64), m.constant(qualification.final, 64))
  const linear = m.select(m.bit(word, 4), m.or(m.constant(qualification.linear, 64), final), m.constant(0, 64))
  const isViolation = m.equal(refused.get(), m.constant(secondLevelExit.violation, 32))
  m.set('EPT_ADDRESS', address)
  const isApic = m.equal(refused.get(), m.constant(secondLevelExit.apicAccess, 32))
  const other = m.select(isApic, m.constant(physicalApicAccess, 64), m.constant(0, 64))
  m.set('EPT_QUALIFICATION', m.select(isViolation, m.or(m.or(asked, had), linear), other))
}
