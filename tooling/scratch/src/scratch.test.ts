import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { withScratch } from './scratch.ts'

const module = fileURLToPath(new URL('./scratch.ts', import.meta.url))

/** What becomes of a directory whose process goes on with some code. */
async function whatBecomesOf(code: string, signal?: NodeJS.Signals) {
  const program = `import { scratch } from ${JSON.stringify(module)}
import { writeFileSync } from 'node:fs'
const place = scratch('test')
writeFileSync(place + '/file', '')
process.stdout.write(place)
${code}`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'pipe' })
  let place = ''
  child.stdout.on('data', (piece: Buffer) => {
    place += piece.toString()
    if (signal !== undefined) child.kill(signal)
  })
  const status = await new Promise((resolve) => child.on('close', resolve))
  expect(place).toMatch(/vmm-test-/)
  return { status, isThere: existsSync(place) }
}

test.each([
  ['that comes to its end', '', undefined, 0],
  ['that exits', 'process.exit(3)', undefined, 3],
  ['that throws', 'throw 1', undefined, 1],
  ['that is interrupted', 'setInterval(() => {}, 1000)', 'SIGINT', 130],
  ['that is told to end', 'setInterval(() => {}, 1000)', 'SIGTERM', 143],
] as const)('a directory goes with a process %s', async (_, code, signal, status) => {
  expect(await whatBecomesOf(code, signal)).toEqual({ status, isThere: false })
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
