import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { withLock } from './lock.ts'

const directory = mkdtempSync(join(tmpdir(), 'vmm-lock-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** More than any process has. */
const nobody = '99999999'
const never = new AbortController().signal

/** Has several at work under one lock; the most that were at it at once, and how many were told to wait. */
async function atOnce(path: string, count: number) {
  let [now, most, told] = [0, 0, 0]
  const work = async () => {
    now += 1
    most = Math.max(most, now)
    await sleep(5)
    now -= 1
  }
  const onWait = () => {
    told += 1
  }
  await Promise.all(Array.from({ length: count }, () => withLock(path, never, onWait, work)))
  return { most, told }
}

test('one at a time is at work under a lock', async () => {
  const path = join(directory, 'plain')
  expect(await atOnce(path, 3)).toEqual({ most: 1, told: 2 })
  expect(existsSync(path)).toBe(false)
})

test('the lock of a process that has gone holds nobody up, and still one at a time is at work', async () => {
  const path = join(directory, 'left')
  writeFileSync(path, nobody)
  expect((await atOnce(path, 4)).most).toBe(1)
  expect([existsSync(path), existsSync(`${path}.breaking`)]).toEqual([false, false])
})

test('who was interrupted while removing a lock holds nobody up for long', async () => {
  const path = join(directory, 'twice left')
  writeFileSync(path, nobody)
  writeFileSync(`${path}.breaking`, nobody)
  const old = new Date(Date.now() - 60_000)
  utimesSync(`${path}.breaking`, old, old)
  expect((await atOnce(path, 2)).most).toBe(1)
})

test('who waits can be told to stop', async () => {
  const path = join(directory, 'held')
  writeFileSync(path, `${process.pid}`)
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  await expect(
    withLock(
      path,
      controller.signal,
      () => {},
      async () => 1,
    ),
  ).rejects.toThrow(/abort/)
})
