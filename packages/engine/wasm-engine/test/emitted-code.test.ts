import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const place = mkdtempSync(join(tmpdir(), 'vmm-emitted-'))
afterAll(() => rmSync(place, { recursive: true }))

const program = fileURLToPath(new URL('./divided.ts', import.meta.url))
const says = (name: string, ...more: readonly string[]) => {
  const folder = join(place, name)
  mkdirSync(folder, { recursive: true })
  return spawnSync(process.execPath, [program, folder, ...more], { encoding: 'utf8' }).stdout
}
const written = (name: string) =>
  readdirSync(join(place, name)).map((file) => [file, readFileSync(join(place, name, file))] as const)

const dividend = (5n << 64n) + 3n
const went = `exit ${dividend / 7n} ${dividend % 7n}`

test('an interpreter and handlers that an earlier start emitted run like those that are emitted now', () => {
  const before = says('one')
  expect(before).toMatch(new RegExp(`^${went} found 0 compiled [1-9]`))
  expect(written('one').length).toBeGreaterThan(2)
  const compiled = (line: string) => Number(line.split(' ').at(-1))
  const after = says('one')
  expect(after.startsWith(`${went} found ${written('one').length} `)).toBe(true)
  expect(compiled(after)).toBeLessThan(compiled(before))
})

test('each start emits the same', () => {
  for (const name of ['two', 'three']) expect(says(name).startsWith(`${went} found 0 `)).toBe(true)
  expect(written('two')).toEqual(written('three'))
})

test('what is too little to be kept at once is kept at the end, if the program can tell', () => {
  const modules = (name: string) => written(name).filter(([file]) => file.startsWith('handlers')).length
  says('four', '30')
  expect(modules('four')).toBe(0)
  says('five', '30', 'ends')
  expect(modules('five')).toBe(1)
  const after = says('five', '30', 'ends')
  expect(after).toMatch(new RegExp(`^${went} found 2 `))
  // there is nothing new
  expect(modules('five')).toBe(1)
})
