import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, timed } from '../timed.ts'
import type { Beside } from './limits.ts'

const runner = fileURLToPath(import.meta.resolve('@vmm/runner/main'))
/** CPU seconds to the first instruction before guests' code was compiled in regions, by `bench boot`, on the processor named. */
const before = { seconds: 0.83, processor: 'AMD EPYC' } as const

/** What it takes to start, and what a boot keeps of compiled code. */
export async function measuredBeside(runs: number, processor: string, place: string): Promise<Beside> {
  const costs: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const args = [runner, 'run', '--memory', '512M', '--max-instructions', '1']
    costs.push((await timed(process.execPath, args)).cpuSeconds)
  }
  const codeCacheMegabytes = await codeCache(place)
  return {
    firstInstruction: median(costs),
    ...(processor === before.processor ? { firstInstructionBefore: before.seconds } : {}),
    ...(codeCacheMegabytes === undefined ? {} : { codeCacheMegabytes }),
  }
}

/** Megabytes of code that a boot of the default guest holds at its end, where the report of a run says so. */
async function codeCache(place: string): Promise<number | undefined> {
  const report = join(place, 'report.json')
  await timed(process.execPath, [runner, 'run', '--memory', '512M', '--exec', 'true', '--report', report])
  const { codeCacheBytes } = JSON.parse(readFileSync(report, 'utf8')) as { readonly codeCacheBytes?: number }
  return codeCacheBytes === undefined ? undefined : codeCacheBytes / 1e6
}
