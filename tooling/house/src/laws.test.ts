import { describe, expect, test } from 'vitest'
import { laws } from './all.ts'
import { type House, houseOf } from './house.ts'
import type { Finding } from './law.ts'
import { plan } from './template/create.ts'
import { treeOf } from './tree.ts'

type Files = Readonly<Record<string, string>>

const houseJson = {
  floors: { foundation: 'nothing of x86', abi: 'what the kernel promises' },
  arrows: {},
  node: {},
  defended: {},
  words: { gizmo: 'say what it is' },
  hosts: ['example.org'],
}

/** A house with two packages from the template: `foundation/bits` and `abi/clock`, which depends on it. */
function madeUp(): Files {
  const tsconfig = JSON.stringify({ name: '@vmm/tsconfig', private: true })
  let files: Files = { 'house.json': JSON.stringify(houseJson), 'tooling/tsconfig/package.json': tsconfig }
  for (const where of ['foundation/bits', 'abi/clock']) {
    const made = plan(treeOf(files), ['package', where])
    if (made.kind === 'refused') throw new Error(made.says)
    files = { ...files, ...made.files }
  }
  return files
}

const clock = 'packages/abi/clock'

const withDependency = (files: Files, folder: string, name: string): Files => {
  const manifest = JSON.parse(files[`${folder}/package.json`] ?? '')
  manifest.dependencies = { ...manifest.dependencies, [name]: 'workspace:^' }
  return { ...files, [`${folder}/package.json`]: JSON.stringify(manifest) }
}

async function findings(name: string, files: Files, more: Partial<House> = {}): Promise<readonly Finding[]> {
  const law = laws.find((each) => each.name === name)
  if (law === undefined) throw new Error(`no law ${name}`)
  return law.check({ ...houseOf(treeOf(files)), ...more })
}

const says = async (name: string, files: Files, more?: Partial<House>): Promise<readonly string[]> =>
  (await findings(name, files, more)).map((finding) => finding.says)

test.each(laws.map(({ name }) => name))('two packages as the template writes them keep the law %s', async (name) => {
  expect(await findings(name, madeUp())).toEqual([])
})

describe('arrows', () => {
  test('a package may use a lower floor', async () => {
    expect(await says('arrows', withDependency(madeUp(), clock, '@vmm/bits'))).toEqual([])
  })
  test('no package uses a higher floor, an app, a tool, or what does not exist', async () => {
    const up = withDependency(madeUp(), 'packages/foundation/bits', '@vmm/clock')
    expect(await says('arrows', up)).toEqual([expect.stringContaining('goes up, from foundation to abi')])
    const tool = { ...madeUp(), 'tooling/lamp/package.json': '{ "name": "@vmm/lamp", "private": true }' }
    expect(await says('arrows', withDependency(tool, clock, '@vmm/lamp'))).toEqual([
      expect.stringContaining('packages alone'),
    ])
    expect(await says('arrows', withDependency(madeUp(), clock, '@vmm/nowhere'))).toEqual([
      expect.stringContaining('does not exist'),
    ])
  })
  test('an arrow inside a floor is listed in house.json, and what is listed is used', async () => {
    const calendar = plan(treeOf(madeUp()), ['package', 'abi/calendar'])
    const files = { ...madeUp(), ...(calendar.kind === 'files' ? calendar.files : {}) }
    const used = withDependency(files, clock, '@vmm/calendar')
    expect(await says('arrows', used)).toEqual([expect.stringContaining('not listed')])
    const listing = (arrows: unknown) => ({ 'house.json': JSON.stringify({ ...houseJson, arrows }) })
    const listed = listing({ abi: { clock: ['calendar'] } })
    expect(await says('arrows', { ...used, ...listed })).toEqual([])
    expect(await says('arrows', { ...files, ...listed })).toEqual([expect.stringContaining('nobody uses it')])
    const circle = withDependency(used, 'packages/abi/calendar', '@vmm/clock')
    const round = listing({ abi: { clock: ['calendar'], calendar: ['clock'] } })
    expect(await says('arrows', { ...circle, ...round })).toEqual([
      'clock reaches itself inside abi',
      'calendar reaches itself inside abi',
    ])
  })
  test('what is imported is listed as a dependency', async () => {
    const files = {
      ...madeUp(),
      [`${clock}/src/hand.ts`]: "import { bits } from '@vmm/bits'\nexport const hand = bits\n",
    }
    expect(await findings('arrows', files)).toEqual([
      { file: `${clock}/src/hand.ts`, line: 1, says: expect.stringContaining('does not list') },
    ])
  })
})

