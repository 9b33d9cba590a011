import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** Runs the command as a user would. `input` is its stdin, closed at once when left out. */
export function vmm(args: readonly string[], input = ''): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...args], { stdio: 'pipe' })
  child.stdin.end(input)
  const [out, err]: [string[], string[]] = [[], []]
  child.stdout.setEncoding('latin1').on('data', (text: string) => out.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text))
  return new Promise((resolve) =>
    child.on('close', (status) => resolve({ status, stdout: out.join(''), stderr: err.join('') })),
  )
}
