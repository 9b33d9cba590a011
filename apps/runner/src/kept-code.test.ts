import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

test('a byte that is not as it was makes a file as good as none', () => {
  const file = keptIn('damaged')
  const whole = readFileSync(file)
  for (let at = 0; at < whole.length; at += 1) {
    writeFileSync(
      file,
      whole.map((byte, index) => (index === at ? byte ^ 1 : byte)),
    )
    const found = new KeptCode(file, 'as it was').find('one')
    expect([undefined, '1,10,3']).toContain(found?.join())
    if (at > whole.indexOf('\n')) expect(found).toBeUndefined()
  }
})

test('what is known only at the end is kept then, if it is other than it was', () => {
  const file = keptIn('end')
  const ends: (() => void)[] = []
  const kept = new KeptCode(file, 'as it was', (end) => ends.push(end))
  let asked = 0
  kept.keepAtEnd('late', () => Uint8Array.of(++asked))
  kept.keepAtEnd('same', () => undefined)
  const atFirst = readFileSync(file)
  expect([asked, ends.length]).toEqual([0, 1])
  ends[0]!()
  const after = new KeptCode(file, 'as it was', (end) => ends.push(end))
  expect(['one', 'late', 'same'].map((name) => after.find(name)?.join())).toEqual(['1,10,3', '1', undefined])
  expect(readFileSync(file)).not.toEqual(atFirst)
  const written = statSync(file).ino
  after.keepAtEnd('same', () => undefined)
  ends[1]!()
  expect(statSync(file).ino).toBe(written)
})

test('where nothing can be written, all goes on', () => {
  const ends: (() => void)[] = []
  const kept = new KeptCode(join(keptIn('in-the-way'), 'emitted-none'), 'as it was', (end) => ends.push(end))
  kept.keep('one', Uint8Array.of(1))
  kept.keepAtEnd('two', () => Uint8Array.of(2))
  ends[0]!()
  expect(kept.find('two')).toEqual(Uint8Array.of(2))
})
