import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { directory, file, kernel, powerOff } from './kernels.ts'
import { finished, main, vmm } from './vmm.ts'

const image = file('good', kernel(powerOff))
const large = file('large', new Uint8Array(17 * 2 ** 20))

describe('bad input is one line on stderr, and status 2', () => {
  test.each([
    ['a missing image', ['run', '/no/such/kernel'], 'vmm: image /no/such/kernel: no such file\n'],
    ['a directory', ['run', directory], 'not a file'],
    ['a device', ['run', '/dev/zero'], 'image /dev/zero: not a file'],
    ['a file on the way', ['run', `${image}/x`], 'not a directory'],
    ['a missing initrd', ['run', image, '--initrd', '/no/such'], '--initrd /no/such: no such file'],
    ['an image larger than memory', ['run', large, '--memory', '16M'], 'has 17.0 MiB and the guest has 16.0 MiB'],
    ['an initrd larger than memory', ['run', image, '--initrd', large, '--memory', '16M'], 'has 17.0 MiB'],
    [
      'an initrd that does not fit beside',
      ['run', image, '--initrd', large, '--memory', '18000K'],
      'with its module needs',
    ],
    ['text', ['run', file('text', 'hello\n'.repeat(100))], 'not a kernel: expected'],
    ['an empty file', ['run', file('empty', '')], 'not a kernel: expected'],
    ['an ELF file for no machine', ['run', file('elf', `\u007fELF\u0001\u0001${'\0'.repeat(60)}`)], 'machine 0'],
    ['a report that cannot be written', ['run', image, '--report', '/no/such/report'], '--report /no/such/report'],
    ['a trace that cannot be written', ['run', image, '--trace', 'exits=/no/such'], '--trace /no/such: no such'],
    ['a command for a multiboot image', ['run', image, '--exec', 'true'], 'a multiboot image has no shell'],
    ['a name of two lines', ['run', 'a\nb'], 'image a\\nb: no such file'],
    ['an empty name', ['run', ''], "image '': no such file"],
    [
      'no initramfs for a command',
      ['run', file('no kernel', 'x'), '--initrd', image, '--exec', 'true'],
      'not an initramfs',
    ],
    ['an unknown flag', ['run', '--memry'], 'did you mean --memory?'],
  ])('%s', async (_name, args, says) => {
    const { status, stdout, stderr } = await vmm(args)
    expect(stderr).toContain(says)
    expect(stderr).toMatch(/^vmm: [^\n]+\n$/)
    expect([status, stdout]).toEqual([2, ''])
  })
})

test.skipIf(process.platform !== 'linux')(
  'words that no disk takes are missed with a line and status 122',
  async () => {
    const shell = 'exec "$0" "$@" > /dev/full'
    const { status, stderr } = await finished(spawn('/bin/sh', ['-c', shell, process.execPath, main, 'msr', '0x10a']))
    expect([status, stderr]).toEqual([122, 'vmm: stdout: no space left\n'])
  },
)

test('help goes to stdout with status 0, and nobody minds if it is not read', async () => {
  const { status, stdout, stderr } = await vmm(['run', '--help'])
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Examples:')
})

test.skipIf(process.platform !== 'linux')('memory that the system does not give is one line, too', async () => {
  const shell = 'ulimit -v 4000000; exec "$0" "$@"'
  const child = spawn('/bin/sh', ['-c', shell, process.execPath, main, 'run', image, '--memory', '3840M'])
  const { status, stdout, stderr } = await finished(child)
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^vmm: --memory 3840M: expected a size that this system can give[^\n]*\n$/)
})

describe('what the command is compiled to', () => {
  test('is kept for the next start', async () => {
    const own = mkdtempSync(join(directory, 'cache-'))
    for (const _ of [1, 2]) expect((await vmm(['--version'], '', { XDG_CACHE_HOME: own })).status).toBe(0)
    expect(existsSync(join(own, 'vmm', 'code'))).toBe(true)
  })

  test('is not missed where nothing can be kept', async () => {
    const taken = join(mkdtempSync(join(directory, 'cache-')), 'taken')
    writeFileSync(taken, '')
    const { status, stderr } = await vmm(['--version'], '', { XDG_CACHE_HOME: taken })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
