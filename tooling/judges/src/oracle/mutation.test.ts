import { type Instruction, instructions, type Machine } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { disagreements } from './disagreements.ts'
import { EngineSubject, OracleSubject } from './subjects.ts'

/** What means something else in the algebra that one description runs on. */
interface Mutation {
  readonly mnemonic: string
  readonly says: string
  readonly change: (m: Machine) => Partial<Machine>
}

/** The flags of a sum with CF turned around. */
const wrongCarry: Mutation = {
  mnemonic: 'ADD',
  says: 'turns its carry around',
  change: (m) => ({
    flags: (of) => {
      m.flags(of)
      m.flags({ kind: 'equations', equations: { CF: () => m.not(m.flag('CF')) } })
    },
  }),
}

const mutations: readonly Mutation[] = [
  wrongCarry,
  { mnemonic: 'SUB', says: 'adds', change: (m) => ({ sub: m.add }) },
  { mnemonic: 'AND', says: 'joins', change: (m) => ({ and: m.or }) },
  { mnemonic: 'NOT', says: 'negates', change: (m) => ({ not: m.negate }) },
  { mnemonic: 'MOVSX', says: 'extends with zeros', change: (m) => ({ signExtend: m.zeroExtend }) },
  { mnemonic: 'SETL', says: 'is always true', change: (m) => ({ xor: (a) => m.constant(1, m.widthOf(a)) }) },
  {
    mnemonic: 'PADDD',
    says: 'subtracts',
    change: (m) => ({ vector: { ...m.vector, zip: (lane, _, a, b) => m.vector.zip(lane, 'sub', a, b) } }),
  },
  { mnemonic: 'LAHF', says: 'is not valid', change: (m) => ({ write: () => m.fault('UD') }) },
]

function altered({ mnemonic, change }: Mutation): ReadonlyMap<string, Instruction> {
  const original = instructions.get(mnemonic)!
  const execute: Instruction['execute'] = (m, ...operands) => original.execute({ ...m, ...change(m) }, ...operands)
  return new Map(instructions).set(mnemonic, { ...original, execute })
}

/** Enough programs to begin with an instruction of every form. */
const count = 120
const [oracle, engine] = [new OracleSubject(), new EngineSubject()]

describe('a description that is changed', () => {
  test.for(mutations.map((mutation) => [mutation.mnemonic, mutation.says, mutation] as const))(
    'changes oracle and engine alike: %s %s',
    ([only, _, mutation]) => {
      const other = altered(mutation)
      const [oracleToo, engineToo] = [new OracleSubject(other), new EngineSubject(other)]
      const cases = { mode: 'long', bytes: 'instructions', only, first: 1, count } as const
      expect(disagreements(oracle, engine, cases)).toEqual([])
      expect(disagreements(oracleToo, engineToo, cases)).toEqual([])
      expect(disagreements(oracleToo, engine, cases)).not.toEqual([])
      expect(disagreements(oracle, engineToo, cases)).not.toEqual([])
    },
  )
})