describe('one-door', () => {
  test.each([
    ['a deep import', `${clock}/src/hand.ts`, "import { a } from '@vmm/bits/src/bits.ts'\n", 'behind the door'],
    ['a way around', `${clock}/src/hand.ts`, "import { a } from '../../../foundation/bits/src/bits.ts'\n", 'outside'],
    ['a second door', `${clock}/src/hand.ts`, "export { clock } from './clock.ts'\n", 'passes names on'],
    ['a door that does more', `${clock}/src/index.ts`, "export { clock } from './clock.ts'\nconst a = 1\n", 'besides'],
    ['a door that names nothing', `${clock}/src/index.ts`, "export * from './clock.ts'\n", 'name the names'],
    ['an empty door', `${clock}/src/index.ts`, 'export {}\n', 'gives nothing away'],
    ['a foreign name', `${clock}/src/index.ts`, "export { bits } from '@vmm/bits'\n", 'belongs to @vmm/bits'],
  ])('%s is found', async (_, path, text, expected) => {
    expect(await says('one-door', { ...madeUp(), [path]: text })).toContainEqual(expect.stringContaining(expected))
  })
  test('a foreign name is found behind a module that passes it on', async () => {
    const files = {
      ...madeUp(),
      [`${clock}/src/index.ts`]: "export { bits } from './hand.ts'\n",
      [`${clock}/src/hand.ts`]: "import { bits } from '@vmm/bits'\nexport { bits }\n",
    }
    expect(await says('one-door', files)).toContain('gives away bits, which belongs to @vmm/bits')
  })
})

describe('sizes', () => {
  const long = (lines: number): string =>
    `/** Long. */\nexport function clock() {\n${'  work()\n'.repeat(lines - 2)}}\n`
  test('a function of 60 lines is the longest', async () => {
    expect(await says('sizes', { ...madeUp(), [`${clock}/src/clock.ts`]: long(60) })).toEqual([])
    expect(await says('sizes', { ...madeUp(), [`${clock}/src/clock.ts`]: long(61) })).toEqual(['clock has 61 lines'])
  })
  test('a file of functions of 400 lines is the longest', async () => {
    const file = (lines: number): string => `export const f = () => 1\n${'export type T = 1\n'.repeat(lines - 1)}`
    expect(await says('sizes', { ...madeUp(), [`${clock}/src/clock.ts`]: file(400) })).toEqual([])
    expect(await says('sizes', { ...madeUp(), [`${clock}/src/clock.ts`]: file(401) })).toEqual([
      'the file has 401 lines',
    ])
  })
  test('tests, rows and data may be long, and so may what a page defends', async () => {
    const page = { 'decisions/001-long.md': 'Because.\n' }
    const defended = {
      'house.json': JSON.stringify({ ...houseJson, defended: { [`${clock}/src/clock.ts`]: 'decisions/001-long.md' } }),
    }
    expect(await says('sizes', { ...madeUp(), [`${clock}/src/clock.test.ts`]: long(500) })).toEqual([])
    expect(await says('sizes', { ...madeUp(), [`${clock}/src/clock.rows.ts`]: long(500) })).toEqual([])
    expect(await says('sizes', { ...madeUp(), [`${clock}/src/clock.ts`]: 'export type T = 1\n'.repeat(500) })).toEqual(
      [],
    )
    const files = { ...madeUp(), ...defended, [`${clock}/src/clock.ts`]: long(500) }
    expect(await says('sizes', { ...files, ...page })).toEqual([])
    expect(await says('sizes', files)).toEqual([expect.stringContaining('does not exist')])
  })
})

