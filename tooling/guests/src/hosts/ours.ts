import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Kernel } from '../kernel/kernel.ts'
import { type Answer, answerOfProgram, type Host } from './answer.ts'
import { withFile } from './with-file.ts'

const runner = fileURLToPath(new URL('../../../../apps/runner/src/main.ts', import.meta.url))
const seconds = 60

/** `vmm run` with everything that is implemented. */
export const ours: Host = {
  name: 'vmm',
  absent: undefined,
  ask: (kernel): Answer => ask(kernel, 'turns'),
}

/** The same with a thread for each processor. */
export const oursInThreads: Host = {
  name: 'vmm in threads',
  absent: undefined,
  ask: (kernel): Answer => ask(kernel, 'threads'),
}

/** The first with a processor whose VMX lacks something, by its name. */
export const oursWithout = (capability: string): Host => ({
  ...ours,
  ask: (kernel): Answer => ask(kernel, 'turns', `,-${capability}`),
})

/** The processor that a kernel is run on: with VMX, and with as wide addresses as it expects. */
export const processorFor = ({ narrow = false }: Pick<Kernel, 'narrow'>): string => (narrow ? 'max,-LA57' : 'max')

const ask = (
  { image, processors = 1, narrow = false, release }: Parameters<Host['ask']>[0],
  smp: string,
  without = '',
): Answer =>
  withFile(image, (path) => {
    const cpu = processorFor({ narrow }) + without
    const kvm = release === undefined ? [] : ['--kvm', release]
    const args = [...kvm, '--cpu', cpu, '--cpus', `${processors}`, '--smp', smp, '--timeout', `${seconds}`, path]
    const ended = spawnSync(process.execPath, [runner, 'run', ...args], {
      encoding: 'utf8',
      input: '',
      timeout: (seconds + 10) * 1000,
    })
    return answerOfProgram(ended.stdout, ended)
  })
