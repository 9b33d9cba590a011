import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'

/** One thing that must hold before a change is ready, and the command that looks. */
interface Step {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

const steps: readonly Step[] = [
  { name: 'format and lint', command: ['biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'laws of the house', command: ['house'] },
  { name: 'types', command: ['turbo', 'run', 'typecheck', '--output-logs=errors-only', '--continue'] },
  { name: 'dead code', command: ['knip', '--no-config-hints'] },
  { name: 'packed, and bundled', command: ['turbo', 'run', 'packed', '--output-logs=errors-only', '--continue'] },
  { name: 'bundle sizes', command: ['house', 'sizes'] },
]

/** Takes every step, whatever the ones before it said, and prints how each ended. */
export function check(root: string): number {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' }
  const ends = steps.map(({ name, command: [program, ...words] }) => {
    console.log(`\n── ${name}: ${[program, ...words].join(' ')}`)
    const start = performance.now()
    const { status } = spawnSync(program, words, {
      cwd: root,
      env,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    })
    return { name, status: status ?? 1, seconds: (performance.now() - start) / 1000 }
  })
  console.log()
  for (const { name, status, seconds } of ends)
    console.log(`${status === 0 ? 'holds' : 'fails'}  ${name.padEnd(22)}${seconds.toFixed(1).padStart(6)} s`)
  return ends.every(({ status }) => status === 0) ? 0 : 1
}
