#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { cacheDirectory } from './default-guest/cache.ts'
import { keepModules } from './kept-modules.ts'

/** The command is hundreds of files: they, and what Node makes of them, are kept for the next start, where there is a place. */
const cache = cacheDirectory()
if (cache !== undefined) {
  enableCompileCache(join(cache, 'code'))
  keepModules(join(cache, 'code'))
}

/** Whoever does not want to hear any more is not told: the run itself looks after its readers. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const { vmm } = await import('./vmm.ts')
process.exit(await vmm(process.argv.slice(2)))
