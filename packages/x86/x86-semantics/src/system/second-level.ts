import { eptControls } from '@vmm/x86-registers'
import type { Bits, Machine, Variable } from '../algebra.ts'
import { procedure } from '../procedure.ts'

/**
 * What an access by EPT is: the low bits as an exit qualification has them. `table`: to a paging structure of the guest's; `linear`: for an
 * access of a program's, to the linear address EPT_LINEAR. Then what the guest's paging says of that: `user`, a user-mode address;
 * `writable`; `noExecute`.
 */
export const secondLevelAccess = {
  read: 1,
  write: 2,
  fetch: 4,
  table: 8,
  linear: 16,
  user: 32,
  writable: 64,
  noExecute: 128,
} as const

/** Basic exit reasons for which a translation is not made. Source: SDM 3D, appendix C. */
const secondLevelExit = { apicAccess: 44, violation: 48, misconfiguration: 49, logFull: 62 } as const

/** Exit qualification of a guest-physical access to the APIC-access page by an instruction. Source: SDM 3C 28.2.1, Table 28-6. */
const physicalApicAccess = 0xf000

const all64 = (1n << 64n) - 1n
const addressBits = 0x000f_ffff_ffff_f000n
/** Of an entry: what it permits, and whether there is one. With mode-based execution users have a bit of their own. */
const permissions = 7n
const executeUser = 0x400n
/** Bits 8 and 9 of an entry. */
const [accessed, dirty] = [0x100n, 0x200n]
/** Of an exit qualification: what the entries permitted, whether there is a linear address, and whether the access was to what it leads to. */
const qualification = { permitted: 3, linear: 0x80, final: 0x100 } as const
/** How far what an entry lets users execute, and what paging says of an address, are from where a qualification has them. */
const [userShift, pageShift] = [4, 4] as const
const pageBits = 0xe0n
/** Memory types of leaves that there are: UC, WC, WT, WP and WB, by number. */
const memoryTypes = 0b111_0011

const mask = (m: Machine, value: Bits<64>, kept: bigint): Bits<64> => m.and(value, m.constant(kept & all64, 64))
const isSet = (m: Machine, value: Bits<64>, bits: bigint): Bits<1> => m.not(m.isZero(mask(m, value, bits)))

/** The way down. */
interface Descent {
  readonly address: Bits<64>
  /** What is asked for as an exit tells of it, as the bits of entries that must permit it, and the bits of them that count. */
  readonly asked: Bits<64>
  readonly wanted: Bits<64>
  readonly rights: Bits<64>
  /** Whether accessed and dirty flags are kept, and whether pages that get dirty are logged. */
  readonly marks: Bits<1>
  readonly logs: Bits<1>
  /** What the entries so far permit, and the last of them. */
  readonly permitted: Variable<64>
  readonly entry: Variable<64>
  readonly table: Variable<64>
  readonly shift: Variable<64>
  readonly going: Variable<1>
  readonly physical: Variable<64>
  /** 0, or the exit reason. */
  readonly refused: Variable<32>
}

/**
 * The physical address behind a guest-physical one, by EPT: (guest-physical address, `secondLevelAccess`) gives 0 and the address, or the basic exit
 * reason; EPT_ADDRESS, EPT_QUALIFICATION and EPT_ENTRY are set then. Outside non-root operation with EPT it is the address itself.
 *
 * Source: SDM 3C 29.3 The Extended Page Table Mechanism (EPT).
 */
