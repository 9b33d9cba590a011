import { readFileSync } from 'node:fs'
import { type CollectedTest, collectTests } from './collected-tests.ts'
import { found, root, type Subject, subjectsThereAre } from './subjects.ts'

/** What `pnpm judge rules` is told. */
export interface RulesOptions {
  /** The beginning of a package's name, or of a rule's. */
  readonly only?: string
  /** What is made wrong; both, unless told. */
  readonly kind?: Subject['kind'] | undefined
}

/** Tests that hold promises to their own witnesses: they do not count, nor do those that take long by themselves. */
const own = /\baudit(Rule|Pipeline|Behaviour)\b|\.audit\(\)/

/** Makes every rule and behaviour wrong in every way, and tells which of these no test notices; answers the exit code. */
export async function judgeRules({ only = '', kind }: RulesOptions): Promise<number> {
  const subjects = (await subjectsThereAre()).filter(
    (each) => (kind === undefined || each.kind === kind) && (each.package.startsWith(only) || each.id.startsWith(only)),
  )
  const files = found(
    '{packages/abi/*,packages/foundation/rule,packages/machine/kvm,tooling/judges/src/kernel}/**/*.test.ts',
  ).filter(
    (file) => !/node_modules|\.long\.|hostile/.test(file) && !own.test(readFileSync(new URL(file, root), 'utf8')),
  )
  const { tests, left } = await collectTests(files.map((file) => new URL(file, root)))
  for (const line of left) console.log(`left out: ${line}`)
  const seeing = await whoSees(subjects, tests)
  const survivors = []
  let [count, killed] = [0, 0]
  for (const each of subjects) {
    for (const mutant of each.mutants()) {
      count++
      mutant.begin()
      const noticed = await someFails(seeing.get(each) ?? [])
      mutant.undo()
      if (noticed) killed++
      else
        survivors.push(
          `${each.package} ${each.id}: ${mutant.what}${seeing.has(each) ? '' : ' (no test sees it at work)'}`,
        )
    }
  }
  console.log(
    [...survivors, `${killed} of ${count} mutants of ${subjects.length} rules and behaviours are noticed`].join('\n'),
  )
  return survivors.length === 0 ? 0 : 1
}

/** Runs all tests once, those that fail left out, and notes in which of them each rule refuses and each behaviour does something. */
async function whoSees(
  subjects: readonly Subject[],
  tests: readonly CollectedTest[],
): Promise<ReadonlyMap<Subject, readonly CollectedTest[]>> {
  const seen = new Map<Subject, Set<CollectedTest>>()
  let current: CollectedTest | undefined
  const ends = subjects.map((subject) =>
    subject.watch(() => {
      if (current !== undefined) seen.set(subject, (seen.get(subject) ?? new Set()).add(current))
    }),
  )
  const [failing, took] = [new Set<CollectedTest>(), new Map<CollectedTest, number>()]
  const quickFirst = (one: CollectedTest, other: CollectedTest) => (took.get(one) ?? 0) - (took.get(other) ?? 0)
  for (const test of tests) {
    current = test
    const began = performance.now()
    if (await fails(test)) failing.add(test)
    took.set(test, performance.now() - began)
  }
  for (const end of ends) end()
  console.log(`${tests.length} tests, of which ${failing.size} cannot be run here`)
  return new Map(
    [...seen].map(([subject, ones]) => [subject, [...ones].filter((one) => !failing.has(one)).sort(quickFirst)]),
  )
}

/** What is looked for at most, for one mutant: quick tests come first. */
const millisecondsOfAMutant = 4000
const millisecondsOfATest = 60_000

async function someFails(tests: readonly CollectedTest[]): Promise<boolean> {
  const until = performance.now() + millisecondsOfAMutant
  for (const test of tests) {
    if (await fails(test)) return true
    if (performance.now() > until) return false
  }
  return false
}

/** A test that does not end has failed too; the timer keeps the process until then. */
async function fails(test: CollectedTest): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), millisecondsOfATest)
  })
  const ended = (async () => test.act())().then(
    () => false,
    () => true,
  )
  try {
    return await Promise.race([ended, late])
  } finally {
    clearTimeout(timer)
  }
}
