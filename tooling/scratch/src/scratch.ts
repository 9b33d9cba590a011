import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const places = new Set<string>()
let isWatching = false

/** A new directory for temporary files, with `name` in its own. It goes with this process, whatever ends that, or with `removeScratch`. */
export function scratch(name: string): string {
  if (!isWatching) watch()
  const place = mkdtempSync(join(tmpdir(), `vmm-${name}-`))
  places.add(place)
  return place
}

/** Removes a directory before its time. */
export function removeScratch(place: string): void {
  places.delete(place)
  rmSync(place, { recursive: true, force: true, maxRetries: 3 })
}

/** Gives a directory to somebody for as long as it takes. */
export function withScratch<T>(name: string, act: (place: string) => T): T {
  const place = scratch(name)
  const done = () => removeScratch(place)
  let result: T
  try {
    result = act(place)
  } catch (error) {
    done()
    throw error
  }
  if (result instanceof Promise) return result.finally(done) as T
  done()
  return result
}

function watch(): void {
  isWatching = true
  process.once('exit', () => {
    for (const place of places) removeScratch(place)
  })
  // without a listener a signal ends a process that has no time for anything else
  for (const signal of signals) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}
