import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processorFor } from './hosts/ours.ts'
import { withFile } from './hosts/with-file.ts'
import type { Kernel } from './kernel/kernel.ts'

const runner = fileURLToPath(new URL('../../../apps/runner/src/main.ts', import.meta.url))

/** All kernels but one end before. */
const most = '300000'

/** What a run comes to, as its report tells it. */
const told = ['end', 'instructions', 'stateHash', 'exits'] as const

/** What the oracle makes of a kernel otherwise than the engine that compiles: nothing should be. */
export function unlikeTheOracle(kernel: Kernel): readonly string[] {
  const [oracle, cold] = [reportOf(kernel, 'oracle'), reportOf(kernel, 'cold')]
  return told.flatMap((name) => {
    const [theirs, mine] = [JSON.stringify(oracle[name]), JSON.stringify(cold[name])]
    return theirs === mine ? [] : [`${name}: ${mine}, and ${theirs} by the oracle`]
  })
}

function reportOf(kernel: Kernel, engine: string): Readonly<Record<string, unknown>> {
  return withFile(kernel.image, (path, directory) => {
    const report = join(directory, 'report.json')
    const limited = ['--max-instructions', most]
    const args = ['--cpu', processorFor(kernel), '--engine', engine, ...limited, '--report', report, path]
    spawnSync(process.execPath, [runner, 'run', ...args])
    return JSON.parse(readFileSync(report, 'utf8')) as Record<string, unknown>
  })
}
