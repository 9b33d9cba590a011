import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SourceFile } from './source-file.ts'
import { type Tree, treeOnDisk } from './tree.ts'

/** What `house.json` says: everything that a law cannot derive. */
export interface Plan {
  /** From the lowest to the highest, each with what it holds. */
  readonly floors: Readonly<Record<string, string>>
  /** Who may import whom inside one floor. */
  readonly arrows: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
  /** Files of packages that may import `node:*`, each with the reason. */
  readonly node: Readonly<Record<string, string>>
  /** Files that break a size, each with the page in `decisions/` that defends it. */
  readonly defended: Readonly<Record<string, string>>
  /** Words that are not written, each with what to write instead. */
  readonly words: Readonly<Record<string, string>>
  /** Hosts that a link may lead to. */
  readonly hosts: readonly string[]
}

/** What laws read of a `package.json`. */
export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly private?: boolean
  readonly description?: string
  readonly license?: string
  readonly type?: string
  readonly sideEffects?: boolean
  readonly exports?: unknown
  readonly files?: unknown
  readonly engines?: unknown
  readonly bin?: unknown
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly publishConfig?: unknown
}

/** A folder with a `package.json`. */
export interface Member {
  /** `@vmm/cpuid`. */
  readonly name: string
  /** `packages/abi/cpuid`. */
  readonly folder: string
  readonly place: 'package' | 'app' | 'tooling' | 'examples'
  /** Of packages alone. */
  readonly floor: string | undefined
  readonly manifest: Manifest
  readonly sources: readonly Source[]
}

/** A module and what it is for, by its suffix and folder. */
export interface Source {
  readonly file: SourceFile
  readonly role: 'words' | 'rows' | 'test'
}

/** The whole repository, as laws see it. */
export interface House {
  readonly tree: Tree
  readonly plan: Plan
  readonly members: readonly Member[]
  /** What a module exports at run time. */
  readonly load: (path: string) => Promise<Readonly<Record<string, unknown>>>
  /** What changed since versions were last written; undefined when they never were, or nobody knows. */
  readonly touched: () => readonly string[] | undefined
}

/** Reads the house from a folder on disk. */
export function houseOnDisk(root: string): House {
  return {
    ...houseOf(treeOnDisk(root)),
    load: (path) => import(pathToFileURL(join(root, path)).href),
    touched: () => changedSinceVersions(root),
  }
}

/** Reads the house from a tree: nothing can be loaded from it, and it has no history. */
export function houseOf(tree: Tree): House {
  const folders = tree.paths.flatMap((path) => memberFolder.exec(path)?.[1] ?? [])
  return {
    tree,
    plan: JSON.parse(tree.read('house.json')),
    members: folders.map((folder) => memberAt(tree, folder)),
    load: () => Promise.resolve({}),
    touched: () => undefined,
  }
}

/** Every package of `packages/`. */
export function packagesOf(house: House): readonly Member[] {
  return house.members.filter(({ place }) => place === 'package')
}

/** The last part of a member's folder: `cpuid`. */
export function shortName(member: Member): string {
  return member.folder.slice(member.folder.lastIndexOf('/') + 1)
}

/** Whether others get it from a registry. */
export function isPublished(member: Member): boolean {
  return member.manifest.private !== true
}

const memberFolder = /^(packages\/[^/]+\/[^/]+|apps\/[^/]+|tooling\/[^/]+|examples)\/package\.json$/

const places = { packages: 'package', apps: 'app', tooling: 'tooling', examples: 'examples' } as const

function memberAt(tree: Tree, folder: string): Member {
  const manifest: Manifest = JSON.parse(tree.read(`${folder}/package.json`))
  const [top, floor] = folder.split('/')
  const place = places[top as keyof typeof places]
  const modules = tree.paths.filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.ts'))
  const sources = modules.map((path) => ({ file: new SourceFile(path, tree.read(path)), role: roleOf(path, folder) }))
  const name = manifest.name ?? ''
  return { name, folder, place, floor: place === 'package' ? floor : undefined, manifest, sources }
}

function roleOf(path: string, folder: string): Source['role'] {
  const inside = path.slice(folder.length + 1)
  if (/\.(test|bench|fuzz)\.ts$/.test(inside) || /^(test|bench|scenarios)\//.test(inside)) return 'test'
  return inside.endsWith('.rows.ts') ? 'rows' : 'words'
}

function changedSinceVersions(root: string): readonly string[] | undefined {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const versions = git('log', '-1', '--format=%H', '--', '*CHANGELOG.md')
    if (versions === '') return undefined
    const changed = git('diff', '--name-only', versions).split('\n')
    return [...changed, ...git('ls-files', '--others', '--exclude-standard').split('\n')]
  } catch {
    return undefined // a copy without history
  }
}
