import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { main } from './vmm.ts'

const command = fileURLToPath(new URL('../dist/command.js', import.meta.url))

beforeAll(() => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../bundle.ts', import.meta.url))])
})

const said = (file: string, args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test.each([[['--version']], [['run', '--help']], [['rules', '--help']], [['run', '/nowhere']]])(
  'the command in one piece says to %j what its source says',
  (args) => {
    expect(said(command, args)).toEqual(said(main, args))
  },
)

test.each([[[]], [['--cpus', '2', '--smp', 'threads']]])('the command in one piece runs guests, with %j', (flags) => {
  const { stderr } = said(command, ['run', ...flags, '--max-instructions', '1'])
  expect(stderr).toMatch(/limit reached: 1 instructions/)
})
