import { expect, test } from 'vitest'
import { GuestConsole } from './guest-console.ts'

function said(text: string): GuestConsole {
  const console = new GuestConsole()
  for (const byte of Buffer.from(text)) console.wrote(byte, 5)
  return console
}

test.each([
  'Kernel panic - not syncing: VFS: no root\r\n',
  '[    1.234567] Kernel panic - not syncing: VFS: no root\n',
  '[    1.234567][    T1] Kernel panic - not syncing: VFS: no root\n',
])('a panic is known by its line: %j', (line) => {
  expect(said(`before\n${line}after\n`).panic).toBe('VFS: no root')
})

test.each([
  'Kernel panic - not syncing: VFS', // not whole yet
  'echo Kernel panic - not syncing: VFS\n',
  '# [1] Kernel panic - not syncing: VFS\n',
])('what only looks like one is none: %j', (line) => {
  expect(said(line).panic).toBeUndefined()
})

test('the first panic counts, and its end is known', () => {
  const console = said('Kernel panic - not syncing: one\nKernel panic - not syncing: two\n')
  expect([console.panic, console.isGivenUp]).toEqual(['one', false])
  for (const byte of Buffer.from('---[ end Kernel panic - not syncing: one ]---\n')) console.wrote(byte, 0)
  expect(console.isGivenUp).toBe(true)
})

test('a prompt is a line that has begun', () => {
  expect([said('login: ').atPrompt, said('done\r\n').atPrompt, said('').atPrompt]).toEqual([true, false, false])
})
