import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How a run of the command went. Stdout is one character a byte. */
export interface Finished {
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** The report of a run, as far as tests look at it. */
export interface Report {
  readonly end: string
  readonly status: number
  readonly kvm: string
  readonly instructions: number
  readonly instructionsOfEach: readonly number[]
  readonly stateHash: string
  readonly resets: number
  readonly checkedSlices?: number
  readonly exits: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly value?: number
  readonly signal?: string
}

/** The command's entry point. */
export const main: string = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** Begins the command as a user would, with more in its environment, and perhaps with flags of Node's. */
export function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [...flags, main, ...args], { stdio: 'pipe', env: { ...process.env, ...env } })
}

/** Waits for a command to end. */
export function finished(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  const [out, err]: [string[], string[]] = [[], []]
  child.stdout.setEncoding('latin1').on('data', (text: string) => out.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text))
  return new Promise((resolve) =>
    child.on('close', (status, signal) => resolve({ status, signal, stdout: out.join(''), stderr: err.join('') })),
  )
}

/** Runs the command to its end. `input` is its stdin, closed at once when left out. */
export function vmm(
  args: readonly string[],
  input: string | Uint8Array = '',
  env: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  const child = start(args, env)
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return finished(child)
}

/** Runs the command with a report, and gives both. */
export async function reported(
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<Finished & { report: Report }> {
  const path = join(mkdtempSync(join(tmpdir(), 'vmm-report-')), 'report.json')
  const result = await vmm([...args, '--report', path], input)
  return { ...result, report: JSON.parse(readFileSync(path, 'utf8')) as Report }
}
