import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const place = mkdtempSync(join(tmpdir(), 'vmm-emitted-'))
afterAll(() => rmSync(place, { recursive: true }))

const program = fileURLToPath(new URL('./divided.ts', import.meta.url))
const says = (file: string) => spawnSync(process.execPath, [program, join(place, file)], { encoding: 'utf8' }).stdout

const dividend = (5n << 64n) + 3n
const went = (found: number) => `exit ${dividend / 7n} ${dividend % 7n} found ${found}`

test('an interpreter that an earlier start emitted runs like one that is emitted now', () => {
  expect(says('one')).toBe(went(0))
  expect(says('one')).toBe(went(1))
})

test('each start emits the same interpreter', () => {
  for (const file of ['two', 'three']) expect(says(file)).toBe(went(0))
  expect(readFileSync(join(place, 'two'))).toEqual(readFileSync(join(place, 'three')))
})
