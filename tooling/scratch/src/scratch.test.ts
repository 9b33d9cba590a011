import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { withScratch } from './scratch.ts'

const module = fileURLToPath(new URL('./scratch.ts', import.meta.url))
const patience = 20_000

/** How a process ends that has a directory and goes on with some code, and whether the directory goes. */
async function whatBecomesOf(code: string, signal?: NodeJS.Signals) {
  const program = `import { scratch } from ${JSON.stringify(module)}
import { writeFileSync, writeSync } from 'node:fs'
const place = scratch('test')
writeFileSync(place + '/file', '')
writeSync(1, place)
${code}`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'pipe' })
  let place = ''
  child.stdout.on('data', (piece: Buffer) => {
    place += piece.toString()
    if (signal !== undefined) child.kill(signal)
  })
  const how = await new Promise((resolve) => child.on('close', (status, ended) => resolve(status ?? ended)))
  expect(place).toMatch(/test-\w+$/)
  const root = dirname(place)
  for (const until = Date.now() + patience; existsSync(root) && Date.now() < until; ) await sleep(20)
  return { how, isThere: existsSync(root) }
}

test.each([
  ['comes to its end', '', undefined, 0],
  ['exits', 'process.exit(3)', undefined, 3],
  ['throws', 'throw 1', undefined, 1],
  ['is interrupted while it waits', 'setInterval(() => {}, 1000)', 'SIGINT', 'SIGINT'],
  ['is interrupted while it computes', 'for (;;);', 'SIGINT', 'SIGINT'],
  ['is killed', 'for (;;);', 'SIGKILL', 'SIGKILL'],
] as const)('a directory goes with a process that %s, which it does not change', async (_, code, signal, how) => {
  expect(await whatBecomesOf(code, signal)).toEqual({ how, isThere: false })
})

test('a directory that is given to somebody goes when all is done, or has failed', async () => {
  const seen: string[] = []
  const use = (place: string) => {
    writeFileSync(join(place, 'file'), '')
    seen.push(place)
    return existsSync(place)
  }
  expect(withScratch('test', use)).toBe(true)
  expect(await withScratch('test', async (place) => use(place))).toBe(true)
  const fail = (place: string) => {
    use(place)
    throw new Error('no')
  }
  expect(() => withScratch('test', fail)).toThrow('no')
  await expect(withScratch('test', async (place) => fail(place))).rejects.toThrow('no')
  expect(seen.map(existsSync)).toEqual([false, false, false, false])
})
