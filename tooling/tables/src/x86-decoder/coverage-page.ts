import { readFileSync } from 'node:fs'
import { type CoverageRow, coverage, recorded, unknownToIced } from './coverage.ts'
import { emulators } from './emulators.ts'

/** The page whose middle is written here. */
export const coveragePage = 'packages/x86/x86-decoder/README.md'
const [opening, closing] = ['<!-- pnpm data writes this -->', '<!-- to here -->']

/** The page as it is, with the summary of today in its place. */
export function coverageText(): string {
  const page = readFileSync(new URL(`../../../../${coveragePage}`, import.meta.url), 'utf8')
  const [before, rest] = page.split(opening)
  const after = rest?.split(closing)[1]
  if (before === undefined || after === undefined) throw new Error(`${coveragePage} has no place for the coverage`)
  return `${before}${opening}\n\n${summary().join('\n')}\n\n${closing}${after}`
}

const none = 'no feature needed'
const groupOf = ({ features }: CoverageRow): string => features[0] ?? none
const isJudged = ({ cpu }: CoverageRow): boolean => cpu !== undefined && cpu.states > 0 && cpu.differ === 0
/** The emulators that did what we do in at least one check of a kernel. */
const emulatorsOf = ({ emulators: counts }: CoverageRow): readonly string[] =>
  emulators.filter((name) => (counts?.[name] ?? 0) > 0).map((name) => titles[name])
const titles = { qemu: 'QEMU', bochs: 'Bochs' } as const
/** Instructions whose exception is all that they do. */
const refusesAlways: ReadonlySet<string> = new Set(['UD0', 'UD1', 'UD2'])
/** A program can ask the CPU whether it is refused, or not at all. */
export const isForOthers = (row: CoverageRow): boolean =>
  row.advertised && !(isJudged(row) && (row.cpu!.completed > 0 || refusesAlways.has(row.mnemonic)))
/** Who judges what a program cannot ask the CPU: emulators, else cases whose answers a manual gave. */
export function judgesInItsStead(row: CoverageRow): readonly string[] {
  const found = emulatorsOf(row)
  return found.length > 0 || (row.cases?.manual ?? 0) === 0 ? found : ['cases of the manual']
}
const count = (rows: readonly CoverageRow[], is: (row: CoverageRow) => boolean): number => rows.filter(is).length
const grouped = (value: number): string => value.toLocaleString('en')

function summary(): readonly string[] {
  const groups = Map.groupBy(coverage, groupOf)
  const executed = [...groups].filter(([, rows]) => rows.some((row) => row.executed))
  const others = [...groups].filter(([, rows]) => !rows.some((row) => row.executed))
  const forms = recorded.forms.filter(({ states }) => states !== undefined)
  const states = forms.reduce((sum, form) => sum + (form.states ?? 0), 0)
  return [
    `Rows of the opcode maps, by the CPUID feature that brings them: tooling/judges/data/coverage.json of the repository has each. The CPU is ${recorded.cpu}, asked about ${grouped(forms.length)} forms in ${grouped(states)} states; ${recorded.subjects.join(', ')} ${differing() === 0 ? 'did the same in all of them' : `did otherwise in ${grouped(differing())}`}.`,
    '',
    '| | rows | decoded | assembled and back | iced-x86 agrees | executed | advertised | of these judged by the CPU | of the rest judged by emulators | states |',
    '|---|---|---|---|---|---|---|---|---|---|',
    line('all', coverage),
    ...executed.map(([name, rows]) => line(name, rows)),
    line(
      `${others.length} others`,
      others.flatMap(([, rows]) => rows),
    ),
    '',
    `The others are ${others.map(([name]) => name).join(', ')}.`,
    '',
    ...lists(),
  ]
}

const differing = (): number => coverage.reduce((sum, { cpu }) => sum + (cpu?.differ ?? 0), 0)

function line(name: string, rows: readonly CoverageRow[]): string {
  const advertised = rows.filter((row) => row.advertised)
  const states = rows.reduce((sum, { cpu }) => sum + (cpu?.states ?? 0), 0)
  const cells = [
    rows.length,
    count(rows, (row) => row.decoded),
    count(rows, (row) => row.assembled),
    count(rows, (row) => row.iced),
    count(rows, (row) => row.executed),
    advertised.length,
    count(advertised, isJudged),
    count(advertised, (row) => !isJudged(row) && emulatorsOf(row).length > 0),
    states,
  ]
  return `| ${[name, ...cells.map(grouped)].join(' | ')} |`
}

/** What is not as one would have it, by name. */
function lists(): readonly string[] {
  const unjudged = coverage.filter((row) => row.advertised && !isJudged(row))
  const byReason = Map.groupBy(unjudged, ({ cpu }) => cpu?.reasons.join('; ') ?? 'not asked yet')
  const reasons = [...byReason].map(([reason, rows]) => `${reason}: ${names(rows)}`)
  const refused = coverage.filter((row) => row.advertised && isJudged(row) && row.cpu?.completed === 0)
  return [
    `- Not assembled: ${names(coverage.filter((row) => !row.assembled))}, whose reserved encodings an assembler does not choose.`,
    `- Not known to iced-x86: what is of ${[...unknownToIced].join(' ')}. LLVM, GNU as or their tests have judged it, but for RMPREAD.`,
    `- Advertised, and refused to a program by the CPU, which is all that it was asked: ${names(refused)}.`,
    ...reasons.map((text) => `- Advertised and not judged by the CPU, ${text}.`),
    ...[...Map.groupBy(coverage.filter(isForOthers), (row) => judgesInItsStead(row).join(' and ') || 'nobody')].map(
      ([who, rows]) => `- Of what the CPU refuses, is not asked or does not have, judged by ${who}: ${names(rows)}.`,
    ),
  ]
}

const names = (rows: readonly CoverageRow[]): string =>
  [...new Set(rows.map(({ mnemonic }) => mnemonic))].join(' ') || 'none'
