import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { makeDirectory } from './directory.ts'

const place = mkdtempSync(join(tmpdir(), 'vmm-directory-'))
afterAll(() => rmSync(place, { recursive: true }))

describe('a directory', () => {
  test('is made with those that it lies in, and may be there', () => {
    const deep = join(place, 'a', 'b', 'c')
    makeDirectory(deep)
    makeDirectory(deep)
    expect(statSync(deep).isDirectory()).toBe(true)
  })

  test('is refused below a file, and where a file is', () => {
    writeFileSync(join(place, 'file'), '')
    expect(() => makeDirectory(join(place, 'file'))).toThrow(/EEXIST/)
    expect(() => makeDirectory(join(place, 'file', 'a'))).toThrow(/ENOTDIR/)
  })

  test.skipIf(!existsSync('/proc/self'))('is refused where none can be made', () => {
    expect(() => makeDirectory('/proc/none/vmm')).toThrow(/ENOENT|EACCES|EPERM/)
  })
})
