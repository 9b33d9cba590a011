import { spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { constants } from 'node:os'
import { cpio, readCpio } from '@vmm/initramfs'
import { describe, expect } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import { file } from './kernels.ts'
import { finished, main, reported, start, vmm } from './vmm.ts'

needsGuest()

const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')

/** Prints every byte there is, in octal, as `printf` of the shell takes them. */
const printAllBytes = `printf '${Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}'`

describe("Debian's kernel", () => {
  guestTest('a command has its stdout, stderr and status, and the same run twice is the same', async () => {
    const command = `uname -sm; ${printAllBytes}; echo 'to stderr' >&2; exit 42`
    const runs = [await reported(['run', '--exec', command]), await reported(['run', '--exec', command])] as const
    for (const { status, stdout, stderr, report } of runs) {
      expect([stdout, stderr, status]).toEqual([`Linux x86_64\n${allBytes}`, 'to stderr\n', 42])
      expect([report.end, report.status]).toEqual(['command', 42])
    }
    const [first, second] = runs.map(({ report }) => report)
    expect(first!.instructions).toBe(second!.instructions)
    expect(first!.exits).toEqual(second!.exits)
    expect(first!.stateHash).toBe(second!.stateHash)
  })

  guestTest('files that are added are there, and who may execute them may do so in the guest', async () => {
    const script = file('script', Buffer.from('#!/bin/sh\necho "I am $0"\n'))
    chmodSync(script, 0o755)
    const added = ['--add', `${script}=/opt/bin/greet`, '--add', `${script}=plain`]
    const { stdout, status } = await vmm([
      'run',
      ...added,
      '--exec',
      '/opt/bin/greet; cmp /plain /opt/bin/greet && ls /root',
    ])
    expect([stdout, status]).toEqual(['I am /opt/bin/greet\n', 0])
    const missing = await vmm(['run', '--add', '/no/such/file', '--exec', 'true'])
    expect([missing.stderr, missing.status]).toEqual(['vmm: --add /no/such/file: no such file\n', 2])
  })

  guestTest('a command may be long, and of any bytes; --console shows the console beside it', async () => {
    // this process can only hand over text: the shell makes the byte that is none
    const shell = `exec "$0" "$1" run --console --exec "# $2
printf '\\''%s'\\'' '\\''<$(printf "\\377")>'\\''; kill -9 \\$\\$"`.replaceAll("'\\''", "'")
    const child = spawn('/bin/sh', ['-c', shell, process.execPath, main, 'x'.repeat(5000)], { stdio: 'pipe' })
    child.stdin.end()
    const { status, stdout, stderr } = await finished(child)
    expect([stdout, status]).toEqual(['<\u00ff>', 128 + 9])
    expect(stderr).toContain('Linux version')
    expect(stderr).toContain('Run /init as init process')
  })

  guestTest('what is piped in is run line by line, and at its end the machine powers off', async () => {
    const lines = [
      'echo $((6 * 9))',
      'read answer',
      'not a command',
      'echo "<$answer>"',
      `echo ${'long '.repeat(150)}| wc -w`,
    ]
    const { status, stdout, stderr } = await vmm(['run'], lines.join('\n'))
    expect(stdout).toContain('\n54\r\n')
    expect(stdout).toContain('\n<not a command>\r\n')
    expect(stdout).toContain('\n150\r\n')
    expect(stderr).toMatch(/^vmm: power-off after \d+ instructions.*\n$/)
    expect(status).toBe(0)
  })

  guestTest('a command runs in an initrd of one’s own, whatever that would do by itself', async (guest) => {
    const [kernel, initrd] = [file('vmlinuz', guest.kernel), file('initrd', guest.initrd)]
    const args = [
      'run',
      kernel,
      '--initrd',
      initrd,
      '--append',
      'init=/nonsense',
      '--exec',
      'cat /proc/cmdline; exit 7',
    ]
    const { status, stdout, stderr } = await vmm(args)
    expect([stderr, status]).toEqual(['', 7])
    expect(stdout).toMatch(/^console=ttyS0 quiet rdinit=\/vmm\/init .*init=\/nonsense\n$/)
  })

  guestTest('a command runs in an initrd that holds nothing but busybox, and its init says nothing', async (guest) => {
    const archive = readCpio(guest.initrd)
    if (archive.kind === 'refused') throw new Error(archive.says)
    const bare = cpio([
      { kind: 'directory', path: 'bin' },
      ...archive.entries.filter(({ path }) => path === 'bin/busybox'),
      { kind: 'link', path: 'bin/sh', target: 'busybox' },
    ])
    const own = ['--kernel', file('vmlinuz', guest.kernel), '--initrd', file('bare', bare)]
    const command = 'ls -1 /; readlink /usr/bin/awk; kill -SEGV $$'
    const { status, stdout, stderr } = await vmm(['run', ...own, '--console', '--exec', command])
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['bin', 'dev', 'proc', 'sys', 'tmp', '/bin/busybox']))
    expect(status).toBe(128 + constants.signals.SIGSEGV)
    const said = stderr.split('\r\n').filter((line) => !/^(\[[ \d.]+\] .*)?$/.test(line))
    expect(said).toEqual([])
  })

  guestTest('who reads stdout and stderr in one sees both in their order', async () => {
    const shell = 'exec "$0" "$1" run --exec "for i in 1 2 3; do echo out \\$i; echo err \\$i >&2; done" 2>&1'
    const child = spawn('/bin/sh', ['-c', shell, process.execPath, main], { stdio: 'pipe' })
    child.stdin.end()
    expect((await finished(child)).stdout).toBe('out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n')
  })

  guestTest('a reader of stderr that has had enough ends a command, too', async () => {
    const child = start(['run', '--exec', 'yes >&2'])
    const result = finished(child)
    child.stderr.once('data', () => child.stderr.destroy())
    expect(await result).toMatchObject({ status: 141, stdout: '' })
  })

  guestTest('what is left of a command that a signal ends is its status', async () => {
    const { status, stdout, stderr } = await vmm(['run', '--exec', 'echo a; echo b >&2; kill $$; echo c'])
    expect([stdout, stderr, status]).toEqual(['a\n', 'b\n', 128 + constants.signals.SIGTERM])
  })
})
