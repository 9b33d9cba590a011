import { readFileSync } from 'node:fs'
import { type Feature, implementedFeatures } from '@vmm/cpuid'
import { type CaseCounts, casesByRow } from '@vmm/ins'
import { featuresOf, type OpcodeRow, rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { arrayOf, boolean, integer, record, text } from '../schema.ts'
import type { Table } from '../table.ts'
import { type EmulatorJudgement, judgedInKernels } from './emulators.ts'

/** What a real CPU was asked of a form of a row, as `pnpm judge cpu --record` keeps it. */
interface RecordedForm {
  readonly opcode: string
  readonly operands: string
  readonly mnemonic: string
  readonly needs?: string
  readonly states?: number
  readonly completed?: number
  readonly differ?: number
  readonly lacks?: readonly string[]
  readonly reason?: string
}

interface Recorded {
  readonly cpu: string
  readonly subjects: readonly string[]
  readonly forms: readonly RecordedForm[]
}

const recordedFile = new URL('../../../judges/recorded/cpu-forms.json', import.meta.url)
/** The run of the judge that is kept. */
export const recorded = JSON.parse(readFileSync(recordedFile, 'utf8')) as Recorded

/** What is done with a row, and who has judged it. */
export interface CoverageRow {
  readonly opcode: string
  readonly operands: readonly string[]
  readonly mnemonic: string
  readonly features: readonly string[]
  readonly decoded: boolean
  readonly assembled: boolean
  readonly iced: boolean
  readonly executed: boolean
  readonly advertised: boolean
  readonly cpu?: CpuJudgement
  readonly emulators?: EmulatorJudgement
  readonly cases?: CaseCounts
}

/** What the real CPU was asked of a row: forms that it was asked of, and those that it was not, with the reasons. */
export interface CpuJudgement {
  readonly forms: number
  readonly states: number
  readonly completed: number
  readonly differ: number
  readonly unasked: number
  readonly reasons: readonly string[]
}

const formsByRow = Map.groupBy(
  recorded.forms,
  ({ opcode, operands, mnemonic, needs }) => `${opcode} ${operands} ${mnemonic} ${needs}`,
)

/** Reserved NOPs have encodings that were taken away from them since: an assembler does not choose them. */
const isAssembled = ({ mnemonic, attributes }: OpcodeRow): boolean =>
  !(mnemonic === 'NOP' && attributes.includes('alias'))

/** Features that the edition of iced-x86 which judges does not know; LLVM, or its tests, have judged their rows. */
export const unknownToIced: ReadonlySet<string> = new Set([
  ...['USER_MSR', 'MSR_IMM', 'APX_F', 'AVX10_2', 'AVX512_BMM', 'MOVRS'],
  ...['AMX_FP8', 'AMX_TF32', 'AMX_MOVRS', 'AMX_AVX512', 'AMX_TRANSPOSE', 'ACEV1'],
  ...['RMPREAD', 'SM2', 'PHE2', 'CCS', 'XMODX', 'RNG2'],
])

const isImplemented = (name: string): boolean => implementedFeatures.has(name as Feature)

const inKernels = judgedInKernels()
const inCases = casesByRow()

/** Features that all of a row's vector lengths need. */
function needsOf(row: OpcodeRow): readonly string[] {
  const widest = row.opcode.startsWith('EVEX') ? 512 : 128
  return featuresOf(row, widest)
}

function coverageOf(row: OpcodeRow, number: number): CoverageRow {
  const { opcode, operands, mnemonic } = row
  const executed = isExecuted(row)
  const needs = needsOf(row)
  const emulators = inKernels.get(number)
  const cases = inCases.get(number)
  const cpu = judgementOf(formsByRow.get(`${opcode} ${operands.join(' ')} ${mnemonic} ${row.needs}`) ?? [])
  return {
    opcode,
    operands,
    mnemonic,
    features: needs,
    decoded: true,
    assembled: isAssembled(row),
    iced: !needs.some((name) => unknownToIced.has(name)),
    executed,
    advertised: executed && needs.every(isImplemented),
    ...(cpu === undefined ? {} : { cpu }),
    ...(emulators === undefined ? {} : { emulators }),
    ...(cases === undefined ? {} : { cases }),
  }
}

function judgementOf(forms: readonly RecordedForm[]): CpuJudgement | undefined {
  if (forms.length === 0) return undefined
  const asked = forms.filter(({ states }) => states !== undefined)
  const sum = (of: (form: RecordedForm) => number | undefined) => asked.reduce((all, form) => all + (of(form) ?? 0), 0)
  const reasons = forms.flatMap(({ lacks, reason }) =>
    lacks === undefined ? (reason ?? []) : `the CPU has no ${lacks.join(', ')}`,
  )
  return {
    forms: asked.length,
    states: sum(({ states }) => states),
    completed: sum(({ completed }) => completed),
    differ: sum(({ differ }) => differ),
    unasked: forms.length - asked.length,
    reasons: [...new Set(reasons)],
  }
}

/** Every row, with what is done with it. */
export const coverage: readonly CoverageRow[] = rows.map(coverageOf)

/** The rows as JSON. */
export const coverageTable: Table = {
  folder: 'tooling/judges',
  name: 'coverage',
  says: 'Every row of the opcode maps, what is done with it, and who has judged it.',
  row: record({
    opcode: text('as the manual prints it'),
    operands: arrayOf(text(), 'in the notation of SDM 2D Appendix A.2'),
    mnemonic: text(),
    features: arrayOf(text(), 'of CPUID, all of which bring it; none: every processor has it'),
    decoded: boolean('it comes back from the decoder'),
    assembled: boolean('the assembler makes bytes of it which the decoder reads as the same'),
    iced: boolean('iced-x86 agrees about length, mnemonic and operands'),
    executed: boolean('the engines execute it'),
    advertised: boolean('CPUID may tell a guest that it is there'),
    'cpu?': record(
      {
        forms: integer('that it was asked of: register or memory, by operand size or vector length'),
        states: integer('in which it and every engine ran the instruction'),
        completed: integer('states in which it completed; none: a program is refused it'),
        differ: integer('states in which someone did otherwise'),
        unasked: integer('forms that it was not asked of'),
        reasons: arrayOf(text(), 'why not'),
      },
      'a real CPU, as a program may ask it; left out, it was not asked',
    ),
    'emulators?': record(
      {
        qemu: integer('checks with it in which QEMU does what we do'),
        bochs: integer('checks with it in which Bochs does what we do'),
      },
      'in kernels that ask in system mode what no program can: emulators, no real CPU; left out, no check has it',
    ),
    'cases?': record(
      {
        cpu: integer('whose answer a real CPU gave'),
        manual: integer('whose answer a manual gave'),
      },
      'cases of one instruction that every engine is held to; left out, there is none',
    ),
  }),
  rows: () => coverage,
}
