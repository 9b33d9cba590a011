import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { vmm } from './vmm.ts'

const scratch = mkdtempSync(join(tmpdir(), 'vmm-test-'))
const file = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(scratch, name), bytes)
  return join(scratch, name)
}

test.each([
  ['an unknown command suggests the nearest', ['rum'], 'unknown command rum, did you mean run?'],
  ['an unknown flag suggests the nearest', ['run', '--memry', '1G'], 'unknown flag --memry, did you mean --memory?'],
  ['a missing image is named', ['run', '/no/such/kernel'], 'image /no/such/kernel: no such file'],
  ['a directory is no image', ['run', scratch], 'not a file'],
  [
    'text is no kernel',
    ['run', file('text', new TextEncoder().encode('hello\n'.repeat(100)))],
    'not a kernel: expected',
  ],
  ['an empty file is no kernel', ['run', file('empty', new Uint8Array())], 'not a kernel: expected'],
  [
    'a truncated ELF file is refused',
    ['run', file('elf', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, ...new Uint8Array(60)]))],
    'the ELF file is for machine 0',
  ],
  ['memory has a unit and a range', ['run', '--memory', '1T'], '--memory 1T: expected a size'],
  ['too little memory is refused', ['run', '--memory', '1M'], '--memory 1M: expected between'],
  ['an unknown CPU model lists those there are', ['run', '--cpu', 'pentium9'], "unknown CPU model 'pentium9'"],
  ['a feature that is not implemented is refused', ['run', '--cpu', 'max,+AVX512F'], 'AVX512F is not implemented'],
  ['two images are one too many', ['run', 'a', 'b'], 'one image at most'],
  ['IMAGE and --kernel are one thing', ['run', 'a', '--kernel', 'b'], 'are one thing'],
  ['a clock is real or virtual', ['run', '--clock', 'wall'], '--clock wall: expected real or virtual'],
])('%s', async (_name, args, says) => {
  const { status, stdout, stderr } = await vmm(args)
  expect(stderr).toContain(says)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(stdout).toBe('')
  expect(status).toBe(2)
})

test('help names every flag, gives examples and exit statuses', async () => {
  const { status, stdout } = await vmm(['run', '--help'])
  expect(status).toBe(0)
  for (const word of ['--exec', '--memory', '--cpu', 'Examples:', 'Exit status:']) expect(stdout).toContain(word)
})

test('the version is that of vmm, Node and V8', async () => {
  expect((await vmm(['--version'])).stdout).toMatch(/^vmm \d+\.\d+\.\d+, Node \d+\..*, V8 \d+/)
})