describe('rows', () => {
  const path = `${clock}/src/hours.rows.ts`
  const rowsAre = (table: unknown): Partial<House> => ({ load: async () => ({ hours: table }) })
  const code = 'export const hours = [] as unknown\n'
  const source = { kind: 'spec', document: 'Dials', section: '1' }
  test('each has a source, or their table has one in its docstring', async () => {
    const files = { ...madeUp(), [path]: code }
    expect(await says('sourced-rows', files, rowsAre([{ source }, { source }]))).toEqual([])
    expect(await says('sourced-rows', files, rowsAre({ one: { source } }))).toEqual([])
    expect(await says('sourced-rows', files, rowsAre({ source, bits: {} }))).toEqual([])
    expect(await says('sourced-rows', files, rowsAre([{ source }, { hour: 2 }]))).toEqual([
      'hours: 1 rows have no source, the first is 1',
    ])
    expect(await says('sourced-rows', files, rowsAre([]))).toEqual(['hours has no rows'])
    const documented = { ...madeUp(), [path]: `/** The hours. Source: Dials 1. */\n${code}` }
    expect(await says('sourced-rows', documented, rowsAre([{ hour: 2 }]))).toEqual([])
  })
  test('words do not live among them', async () => {
    expect(
      await says(
        'sourced-rows',
        { ...madeUp(), [path]: code },
        rowsAre(() => 1),
      ),
    ).toEqual([expect.stringContaining('different files')])
  })
  test('the list is the directory', async () => {
    const files = { ...madeUp(), [path]: 'export const day = 1\nexport const night = 2\n' }
    expect(await says('listed-rows', files)).toEqual(['day: nobody imports it', 'night: nobody imports it'])
    const half = {
      ...files,
      [`${clock}/src/all.ts`]: "import { day } from './hours.rows.ts'\nexport const all = [day]\n",
    }
    expect(await says('listed-rows', half)).toEqual([`night: ${clock}/src/all.ts does not list it`])
    const whole = { ...files, [`${clock}/src/clock.ts`]: "import { day, night } from './hours.rows.ts'\n" }
    expect(await says('listed-rows', whole)).toEqual([])
  })
})

describe('readme', () => {
  const path = `${clock}/README.md`
  const page = madeUp()[path] ?? ''
  test.each([
    ['another name', page.replace('# @vmm/clock', '# Clock'), 1, 'begins with'],
    ['no sentence', page.replace(/A new package.*\.\n/, ''), 3, 'one sentence'],
    ['a heading left out', page.replace('## The idea\n', ''), 8, '“Use” where “The idea” belongs'],
    [
      'two headings in another order',
      page.replace('## The idea', '## Sources'),
      5,
      '“Sources” where “The idea” belongs',
    ],
    ['a heading too many', `${page}## More\n`, page.split('\n').length, '“More” has no place here'],
    ['no block under Use', page.replace('```ts', '```text'), 1, '0 ts blocks'],
    ['a long block', page.replace('```ts\n', `\`\`\`ts\n${'work()\n'.repeat(25)}`), 12, 'over 24'],
  ])('%s is found, with its line', async (_, text, line, expected) => {
    const found = await findings('readme', { ...madeUp(), [path]: text })
    expect(found).toContainEqual({ file: path, line, says: expect.stringContaining(expected) })
  })
  test('a package with rows says how to add one', async () => {
    const files = { ...madeUp(), [`${clock}/src/hours.rows.ts`]: '' }
    expect(await says('readme', files)).toEqual(['“Sources” where “How to add one” belongs'])
  })
  test('there is one', async () => {
    const { [path]: _, ...files } = madeUp()
    expect(await says('readme', files)).toEqual(['there is no README'])
  })
})

