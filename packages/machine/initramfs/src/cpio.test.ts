/// <reference types="node" />
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cpio, type Entry, joined, readCpio } from './index.ts'
import { decodeText, encodeText } from './text.ts'

const entries: readonly Entry[] = [
  { kind: 'directory', path: 'bin' },
  { kind: 'directory', path: 'dev', mode: 0o700 },
  { kind: 'file', path: 'bin/sh', content: encodeText('#!'), mode: 0o755 },
  { kind: 'file', path: 'empty', content: new Uint8Array() },
  { kind: 'link', path: 'bin/ls', target: '/bin/sh' },
  { kind: 'device', path: 'dev/console', type: 'character', major: 5, minor: 1 },
  { kind: 'device', path: 'dev/vda', type: 'block', major: 254, minor: 0, mode: 0o660 },
]
const file = (path: string, content: string): Entry => ({
  kind: 'file',
  path,
  content: encodeText(content),
  mode: 0o644,
})
const read = (bytes: Uint8Array): readonly Entry[] => {
  const result = readCpio(bytes)
  if (result.kind === 'refused') throw new Error(result.says)
  return result.entries
}

test('what is written is read back, with modes filled in', () => {
  const modes: readonly (number | undefined)[] = [0o755, 0o700, 0o755, 0o644, undefined, 0o600, 0o660]
  const expected = entries.map((entry, index) => (entry.kind === 'link' ? entry : { ...entry, mode: modes[index] }))
  expect(read(cpio(entries))).toEqual(expected)
})

test('the same entries give the same bytes', () => {
  expect(cpio(entries)).toEqual(cpio(structuredClone(entries)))
})

test('a header is the magic and thirteen numbers, and content begins on four bytes', () => {
  const bytes = cpio([{ kind: 'file', path: 'abc', content: encodeText('hello') }])
  const numbers = ['00000001', '000081a4', '00000000', '00000000', '00000001', '00000000', '00000005']
  const rest = ['00000000', '00000000', '00000000', '00000000', '00000004', '00000000']
  expect(decodeText(bytes.subarray(0, 110))).toBe(['070701', ...numbers, ...rest].join(''))
  expect(decodeText(bytes.subarray(110, 124))).toBe('abc\0\0\0hello\0\0\0')
  expect(bytes.length % 4).toBe(0)
})

test.each(['', '/bin', 'a\0b'])('the path %j is a mistake', (path) => {
  expect(() => cpio([{ kind: 'directory', path }])).toThrow(RangeError)
})

test('archives follow one another, whatever their length', () => {
  const [first, second] = [cpio([file('a', '1')]), cpio([file('a', '2')])]
  const gap = joined(first, new Uint8Array(3), second)
  expect(gap.length).toBe(first.length + 4 + second.length)
  expect(read(gap)).toEqual([file('a', '1'), file('a', '2')])
  expect(joined()).toHaveLength(0)
})

test.each([
  ['that is cut inside a header', cpio(entries).subarray(0, 50), 'at byte 0: no header'],
  ['that is cut inside a file', cpio([file('f', 'hello')]).subarray(0, 116), 'an entry ends at'],
  ['of another format', encodeText('070707'.padEnd(200, '0')), 'no header of a newc archive'],
  ['of a FIFO', encodeText(decodeText(cpio([file('f', '')])).replace('000081a4', '000011a4')), 'f has mode 10644'],
])('an archive %s is refused', (_name, bytes, says) => {
  expect(readCpio(bytes)).toEqual({ kind: 'refused', says: expect.stringContaining(says) })
})

test('an archive cut anywhere is read or refused', () => {
  const whole = cpio(entries)
  const kinds = Array.from({ length: whole.length + 1 }, (_, length) => readCpio(whole.subarray(0, length)).kind)
  expect(new Set(kinds)).toEqual(new Set(['entries', 'refused']))
})

const hasCpio = (() => {
  try {
    return execFileSync('cpio', ['--version']).length > 0
  } catch {
    return false
  }
})()

test.skipIf(!hasCpio)('GNU cpio unpacks it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cpio-'))
  const plain = entries.filter(({ kind }) => kind !== 'device')
  execFileSync('cpio', ['-i', '--quiet'], { cwd: directory, input: cpio(plain) })
  expect(readFileSync(join(directory, 'bin/sh'), 'utf8')).toBe('#!')
  expect(statSync(join(directory, 'bin/sh')).mode & 0o777).toBe(0o755)
  expect(readlinkSync(join(directory, 'bin/ls'))).toBe('/bin/sh')
  rmSync(directory, { recursive: true })
})
