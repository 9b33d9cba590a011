import { moduleDepends } from './modinfo.ts'

/** A kernel module: its path below `/lib/modules/RELEASE`, and the ELF file. */
export interface Module {
  readonly path: string
  readonly content: Uint8Array
}

/** A module's name by its path. Names use `_` where paths may use `-`. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
}

/**
 * The modules that are wanted by name and all that they need, each after those it needs. Names that no path has are left out:
 * what one kernel has as a module another has built in.
 * @param read gives a module's ELF file by its path; it is called once for each module chosen.
 */
export function chooseModules(
  paths: readonly string[],
  wanted: readonly string[],
  read: (path: string) => Uint8Array,
): readonly Module[] {
  const byName = new Map(paths.map((path) => [moduleName(path), path]))
  const chosen = new Map<string, Module>()
  const seen = new Set<string>()
  const choose = (name: string): void => {
    const path = byName.get(moduleName(name))
    if (path === undefined || seen.has(path)) return
    seen.add(path)
    const content = read(path)
    moduleDepends(content).forEach(choose)
    chosen.set(path, { path, content })
  }
  wanted.forEach(choose)
  return [...chosen.values()]
}

/**
 * `modules.dep` for these modules: a line for each, with all that it needs. Read backwards, each comes after those it needs.
 * Source: modules.dep(5).
 */
export function modulesDep(modules: readonly Module[]): string {
  const byName = new Map(modules.map((module) => [moduleName(module.path), module]))
  const needs = new Map(modules.map(({ path, content }) => [path, moduleDepends(content)]))
  const visit = (path: string, seen: Set<string>, order: string[]): readonly string[] => {
    seen.add(path)
    for (const name of needs.get(path) ?? []) {
      const needed = byName.get(moduleName(name))?.path
      if (needed !== undefined && !seen.has(needed)) visit(needed, seen, order)
    }
    order.push(path)
    return order
  }
  const line = (path: string): string => {
    const [, ...needed] = visit(path, new Set(), []).toReversed()
    return [`${path}:`, ...needed].join(' ')
  }
  return modules.map(({ path }) => `${line(path)}\n`).join('')
}
