import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let root: string | undefined

/** Waits for the end of its stdin, which comes when the process that holds the other end has gone; then removes what it was given. */
const keeper = `process.stdin.resume().on('end', () => require('node:fs').rmSync(process.argv[1], { recursive: true, force: true }))`

/**
 * A new directory for temporary files, with `name` in its own. It goes with this process, whatever ends that, or with
 * `removeScratch`.
 */
export function scratch(name: string): string {
  root ??= keptRoot()
  return mkdtempSync(join(root, `${name}-`))
}

/** Removes a directory before its time. */
export function removeScratch(place: string): void {
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

/** A process of its own keeps it: one that is killed, or computes for a minute, has no time to tidy up. */
function keptRoot(): string {
  const place = mkdtempSync(join(tmpdir(), 'vmm-'))
  const child = spawn(process.execPath, ['-e', keeper, place], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.on('error', () => {})
  child.unref()
  ;(child.stdin as Socket).unref()
  process.once('exit', () => removeScratch(place))
  return place
}
