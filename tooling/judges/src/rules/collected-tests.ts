import { registerHooks } from 'node:module'

/** A test of the repository, collected without its runner: it can be run again and again, with rules that are changed. */
export interface CollectedTest {
  readonly file: string
  readonly title: string
  readonly act: () => unknown
}

type Body = (...given: readonly unknown[]) => unknown

interface Collector {
  file: string
  readonly tests: CollectedTest[]
  readonly titles: string[]
}

const collector: Collector = { file: '', tests: [], titles: [] }

/** What stands in the place of `vitest` in test files: see `stand-in.ts`. */
export function addTest(title: string, act: Body, given: readonly unknown[] = []): void {
  const { file, titles, tests } = collector
  tests.push({ file, title: [...titles, title].join(' > '), act: () => act(...given) })
}

/** A group of tests is gone into at once. */
export function addGroup(title: string, body: Body, given: readonly unknown[] = []): void {
  collector.titles.push(title)
  body(...given)
  collector.titles.pop()
}

/** Collects the tests of files, by their URLs. Files that cannot be collected so are told. */
export async function collectTests(
  files: readonly URL[],
): Promise<{ readonly tests: readonly CollectedTest[]; readonly left: readonly string[] }> {
  const standIn = new URL('stand-in.ts', import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'vitest' ? { url: standIn, shortCircuit: true } : next(specifier, context),
  })
  const left: string[] = []
  for (const file of files) {
    collector.file = file.pathname
    try {
      await import(file.href)
    } catch (error) {
      left.push(`${file.pathname}: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  return { tests: collector.tests, left }
}
