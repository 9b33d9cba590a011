import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { cacheDirectory } from './default-guest/cache.ts'
import { makeDirectory } from './directory.ts'
import { keepModules } from './kept-modules.ts'

/** The command is hundreds of files: they, and what Node makes of them, are kept for the next start, where there is a place. */
export function keepProgram(): void {
  const cache = cacheDirectory()
  if (cache === undefined) return
  const place = join(cache, 'code')
  try {
    makeDirectory(place)
  } catch {
    return
  }
  enableCompileCache(place)
  keepModules(place)
}
