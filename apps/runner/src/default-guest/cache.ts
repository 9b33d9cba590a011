import { accessSync, constants } from 'node:fs'
import { userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { makeDirectory } from '../directory.ts'

/**
 * The user's cache directory for guests; undefined for a user who has none.
 * Source: XDG Base Directory Specification 0.8, which has relative paths ignored.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { XDG_CACHE_HOME: own, HOME: home } = env
  if (own !== undefined && isAbsolute(own)) return join(own, 'vmm')
  const place = home !== undefined && isAbsolute(home) ? home : passwdHome()
  return place === undefined ? undefined : join(place, '.cache', 'vmm')
}

/** A user need not be in the list of users, nor have a home there. */
function passwdHome(): string | undefined {
  try {
    const { homedir } = userInfo()
    return isAbsolute(homedir) ? homedir : undefined
  } catch {
    return undefined
  }
}

/** Makes a directory, unless it is there, and sees that files can be made in it. @throws what the file system says. */
export function makeWritable(directory: string): void {
  makeDirectory(directory)
  accessSync(directory, constants.W_OK | constants.X_OK)
}