export const secondLevel = procedure('secondLevel', [64, 8], [32, 64], (m, address, word) => {
  const refused = m.variable(m.constant(0, 32))
  const physical = m.variable(address)
  const pointer = m.get('EPTP')
  m.when(m.not(m.isZero(pointer)), () => {
    const descent = begin(m, pointer, address, word, { refused, physical })
    m.loop(
      () => descent.going.get(),
      () => descend(m, descent),
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

function begin(
  m: Machine,
  pointer: Bits<64>,
  address: Bits<64>,
  word: Bits<8>,
  results: Pick<Descent, 'refused' | 'physical'>,
): Descent {
  const controls = m.zeroExtend(m.get('EPT_CONTROLS'), 64)
  const byMode = isSet(m, controls, BigInt(eptControls.modeBasedExecute))
  const marks = m.bit(pointer, 6)
  const asked = askedOf(m, m.zeroExtend(word, 64), marks)
  const usersFetch = m.and(m.and(byMode, m.bit(word, 2)), m.bit(word, 5))
  return {
    ...{ ...results, address, asked, marks },
    wanted: m.select(usersFetch, m.constant(executeUser, 64), asked),
    rights: m.select(byMode, m.constant(permissions | executeUser, 64), m.constant(permissions, 64)),
    logs: isSet(m, controls, BigInt(eptControls.log)),
    permitted: m.variable(m.constant(permissions | executeUser, 64)),
    entry: m.variable(m.constant(0, 64)),
    table: m.variable(mask(m, pointer, addressBits)),
    shift: m.variable(m.select(m.bit(pointer, 5), m.constant(48, 64), m.constant(39, 64))),
    going: m.variable(m.constant(1, 1)),
  }
}

/** With accessed and dirty flags the guest's paging structures are written to whenever they are used. Source: SDM 3C §29.3.3.2. */
function askedOf(m: Machine, word: Bits<64>, marks: Bits<1>): Bits<64> {
  const writes = m.and(m.bit(word, 3), marks)
  const asWrite = m.select(writes, m.constant(secondLevelAccess.write | secondLevelAccess.read, 64), m.constant(0, 64))
  return m.or(mask(m, word, permissions), asWrite)
}

/** One entry: it leads on, maps a page, or is refused. */
function descend(m: Machine, descent: Descent): void {
  const { shift, table, permitted, going, wanted, rights, marks } = descent
  const level = shift.get()
  const index = mask(m, m.shiftRight(descent.address, level), 0x1ffn)
  const place = m.add(table.get(), m.shiftLeft(index, m.constant(3, 64)))
  const entry = m.loadPhysical(place, 64)
  const isLeaf = m.or(m.equal(level, m.constant(12, 64)), m.and(m.bit(entry, 7), m.below(level, m.constant(39, 64))))
  going.set(m.constant(0, 1))
  descent.entry.set(entry)
  permitted.set(m.and(permitted.get(), entry))
  const forbids = isSetBy(m, wanted, m.not(permitted.get()))
  const isThere = isSetBy(m, entry, rights)
  m.when(
    m.and(isThere, isMisconfigured(m, entry, level, isLeaf)),
    () => refuse(m, descent, 'misconfiguration'),
    () =>
      m.when(
        // what is not there permits nothing
        m.or(m.not(isThere), m.and(isLeaf, forbids)),
        () => refuse(m, descent, 'violation'),
        () => {
          follow(m, descent, entry, isLeaf)
          m.when(marks, () => mark(m, descent, { place, entry, isLeaf }))
        },
      ),
  )
}

function refuse(m: Machine, { refused, going }: Descent, why: keyof typeof secondLevelExit): void {
  refused.set(m.constant(secondLevelExit[why], 32))
  going.set(m.constant(0, 1))
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

/** Writable without being readable, or with a reserved bit or memory type. Source: SDM 3C §29.3.3.1. */
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
  return m.or(m.or(writesAlone, isSetBy(m, entry, reserved)), m.and(isLeaf, noType))
}

const isSetBy = (m: Machine, value: Bits<64>, bits: Bits<64>): Bits<1> => m.not(m.isZero(m.and(value, bits)))

/** An entry that leads on or maps a page, and its physical address. */
interface Used {
  readonly place: Bits<64>
  readonly entry: Bits<64>
  readonly isLeaf: Bits<1>
}

/** Accessed and dirty flags: none is set while the log is full. Source: SDM 3C §29.3.5, §29.3.6. */
function mark(m: Machine, descent: Descent, used: Used): void {
  const { asked, logs, refused, address } = descent
  const writes = m.and(used.isLeaf, m.bit(asked, 1))
  const flags = m.select(writes, m.constant(accessed | dirty, 64), m.constant(accessed, 64))
  const marked = m.or(used.entry, flags)
  m.when(m.not(m.equal(marked, used.entry)), () => {
    m.when(logs, () => {
      const [hasRoom] = m.host('logHasRoom')
      m.when(m.isZero(hasRoom), () => refuse(m, descent, 'logFull'))
    })
    m.when(m.isZero(refused.get()), () =>
      m.when(
        m.compareAndSwapPhysical(used.place, used.entry, marked),
        () =>
          m.when(m.and(logs, m.and(writes, m.not(isSet(m, used.entry, dirty)))), () =>
            m.host('logPage', mask(m, address, ~0xfffn)),
          ),
        () => lookAgain(m, descent, used),
      ),
    )
  })
}

/** Another processor has changed the entry meanwhile. */
function lookAgain(m: Machine, { table, shift, going }: Descent, { place, isLeaf }: Used): void {
  table.set(mask(m, place, addressBits))
  const above = m.add(shift.get(), m.constant(9, 64))
  shift.set(m.select(isLeaf, shift.get(), above))
  going.set(m.constant(1, 1))
}

/** What L1 is told. Only a violation has a qualification. Source: SDM 3C §28.2.1, Table 28-7. */
function tell(m: Machine, { address, asked, permitted, rights, entry, refused }: Descent, word: Bits<8>): void {
  const counted = m.and(permitted.get(), rights)
  const had = m.shiftLeft(mask(m, counted, permissions), m.constant(qualification.permitted, 64))
  const byUsers = m.shiftRight(mask(m, counted, executeUser), m.constant(userShift, 64))
  const page = m.shiftLeft(mask(m, m.zeroExtend(word, 64), pageBits), m.constant(pageShift, 64))
  const final = m.select(m.bit(word, 3), m.constant(0, 64), m.constant(qualification.final, 64))
  const linear = m.select(m.bit(word, 4), m.or(m.constant(qualification.linear, 64), final), m.constant(0, 64))
  const whole = [asked, had, byUsers, page, linear].reduce((a, b) => m.or(a, b))
  const isViolation = m.equal(refused.get(), m.constant(secondLevelExit.violation, 32))
  m.set('EPT_ADDRESS', address)
  m.set('EPT_ENTRY', entry.get())
  const isApic = m.equal(refused.get(), m.constant(secondLevelExit.apicAccess, 32))
  const other = m.select(isApic, m.constant(physicalApicAccess, 64), m.constant(0, 64))
  m.set('EPT_QUALIFICATION', m.select(isViolation, whole, other))
}
