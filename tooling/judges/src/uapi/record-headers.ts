import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeScratch, scratch } from '@vmm/scratch'
import { declaredStructs, type Question, structQuestions, valueQuestions } from './questions.ts'

/** Whose headers are asked: those of a kernel's source tree, or those that are installed. */
export interface Headers {
  /** A kernel's source tree; the installed headers without it. */
  readonly tree?: string
  readonly release: string
  /** Where the headers came from, as a package and its version. */
  readonly from: string
}

/** What a compiler said of one release's headers. Names that the headers lack are not there. */
export interface HeaderAnswers {
  readonly release: string
  readonly from: string
  readonly compiler: string
  /** Every struct that the headers declare, whether we know it or not. */
  readonly declared: readonly string[]
  readonly size: Readonly<Record<string, number>>
  readonly offset: Readonly<Record<string, number>>
  readonly width: Readonly<Record<string, number>>
  /** Every constant, as a decimal number: some have 64 bits. */
  readonly value: Readonly<Record<string, string>>
}

/**
 * Asks a C compiler what the headers say.
 * @throws {Error} if there is no compiler, or the headers cannot be compiled at all.
 */
export function recordHeaders(headers: Headers): HeaderAnswers {
  const place = scratch('kvm-headers')
  try {
    const text = headerTexts(headers)
    const asked = [...structQuestions(), ...valueQuestions(text)]
    const answers = ask(place, flagsOf(headers, place), asked)
    const of = (about: Question['about']) => answers.filter(([question]) => question.about === about)
    const numbers = (about: Question['about']) =>
      Object.fromEntries(of(about).map(([q, text]) => [q.name, Number(text)]))
    return {
      release: headers.release,
      from: headers.from,
      compiler: run('gcc', ['--version']).split('\n')[0] ?? '',
      declared: declaredStructs(text),
      size: numbers('size'),
      offset: numbers('offset'),
      width: numbers('width'),
      value: Object.fromEntries(of('value').map(([question, text]) => [question.name, text])),
    }
  } finally {
    removeScratch(place)
  }
}

const headerNames = { asm: 'arch/x86/include/uapi/asm/kvm.h', linux: 'include/uapi/linux/kvm.h' } as const

function headerTexts({ tree }: Headers): string {
  if (tree !== undefined)
    return Object.values(headerNames)
      .map((name) => readFileSync(join(tree, name), 'utf8'))
      .join('\n')
  const includes = run('gcc', ['-M', '-x', 'c', '-'], '#include <linux/kvm.h>\n').split(/[\s\\]+/)
  return includes
    .filter((name) => name.endsWith('/kvm.h'))
    .map((name) => readFileSync(name, 'utf8'))
    .join('\n')
}

/** A tree's headers name two of the kernel's own, which an installation strips: empty ones stand in for them. */
function flagsOf({ tree }: Headers, place: string): readonly string[] {
  if (tree === undefined) return []
  const shim = join(place, 'shim', 'linux')
  mkdirSync(shim, { recursive: true })
  for (const name of ['compiler.h', 'compiler_types.h']) writeFileSync(join(shim, name), '')
  const own = ['arch/x86/include/uapi', 'include/uapi'].map((name) => join(tree, name))
  const paths = [join(place, 'shim'), ...own].filter((path) => existsSync(path))
  return ['-D__user=', ...paths.flatMap((path) => ['-I', path])]
}

type Answered = readonly [Question, string]

/** Questions that do not compile are names that these headers lack; the compiler names their lines. */
function ask(place: string, flags: readonly string[], asked: readonly Question[]): readonly Answered[] {
  let questions = asked
  for (;;) {
    const source = join(place, 'ask.c')
    writeFileSync(source, program(questions))
    const compiled = spawnSync('gcc', [...flags, '-w', '-fmax-errors=0', '-o', join(place, 'ask'), source], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    })
    if (compiled.status === 0) return answered(questions, run(join(place, 'ask'), []))
    const bad = new Set(
      [...compiled.stderr.matchAll(/ask\.c:(\d+):\d+: (?:error|note: in expansion)/g)].map(([, line]) => Number(line)),
    )
    const left = questions.filter((_, index) => !bad.has(index + 1 + prologue.length))
    if (left.length === questions.length)
      throw new Error(`the headers do not compile: ${compiled.stderr.slice(0, 2000)}`)
    questions = left
  }
}

const prologue = ['#include <stddef.h>', '#include <stdio.h>', '#include <linux/kvm.h>', 'int main(void) {']

const program = (questions: readonly Question[]): string =>
  [
    ...prologue,
    ...questions.map(({ expression }) => `printf("%llu\\n", (unsigned long long)(${expression}));`),
    'return 0; }',
  ].join('\n')

function answered(questions: readonly Question[], printed: string): readonly Answered[] {
  const lines = printed.trim().split('\n')
  if (lines.length !== questions.length) throw new Error(`${questions.length} questions, ${lines.length} answers`)
  return questions.map((question, index) => [question, lines[index] ?? ''])
}

function run(program: string, args: readonly string[], input = ''): string {
  const done = spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 1 << 26 })
  if (done.status !== 0) throw new Error(`${program}: ${done.error?.message ?? done.stderr}`)
  return done.stdout
}
