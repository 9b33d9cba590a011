import { spawn } from 'node:child_process'
import { GuestUnavailable } from './unavailable.ts'

/** How a program is run. */
export interface ProgramOptions {
  readonly directory: string
  readonly signal: AbortSignal
}

/** What a program that succeeded wrote. */
export interface Written {
  readonly stdout: Buffer
  readonly stderr: string
}

/**
 * Runs a program with stable messages and no stdin.
 * @throws {GuestUnavailable} with what it complained about, if it is missing or fails; the signal's reason, if it was stopped.
 */
export function program(name: string, args: readonly string[], options: ProgramOptions): Promise<Written> {
  const { directory: cwd, signal } = options
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(name, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (piece: Buffer) => out.push(piece))
  child.stderr.on('data', (piece: Buffer) => err.push(piece))
  return new Promise((resolve, reject) => {
    child.on('error', (error: Error & { readonly code?: string }) => {
      if (signal.aborted) reject(signal.reason)
      else
        reject(
          new GuestUnavailable(error.code === 'ENOENT' ? `no ${name} on this system` : `${name}: ${error.message}`),
        )
    })
    child.on('close', (code) => {
      const stderr = Buffer.concat(err).toString()
      if (code === 0) resolve({ stdout: Buffer.concat(out), stderr })
      else reject(new GuestUnavailable(`${name}: ${complaint(stderr) ?? `ended with status ${code}`}`))
    })
  })
}

/** The first line that apt or dpkg marks as an error or a warning, without the mark; else the last line there is. */
export function complaint(stderr: string): string | undefined {
  const lines = stderr.trim().split('\n')
  const marked = lines.find((line) => line.startsWith('E:')) ?? lines.find((line) => line.startsWith('W:'))
  const line = (marked ?? lines.at(-1) ?? '').replace(/^[EW]: */, '').trim()
  return line === '' ? undefined : line
}
