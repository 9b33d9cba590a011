import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type GuestFile, oursLinux, type Said } from '../nested/linux-hosts.ts'

/** What each level of the psABI needs beside the one before, by its names in /proc/cpuinfo. Source: System V ABI, AMD64 supplement, 3.1.1. */
const levels = {
  'x86-64': [],
  'x86-64-v2': ['cx16', 'lahf_lm', 'popcnt', 'pni', 'ssse3', 'sse4_1', 'sse4_2'],
  'x86-64-v3': ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
} as const

/** A level of the psABI that a program is compiled for. */
export type Level = keyof typeof levels
/** How a program is optimized: the letter behind `-O`. */
export type Optimization = '0' | '1' | '2' | '3' | 's'

/** One of the ways in which the program is compiled. */
export interface Variant {
  readonly level: Level
  readonly optimization: Optimization
}

/** Every level, optimized in each of these ways. */
export const variantsOf = (optimizations: readonly Optimization[]): readonly Variant[] =>
  (Object.keys(levels) as Level[]).flatMap((level) => optimizations.map((optimization) => ({ level, optimization })))

/** What this machine lacks to run a variant itself. */
export function lackedFor({ level }: Variant): readonly string[] {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(/\s+/))
  const names = Object.keys(levels) as Level[]
  return names.slice(0, names.indexOf(level) + 1).flatMap((name) => levels[name].filter((each) => !flags.has(each)))
}

const parts = ['whole', 'numbers', 'vectors', 'exceptions', 'control'] as const
const nameOf = ({ level, optimization }: Variant): string => `whole-${level}-O${optimization}`

/**
 * Compiles the program in one way into a directory, so that it needs no library; answers its path.
 * @throws what the compiler says.
 */
export function compiledAs(variant: Variant, place: string): string {
  const made = join(place, nameOf(variant))
  const sources = parts.map((name) => fileURLToPath(new URL(`${name}.c`, import.meta.url)))
  const flags = [`-O${variant.optimization}`, `-march=${variant.level}`, '-Wall', '-Wextra', '-Werror', '-static']
  const { status, stderr, error } = spawnSync('gcc', [...flags, '-o', made, ...sources, '-lm'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr.trim()}`)
  return made
}

/** What each program says, and its status behind it, where this machine runs it. */
export function saidNatively(programs: readonly string[]): readonly string[] {
  return programs.map((path) => {
    const { stdout, status } = spawnSync(path, { encoding: 'latin1' })
    return `${stdout}ended with ${status}\n`
  })
}

/** The same where our Linux guest does, one behind another. */
export function saidInGuest(programs: readonly string[], cpu: string): Promise<Said> {
  const files: readonly GuestFile[] = programs.map((from, index) => ({ from, to: `bin/program${index}` }))
  const command = files.map((_, index) => `program${index}; echo "ended with $?"`).join('; ')
  return oursLinux({ cpus: 1, smp: 'turns', cpu }).run(command, files)
}
