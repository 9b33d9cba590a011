import { readFileSync, statSync } from 'node:fs'
import { type ModuleFormat, registerHooks } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { crc32 } from 'node:zlib'
import { replaceFile } from './replaced-file.ts'

/** Where a program of modules that have not changed may keep more, by what it is called and what it is. */
export interface Unchanged {
  readonly directory: string
  readonly name: string
  readonly program: string
}

let unchanged: Unchanged | undefined

/** Known where all modules are as they were when they were kept. */
export const unchangedProgram = (): Unchanged | undefined => unchanged

/** When a file was changed last, and its bytes: as long as they are the same, so is what is in it. */
type Stamp = readonly [changed: number, bytes: number]

/** A module: what Node would find, and where its imports lead, by URL. */
interface Kept {
  readonly url: string
  readonly stamp: Stamp
  readonly format: ModuleFormat
  readonly source: Uint8Array
  readonly ways: Map<string, string>
}

/** The first line of the file; the sources follow one another. */
interface Head {
  /** Where packages say what their modules are called. */
  readonly packages: readonly (readonly [url: string, stamp: Stamp])[]
  readonly modules: readonly (Pick<Kept, 'url' | 'stamp' | 'format'> & {
    readonly bytes: number
    readonly ways: Readonly<Record<string, string>>
  })[]
}

/**
 * Keeps the modules that a start loads, for the next one. Of hundreds of files, Node asks a dozen things each; of files that are
 * kept it is asked only whether they have changed. Whatever is not kept is loaded as ever; if anything has changed, all of it is.
 */
export function keepModules(directory: string): void {
  if (typeof registerHooks !== 'function') return
  const name = nameOfProgram()
  const file = join(directory, `modules-${name}`)
  const modules = readKept(file)
  const stamps = [...modules.values()].map(({ url, stamp }) => [url, ...stamp])
  if (modules.size > 0) unchanged = { directory, name, program: crc32(JSON.stringify(stamps)).toString(16) }
  let grew = false
  registerHooks({
    resolve(specifier, context, next) {
      const parent = modules.get(context.parentURL ?? '')
      const way = parent?.ways.get(specifier)
      const kept = way === undefined ? undefined : modules.get(way)
      if (kept !== undefined) return { url: kept.url, format: kept.format, shortCircuit: true }
      const found = next(specifier, context)
      if (parent !== undefined && way !== found.url && found.url.startsWith('file:')) {
        parent.ways.set(specifier, found.url)
        grew = true
      }
      return found
    },
    load(url, context, next) {
      const kept = modules.get(url)
      if (kept !== undefined) return { format: kept.format, source: kept.source, shortCircuit: true }
      const loaded = next(url, context)
      const { format, source } = loaded
      const stamp = url.startsWith('file:') ? stampOf(url) : undefined
      if (stamp !== undefined && format?.startsWith('module') && source instanceof Uint8Array)
        modules.set(url, { url, stamp, format: format as ModuleFormat, source, ways: new Map() })
      return loaded
    },
  })
  process.on('exit', () => {
    if (grew) write(file, [...modules.values()])
  })
}

/** Modules are those of one program, and where they are found depends on how Node was started. */
function nameOfProgram(): string {
  const { version, execArgv, env } = process
  const facts = [import.meta.url, version, ...execArgv, env['NODE_OPTIONS'] ?? '']
  return crc32(facts.join('\n')).toString(16)
}

function stampOf(url: string): Stamp | undefined {
  const found = statSync(fileURLToPath(url), { throwIfNoEntry: false })
  return found === undefined ? undefined : [found.mtimeMs, found.size]
}

const isAsItWas = (url: string, [changed, bytes]: Stamp): boolean => {
  const now = stampOf(url)
  return now !== undefined && now[0] === changed && now[1] === bytes
}

/** By URL; nothing if there is no such file, or one is not as it was. */
function readKept(file: string): Map<string, Kept> {
  const modules = new Map<string, Kept>()
  try {
    const bytes = readFileSync(file)
    const end = bytes.indexOf('\n')
    const head = JSON.parse(bytes.toString('utf8', 0, end)) as Head
    if (
      ![...head.packages, ...head.modules.map(({ url, stamp }) => [url, stamp] as const)].every((each) =>
        isAsItWas(...each),
      )
    )
      return modules
    let at = end + 1
    for (const { bytes: length, ways, ...module } of head.modules) {
      modules.set(module.url, {
        ...module,
        source: bytes.subarray(at, at + length),
        ways: new Map(Object.entries(ways)),
      })
      at += length
    }
  } catch {
    // the first start, or a file that is no more than a part
    modules.clear()
  }
  return modules
}

/** What is kept, as it is now. */
function write(file: string, modules: readonly Kept[]): void {
  const head: Head = {
    packages: packagesOf(modules),
    modules: modules.map(({ source, ways, ...module }) => ({
      ...module,
      bytes: source.length,
      ways: Object.fromEntries(ways),
    })),
  }
  replaceFile(file, [`${JSON.stringify(head)}\n`, ...modules.map(({ source }) => source)])
}

/** Every package.json above a module, with its stamp. */
function packagesOf(modules: readonly Kept[]): Head['packages'] {
  const directories = new Set<string>()
  for (const { url } of modules) {
    for (let at = dirname(fileURLToPath(url)); !directories.has(at) && at !== dirname(at); at = dirname(at))
      directories.add(at)
  }
  return [...directories].flatMap((directory) => {
    const url = pathToFileURL(join(directory, 'package.json')).href
    const stamp = stampOf(url)
    return stamp === undefined ? [] : [[url, stamp] as const]
  })
}
