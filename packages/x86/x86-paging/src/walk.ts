import { cr0, cr4 } from '@vmm/x86-registers'
import { apicAccesses, type Bits, type Machine, procedure, secondLevelAccess } from '@vmm/x86-semantics'
import { mask } from './entry.ts'
import { isFine, through } from './guest-physical.ts'
import { type Asked, bit, type Outcome, refusedByEpt } from './rights.ts'
import { walkNarrow } from './walk-narrow.ts'
import { walkWide } from './walk-wide.ts'

/**
 * What an access is, in one byte: `user` is by a program at CPL 3, `override` a supervisor access that SMAP lets pass
 * (RFLAGS.AC is set and the program itself asks).
 */
export const access = { write: 1, execute: 2, user: 4, override: 8 } as const

/** Facts about a page that was found, in the third result. */
export const pageFact = { global: 1, large: 2 } as const

/**
 * Translates a linear address: (linear, access) gives (0 or `failed` with an error code, physical address of the
 * 4 KiB frame, page facts). The linear address must be canonical, and 32 bits wide outside IA-32e mode. Accessed and
 * dirty bits are set; the caller raises #PF and sets CR2. Source: SDM 3A §4.
 */
export const walk = procedure('walk', [64, 8], [32, 64, 32], (m, linear, word) => walkFor(m, linear, word, false))

/** The same for accesses to shadow stacks, of which `write` and `user` count. Source: SDM 3A §4.6. */
export const walkShadow = procedure('walkShadow', [64, 8], [32, 64, 32], (m, linear, word) =>
  walkFor(m, linear, word, true),
)

function walkFor(m: Machine, linear: Bits<64>, word: Bits<8>, shadow: boolean): [Bits<32>, Bits<64>, Bits<32>] {
  const outcome: Outcome = {
    error: m.variable(m.constant(0, 32)),
    frame: m.variable(mask(m, linear, ~0xfffn)),
    facts: m.variable(m.constant(0, 32)),
    // without paging every address is a user's, and may be written to and executed
    user: m.variable(m.constant(1, 1)),
    writable: m.variable(m.constant(1, 1)),
    noExecute: m.variable(m.constant(0, 1)),
  }
  const asked: Asked = {
    linear,
    write: m.bit(word, 0),
    execute: m.bit(word, 1),
    user: m.bit(word, 2),
    override: m.bit(word, 3),
    shadow,
  }
  m.when(bit(m, m.get('CR0'), cr0.PG), () =>
    m.when(
      bit(m, m.get('CR4'), cr4.PAE),
      () => walkWide(m, asked, outcome),
      () => walkNarrow(m, asked, outcome),
    ),
  )
  m.when(m.not(m.isZero(m.get('EPTP'))), () => reach(m, asked, outcome))
  m.when(m.not(m.isZero(m.get('APIC_ACCESS'))), () => setApart(m, outcome))
  return [outcome.error.get(), outcome.frame.get(), outcome.facts.get()]
}

/** The APIC-access page is no memory, whatever is at its address. Source: SDM 3C 30.4. */
function setApart(m: Machine, { frame }: Outcome): void {
  const page = mask(m, m.get('APIC_ACCESS'), ~0xfffn)
  m.when(m.equal(frame.get(), page), () => frame.set(m.or(page, m.constant(BigInt(apicAccesses), 64))))
}

/** The page that was found is translated by EPT, for the access itself. */
function reach(m: Machine, { linear, write, execute }: Asked, outcome: Outcome): void {
  m.when(isFine(m, outcome), () => {
    const bit = (condition: Bits<1>, value: number, other = 0) =>
      m.select(condition, m.constant(value, 8), m.constant(other, 8))
    const { read, write: stores, fetch, linear: known, user, writable, noExecute } = secondLevelAccess
    // a store that modifies is a read, too: it is not told which
    const data = bit(write, stores, read)
    const page = [
      bit(outcome.user.get(), user),
      bit(outcome.writable.get(), writable),
      bit(outcome.noExecute.get(), noExecute),
    ].reduce((a, b) => m.or(a, b))
    const how = m.or(m.select(execute, m.constant(fetch, 8), data), m.constant(known, 8))
    const word = m.or(how, page)
    const address = m.or(outcome.frame.get(), mask(m, linear, 0xfffn))
    outcome.frame.set(mask(m, through(m, outcome, address, word), ~0xfffn))
  })
  const refused = m.and(outcome.error.get(), m.constant(refusedByEpt, 32))
  m.when(m.not(m.isZero(refused)), () => m.set('EPT_LINEAR', linear))
}
