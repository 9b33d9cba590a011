import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { directory } from './kernels.ts'

const keeps = ['kept-modules.ts', 'replaced-file.ts', 'directory.ts']
const inRunner = (file: string) => fileURLToPath(import.meta.resolve(`../src/${file}`))

/** A program of a few modules that keeps them, in a place of its own. */
function program(name: string) {
  const place = join(directory, 'programs', name)
  const [source, cache] = [join(place, 'source'), join(place, 'cache')]
  const inSource = (file: string) => join(source, file)
  mkdirSync(join(source, 'node_modules/part'), { recursive: true })
  for (const file of keeps) cpSync(inRunner(file), inSource(file))
  const write = (file: string, text: string) => writeFileSync(inSource(file), text)
  write('package.json', '{ "type": "module" }')
  write(
    'main.ts',
    `import { keepModules } from './kept-modules.ts'
keepModules(${JSON.stringify(cache)})
const { says } = await import('./words.ts')
process.stdout.write(says)
if (process.argv[2] === 'more') process.stdout.write((await import('./more.ts')).more)
process.exit(0)
`,
  )
  write('words.ts', "import { part } from 'part'\nexport const says: string = 'says ' + part\n")
  write('more.ts', "export const more: string = ' and more'\n")
  write('node_modules/part/package.json', '{ "name": "part", "type": "module", "exports": "./one.js" }')
  write('node_modules/part/one.js', "export const part = 'one'\n")
  write('node_modules/part/two.js', "export const part = 'two'\n")
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [inSource('main.ts'), ...args], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  return { run, write, cache, inSource }
}

const said = (stdout: string) => ({ status: 0, stdout, stderr: '' })

test('a program does the same with modules that it has kept', () => {
  const { run, cache } = program('kept')
  expect(run()).toEqual(said('says one'))
  const [file] = readdirSync(cache)
  const written = statSync(join(cache, file!)).mtimeMs
  expect(run()).toEqual(said('says one'))
  expect(readdirSync(cache)).toEqual([file])
  expect(statSync(join(cache, file!)).mtimeMs).toBe(written)
})

test('what is kept is what runs, until its file changes', () => {
  const { run, write, inSource } = program('changed')
  const longAgo = () => utimesSync(inSource('words.ts'), 1, 1)
  longAgo()
  run()
  const other = "import { part } from 'part'\nexport const says: string = 'told ' + part\n"
  write('words.ts', other)
  longAgo()
  expect(run()).toEqual(said('says one'))
  write('words.ts', other)
  expect(run()).toEqual(said('told one'))
  expect(run()).toEqual(said('told one'))
})

test('a package that calls another file its own is asked again', () => {
  const { run, write } = program('package')
  expect(run()).toEqual(said('says one'))
  write('node_modules/part/package.json', '{ "name": "part", "type": "module", "exports": "./two.js" }')
  expect(run()).toEqual(said('says two'))
})

test('modules that only some starts need are kept with the others', () => {
  const { run } = program('more')
  expect(run()).toEqual(said('says one'))
  for (const _ of [1, 2]) expect(run('more')).toEqual(said('says one and more'))
  expect(run()).toEqual(said('says one'))
})

test.each([
  ['half of it', (whole: number) => Math.floor(whole / 2)],
  ['nothing', () => 0],
])('%s in the file that modules are kept in is as good as no file', (_, length) => {
  const { run, cache } = program(`damaged-${length(2)}`)
  run()
  const file = join(cache, readdirSync(cache)[0]!)
  writeFileSync(file, Buffer.alloc(length(statSync(file).size), 'x'))
  for (const _ of [1, 2]) expect(run()).toEqual(said('says one'))
})

test('a program that has no place to keep modules in runs all the same', () => {
  const { run, cache } = program('no-place')
  writeFileSync(cache, '')
  for (const _ of [1, 2]) expect(run()).toEqual(said('says one'))
})
