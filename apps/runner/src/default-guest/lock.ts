import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMilliseconds = 200
const staleMilliseconds = 30 * 60 * 1000

/** Runs `body` while no other process runs one under the same path; waits for those that do. */
export async function withLock<T>(
  path: string,
  signal: AbortSignal,
  onWait: () => void,
  body: () => Promise<T>,
): Promise<T> {
  for (let waited = false; !taken(path); waited = true) {
    if (!waited) onWait()
    if (isAbandoned(path)) rmSync(path, { force: true })
    else await sleep(pollMilliseconds, undefined, { signal })
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