describe('the other laws', () => {
  test.each([
    ['no-node', `${clock}/src/hand.ts`, "import { readFileSync } from 'node:fs'\n", 'imports node:fs'],
    ['names', `${clock}/src/utils.ts`, '', '“utils” says nothing'],
    ['names', `${clock}/src/core/hand.ts`, '', '“core” says nothing'],
    ['names', `${clock}/src/minuteHand.ts`, '', 'minuteHand is not kebab-case'],
    ['names', `${clock}/src/hand.spec.ts`, '', '.spec.ts is no suffix of ours'],
    ['docstrings', `${clock}/src/clock.ts`, 'export const clock = 1\n', 'clock has no docstring'],
    ['changesets', '.changeset/a-name.md', '---\n"@vmm/nobody": minor\n---\n\nDid it.\n', 'which is not published'],
    ['changesets', '.changeset/a-sentence.md', '---\n"@vmm/clock": minor\n---\n\nit works\n', 'is not one sentence'],
    ['changesets', '.changeset/a-form.md', '---\n\n## "@vmm/clock": minor\n\nDid it.\n', 'names no package'],
    ['words', `${clock}/src/hand.ts`, '// two gizmos\n', 'says “gizmo”: say what it is'],
    ['words', 'README.md', `See https:${'//'}elsewhere.example/x\n`, 'leads to elsewhere.example'],
    ['words', 'README.md', `It is in ${'/home'}/somebody/clock\n`, 'path of somebody’s machine'],
  ])('%s: %s', async (name, path, text, expected) => {
    expect(await says(name, { ...madeUp(), [path]: text })).toContainEqual(expect.stringContaining(expected))
  })
  test('one docstring speaks for a paragraph of one-line constants', async () => {
    const index = { [`${clock}/src/index.ts`]: "export { day, hour, night } from './clock.ts'\n" }
    const constants = '/** Times. */\nexport const day = 1\nexport const hour = 2\n'
    const near = { [`${clock}/src/clock.ts`]: `${constants}export const night = 3\n` }
    const far = { [`${clock}/src/clock.ts`]: `${constants}\nexport const night = 3\n` }
    expect(await says('docstrings', { ...madeUp(), ...index, ...near })).toEqual([])
    expect(await says('docstrings', { ...madeUp(), ...index, ...far })).toEqual(['night has no docstring'])
  })
  test('a file that house.json excepts may import Node', async () => {
    const path = `${clock}/src/hand.ts`
    const excepted = { 'house.json': JSON.stringify({ ...houseJson, node: { [path]: 'why' } }) }
    expect(await says('no-node', { ...madeUp(), ...excepted, [path]: "import 'node:fs'\n" })).toEqual([])
  })
  test('a package without tests is found', async () => {
    const { [`${clock}/src/clock.test.ts`]: _, ...files } = madeUp()
    expect(await says('tested', files)).toEqual(['nothing here is tested'])
  })
  test('a package that changed since versions were written needs a changeset', async () => {
    const { '.changeset/clock-begins.md': _, ...files } = madeUp()
    expect(await says('changesets', files)).toEqual(['no changeset names @vmm/clock'])
    const touched = (...paths: string[]): Partial<House> => ({ touched: () => paths })
    expect(await says('changesets', files, touched(`${clock}/src/clock.ts`))).toHaveLength(1)
    expect(await says('changesets', files, touched(`${clock}/src/clock.test.ts`, 'README.md'))).toEqual([])
  })
  test.each([
    ['"sideEffects":false', '"sideEffects":true', '“sideEffects” is not what the template says'],
    ['"name":"@vmm/clock"', '"name":"@vmm/watch"', '“name” is not what the template says'],
    ['"typescript":"catalog:"', '"typescript":"^7.0.0"', 'write “catalog:”'],
    ['"version":"1.0.0"', '"version":"0.1.0"', 'versions start at 1.0.0'],
  ])('a package.json with another %s is found', async (from, to, expected) => {
    const path = `${clock}/package.json`
    const compact = JSON.stringify(JSON.parse(madeUp()[path] ?? ''))
    expect(await says('manifests', { ...madeUp(), [path]: compact.replace(from, to) })).toContainEqual(
      expect.stringContaining(expected),
    )
  })
})
