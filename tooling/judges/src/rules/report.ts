import { globSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type CollectedTest, collectTests } from './collected-tests.ts'
import { type Changeable, mutantsOf } from './mutants.ts'

/** What `pnpm judge rules` is told. */
export interface RulesOptions {
  /** The beginning of a package's name, or of a rule's. */
  readonly only?: string
}

const root = new URL('../../../../', import.meta.url)
const found = (pattern: string): readonly string[] => globSync(pattern, { cwd: root }).sort()

/** Tests that hold promises to their own witnesses: they do not count, nor do those that take long by themselves. */
const own = /\baudit(Rule|Pipeline|Behaviour)\b|\.audit\(\)/

interface Found {
  readonly package: string
  readonly rule: Changeable
}

/** Makes every rule wrong in every way, and tells which of these no test notices; answers the exit code. */
export async function judgeRules({ only = '' }: RulesOptions): Promise<number> {
  const rules = (await rulesThereAre()).filter((each) => each.package.startsWith(only) || each.rule.id.startsWith(only))
  const files = found(
    '{packages/abi/*,packages/foundation/rule,packages/machine/kvm,tooling/judges/src/kernel}/**/*.test.ts',
  ).filter(
    (file) => !/node_modules|\.long\.|hostile/.test(file) && !own.test(readFileSync(new URL(file, root), 'utf8')),
  )
  const { tests, left } = await collectTests(files.map((file) => new URL(file, root)))
  for (const line of left) console.log(`left out: ${line}`)
  const refusing = await whoRefuses(rules, tests)
  const survivors = []
  let [count, killed] = [0, 0]
  for (const each of rules) {
    for (const mutant of mutantsOf(each.rule)) {
      count++
      mutant.begin()
      const noticed = await someFails(refusing.get(each.rule) ?? [])
      mutant.undo()
      if (noticed) killed++
      else
        survivors.push(
          `${each.package} ${each.rule.id}: ${mutant.what}${refusing.has(each.rule) ? '' : ' (no test sees it refuse)'}`,
        )
    }
  }
  console.log([...survivors, `${killed} of ${count} mutants of ${rules.length} rules are noticed`].join('\n'))
  return survivors.length === 0 ? 0 : 1
}

/** Every rule, once: of a file of its own, of a list of rows, or made where a call's steps are put together. */
async function rulesThereAre(): Promise<readonly Found[]> {
  const files = found('packages/*/*/src/**/{rules,checks,memory}/**/*.ts').filter(
    (file) => !/node_modules|\.test\.ts$/.test(file),
  )
  const places = new Map<Changeable, string>()
  for (const file of files) {
    const made = (await import(pathToFileURL(new URL(file, root).pathname).href)) as Readonly<Record<string, unknown>>
    for (const rule of Object.values(made).flatMap(rulesIn))
      if (!places.has(rule)) places.set(rule, file.split('/')[2] ?? '')
  }
  return [...places].map(([rule, place]) => ({ package: place, rule }))
}

function rulesIn(value: unknown): readonly Changeable[] {
  if (typeof value !== 'object' || value === null) return []
  if (isRule(value)) return [value]
  const items: unknown = 'steps' in value ? value.steps : value
  if (!Array.isArray(items)) return []
  return items.flatMap((item: unknown) => (isCheck(item) ? rulesIn(item.rule) : isRule(item) ? [item] : []))
}

const isRule = (value: unknown): value is Changeable =>
  typeof value === 'object' && value !== null && 'refuses' in value && 'errno' in value && 'witness' in value

const isCheck = (value: unknown): value is { readonly rule: unknown } =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'check' && 'rule' in value

/** Runs all tests once, those that fail left out, and notes in which of them each rule refuses something. */
async function whoRefuses(
  rules: readonly Found[],
  tests: readonly CollectedTest[],
): Promise<ReadonlyMap<Changeable, readonly CollectedTest[]>> {
  const seen = new Map<Changeable, Set<CollectedTest>>()
  let current: CollectedTest | undefined
  const before = rules.map(({ rule }) => rule.refuses)
  for (const { rule } of rules) {
    const { refuses } = rule
    rule.refuses = (call) => {
      const refused = refuses(call)
      if (refused && current !== undefined) seen.set(rule, (seen.get(rule) ?? new Set()).add(current))
      return refused
    }
  }
  const [failing, took] = [new Set<CollectedTest>(), new Map<CollectedTest, number>()]
  const quickFirst = (one: CollectedTest, other: CollectedTest) => (took.get(one) ?? 0) - (took.get(other) ?? 0)
  for (const test of tests) {
    current = test
    const began = performance.now()
    if (await fails(test)) failing.add(test)
    took.set(test, performance.now() - began)
  }
  for (const [nth, { rule }] of rules.entries()) rule.refuses = before[nth] ?? rule.refuses
  console.log(`${tests.length} tests, of which ${failing.size} cannot be run here`)
  return new Map([...seen].map(([rule, ones]) => [rule, [...ones].filter((one) => !failing.has(one)).sort(quickFirst)]))
}

/** What is looked for at most, for one mutant: quick tests come first. */
const millisecondsOfAMutant = 4000

async function someFails(tests: readonly CollectedTest[]): Promise<boolean> {
  const until = performance.now() + millisecondsOfAMutant
  for (const test of tests) {
    if (await fails(test)) return true
    if (performance.now() > until) return false
  }
  return false
}

async function fails(test: CollectedTest): Promise<boolean> {
  try {
    await test.act()
    return false
  } catch {
    return true
  }
}
