import { type Bits, type Machine, secondLevel, secondLevelAccess } from '@vmm/x86-semantics'
import { failed, type Outcome, refusedByEpt } from './rights.ts'

/** An entry of the guest's paging structures is used, and perhaps marked. */
export function tableAt(m: Machine, outcome: Outcome, address: Bits<64>, how: 'read' | 'mark'): Bits<64> {
  const { read, write, table, linear } = secondLevelAccess
  const word = table | linear | read | (how === 'mark' ? write : 0)
  return through(m, outcome, address, m.constant(word, 8))
}

/** The physical address behind a guest-physical one; where EPT refuses it the outcome says so. */
export function through(m: Machine, outcome: Outcome, address: Bits<64>, word: Bits<8>): Bits<64> {
  const physical = m.variable(address)
  m.when(m.not(m.isZero(m.get('EPTP'))), () => {
    const [refused, found] = m.call(secondLevel, address, word)
    physical.set(found)
    m.when(m.not(m.isZero(refused)), () => outcome.error.set(m.or(refused, m.constant(failed | refusedByEpt, 32))))
  })
  return physical.get()
}

/** Nothing was refused so far. */
export const isFine = (m: Machine, outcome: Outcome): Bits<1> => m.isZero(outcome.error.get())
