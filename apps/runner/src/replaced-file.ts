import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { makeDirectory } from './directory.ts'

/** How many other programs' files of a kind are left where ours are written. */
const othersAtMost = 7

/**
 * Puts a file in the place of another, whole or not at all, and drops others of its kind that were written long ago: the kind is what
 * the name has before its `-`. There may be no place for it: the next start is as slow then.
 */
export function replaceFile(file: string, pieces: readonly (string | Uint8Array)[]): void {
  const unfinished = `${file}.${process.pid}`
  let begun = false
  try {
    makeDirectory(dirname(file))
    begun = true
    writeFileSync(unfinished, Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array))))
    renameSync(unfinished, file)
    dropOthers(dirname(file), basename(file).replace(/-.*/, '-'))
  } catch {
    if (begun) rmSync(unfinished, { force: true })
  }
}

/** What was written longest ago goes. */
function dropOthers(directory: string, prefix: string): void {
  const all = readdirSync(directory).filter((name) => name.startsWith(prefix))
  const age = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const old = all.toSorted((a, b) => age(b) - age(a)).slice(1 + othersAtMost)
  for (const name of old) rmSync(join(directory, name), { force: true })
}
