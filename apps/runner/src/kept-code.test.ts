import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { KeptCode } from './kept-code.ts'

const place = mkdtempSync(join(tmpdir(), 'vmm-kept-code-'))
afterAll(() => rmSync(place, { recursive: true }))

function keptIn(name: string): string {
  const file = join(place, 'cache', `emitted-${name}`)
  const before = new KeptCode(file, 'as it was')
  before.keep('one', Uint8Array.of(1, 10, 3))
  before.keep('none', new Uint8Array())
  before.keep('two', Uint8Array.of(10))
  return file
}

test('a program finds what it has emitted before', () => {
  const now = new KeptCode(keptIn('same'), 'as it was')
  expect(['one', 'none', 'two', 'three'].map(now.find)).toEqual([
    Uint8Array.of(1, 10, 3),
    new Uint8Array(),
    Uint8Array.of(10),
    undefined,
  ])
})

test('another program finds nothing, and what it keeps is all there is', () => {
  const file = keptIn('other')
  const other = new KeptCode(file, 'as it is')
  expect(other.find('one')).toBeUndefined()
  other.keep('two', Uint8Array.of(2))
  expect(new KeptCode(file, 'as it was').find('one')).toBeUndefined()
  expect(new KeptCode(file, 'as it is').find('two')).toEqual(Uint8Array.of(2))
})

test('a part of a file is as good as none', () => {
  const file = keptIn('part')
  const whole = readFileSync(file)
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(file, whole.subarray(0, length))
    expect(new KeptCode(file, 'as it was').find('one')).toBeUndefined()
  }
})

test('of all that would keep something by a name at the end, the newest does', () => {
  const kept = new KeptCode(keptIn('end'), 'as it was')
  const before = process.listeners('exit')
  const asked: string[] = []
  for (const name of ['first', 'second']) kept.atEnd('one', () => void asked.push(name))
  kept.atEnd('another', () => void asked.push('third'))
  const [added, ...more] = process.listeners('exit').filter((listener) => !before.includes(listener))
  expect(more).toEqual([])
  added!(0)
  expect(asked).toEqual(['second', 'third'])
  process.removeListener('exit', added!)
})
