import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Answer, answerOfProgram, type Host } from './answer.ts'
import { withFile } from './with-file.ts'

const runner = fileURLToPath(new URL('../../../../apps/runner/src/main.ts', import.meta.url))
const seconds = 60

/** `vmm run` with everything that is implemented. */
export const ours: Host = {
  name: 'vmm',
  absent: undefined,
  ask: (image, processors = 1): Answer => ask(image, processors, 'turns'),
}

/** The same with a thread for each processor. */
export const oursInThreads: Host = {
  name: 'vmm in threads',
  absent: undefined,
  ask: (image, processors = 1): Answer => ask(image, processors, 'threads'),
}

const ask = (image: Uint8Array, processors: number, smp: string): Answer =>
  withFile(image, (path) => {
    const args = ['--cpu', 'max,+VMX', '--cpus', `${processors}`, '--smp', smp, '--timeout', `${seconds}`, path]
    const ended = spawnSync(process.execPath, [runner, 'run', ...args], {
      encoding: 'utf8',
      input: '',
      timeout: (seconds + 10) * 1000,
    })
    return answerOfProgram(ended.stdout, ended)
  })
