import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { InsCase } from './case.ts'
import { EngineSubject } from './engine-subject.ts'
import { caseFiles, casesOfFile, familyOf, folders, rowOfCase } from './files.ts'
import { questions, textOf } from './generate.ts'
import { judge } from './judge.ts'
import { askCpu, cpuName } from './native/cpu.ts'
import { OracleSubject } from './oracle-subject.ts'
import { parseCases } from './parse.ts'
import { undefinedFlags } from './undefined-flags.ts'
import { questionText, writeCases } from './write.ts'

const help = `ins run [FILE…]      runs cases on engine and oracle, all of them if no file is named
ins generate         asks the CPU of this machine about every instruction that cases/cpu has no answer to, and adds it
ins record FILE…     asks it about the cases of files whose source is a CPU, whatever they say now, and rewrites them
`

const sourceHere = (): string => `cpu ${cpuName()}`

function generate(): string {
  return [...Map.groupBy(questions(), familyOf)]
    .map(([family, asked]) => {
      const path = `${folders.cpu}${family}.ins`
      const known = new Map((existsSync(path) ? casesOfFile(path) : []).map((one) => [questionText(one), one]))
      const open = asked.filter((one) => !known.has(questionText(one)))
      const answers = new Map(askCpu(open).map((one) => [questionText(one), { ...one, source: sourceHere() }]))
      const cases = asked.flatMap((one) => known.get(questionText(one)) ?? answers.get(questionText(one)) ?? [])
      writeFileSync(path, writeCases(cases))
      return `${family}: ${cases.length} cases, ${answers.size} of them new\n`
    })
    .join('')
}

/** Keeps the questions of a file and asks for the answers again. */
function record(path: string): string {
  const asked = parseCases(readFileSync(path, 'utf8'), basename(path))
  const foreign = asked.find(({ source }) => !source.startsWith('cpu '))
  if (foreign !== undefined) throw new Error(`${foreign.place}: what the manual says is not for a CPU to change`)
  const blank = asked.map(
    (one): InsCase => ({
      ...one,
      after: [],
      text: textOf(one.bytes, one.mode),
      undefinedFlags: new Set(undefinedFlags.get(rowOfCase(one)?.mnemonic ?? '')),
    }),
  )
  const cases = askCpu(blank).map((one) => ({ ...one, source: sourceHere() }))
  writeFileSync(path, writeCases(cases))
  return `${basename(path)}: ${cases.length} of ${asked.length} cases\n`
}

function run(paths: readonly string[]): string {
  const subjects = [new EngineSubject(), new OracleSubject()]
  const cases = paths.flatMap(casesOfFile)
  const wrong = cases.flatMap((one) =>
    subjects.flatMap((subject) =>
      judge(one, subject).map((says) => `${one.place}: ${one.mode} ${one.text}: ${subject.name}: ${says}\n`),
    ),
  )
  if (wrong.length > 0) process.exitCode = 1
  return `${wrong.join('')}${cases.length} cases, ${wrong.length} differences\n`
}

function main([command, ...files]: readonly string[]): string {
  if (command === 'generate' && files.length === 0) return generate()
  if (command === 'record' && files.length > 0) return files.map(record).join('')
  if (command === 'run') return run(files.length > 0 ? files : caseFiles())
  process.exitCode = 2
  return help
}

process.stdout.write(main(process.argv.slice(2)))
