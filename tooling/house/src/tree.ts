import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Files by their paths from the root, with `/` between folders. */
export interface Tree {
  readonly paths: readonly string[]
  readonly has: (path: string) => boolean
  readonly read: (path: string) => string
}

const unseen = new Set(['node_modules', 'dist', 'coverage', '.git', '.turbo'])

/** What is on disk below a folder, without what is generated or installed. */
export function treeOnDisk(root: string): Tree {
  const paths = filesBelow(root, '')
  const known = new Set(paths)
  return { paths, has: (path) => known.has(path), read: (path) => readFileSync(join(root, path), 'utf8') }
}

/** A tree of the files that are written here. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  const read = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new Error(`no file ${path}`)
    return text
  }
  return { paths: Object.keys(files).sort(), has: (path) => path in files, read }
}

function filesBelow(root: string, folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => !unseen.has(name) && !name.endsWith('.tsbuildinfo'))
  return names.sort().flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`
    const entry = statSync(join(root, path), { throwIfNoEntry: false })
    if (entry === undefined) return []
    return entry.isDirectory() ? filesBelow(root, path) : [path]
  })
}
