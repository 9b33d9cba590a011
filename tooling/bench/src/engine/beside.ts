import { vmmCommand } from '../command.ts'
import { median, timed } from '../timed.ts'
import type { Beside } from './limits.ts'
import { linuxGuest } from './linux/inside.ts'
import type { Options } from './options.ts'
import type { Peer } from './peers.ts'
import { watched } from './watched.ts'

/** CPU seconds that a boot may take at most. */
const limit = 120
/** CPU seconds to the first instruction before guests' code was compiled in regions, by `bench boot`, on the processor named. */
const before = { seconds: 0.83, processor: 'AMD EPYC' } as const

/** What it takes to start, and what a boot keeps of compiled code. */
export async function measuredBeside({ runs, peers }: Options, processor: string, place: string): Promise<Beside> {
  const costs: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const args = [vmmCommand(), 'run', '--memory', '512M', '--max-instructions', '1']
    costs.push((await timed(process.execPath, args)).cpuSeconds)
  }
  const codeCacheMegabytes = await codeCache(peers, place)
  return {
    firstInstruction: median(costs),
    ...(processor === before.processor ? { firstInstructionBefore: before.seconds } : {}),
    ...(codeCacheMegabytes === undefined ? {} : { codeCacheMegabytes }),
  }
}

/** Megabytes of code that V8 holds, of its own and of the guest's, when the default guest has come to its shell. */
async function codeCache(peers: readonly Peer[], place: string): Promise<number | undefined> {
  const start = peers.find(({ name }) => name === 'vmm')?.boot?.(await linuxGuest([], place))
  if (start === undefined) return undefined
  const { codeBytes, failure } = await watched(start, (line) => line === 'shell', limit)
  return failure === undefined ? codeBytes / 1e6 : undefined
}
