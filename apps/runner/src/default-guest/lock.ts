import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMilliseconds = 200
const staleMilliseconds = 30 * 60 * 1000
/** Nobody needs so many milliseconds to look and to remove a file. */
const longestBreaking = 10_000

/** Runs `body` while no other process runs one under the same path; waits for those that do. */
export async function withLock<T>(
  path: string,
  signal: AbortSignal,
  onWait: () => void,
  body: () => Promise<T>,
): Promise<T> {
  for (let waited = false; !taken(path); waited = true) {
    if (!waited) onWait()
    if (!isAbandoned(path) || !broken(path)) await sleep(pollMilliseconds, undefined, { signal })
  }
  try {
    return await body()
  } finally {
    rmSync(path, { force: true })
  }
}

function taken(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes a lock that is abandoned. Of several who have seen that one does, under a lock for that alone, and looks again: else the second
 * would remove the lock that the first has taken since.
 */
function broken(path: string): boolean {
  const breaking = `${path}.breaking`
  if (!taken(breaking)) {
    if (age(breaking) > longestBreaking) rmSync(breaking, { force: true })
    return false
  }
  try {
    if (isAbandoned(path)) rmSync(path, { force: true })
    return true
  } finally {
    rmSync(breaking, { force: true })
  }
}

/** Milliseconds; none for what is not there. */
const age = (path: string): number => Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())

/** Its owner is gone, or took too long to be one of ours. */
function isAbandoned(path: string): boolean {
  try {
    const owner = Number(readFileSync(path, 'utf8'))
    if (Date.now() - statSync(path).mtimeMs > staleMilliseconds) return true
    // an owner that has not yet written its number is alive
    if (owner > 0) process.kill(owner, 0)
    return false
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH'
  }
}
