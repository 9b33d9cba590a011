import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * Makes a directory and those that it lies in, unless they are there. One by one: where nothing can be made, as below /proc, Node's own
 * way of making them all never ends.
 * @throws what the file system says.
 */
export function makeDirectory(directory: string): void {
  if (isDirectory(directory)) return
  if (!existsSync(dirname(directory))) makeDirectory(dirname(directory))
  try {
    mkdirSync(directory)
  } catch (refusal) {
    // somebody else may have been as quick
    if (!isDirectory(directory)) throw refusal
  }
}
