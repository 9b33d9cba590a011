import { spawn } from 'node:child_process'
import { al, bl, eax, ecx, edx, esi, mem8 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import * as kernels from './kernels.ts'
import { finished, main, reported, start, vmm } from './vmm.ts'

const { kernelFile, say } = kernels

describe('exit statuses', () => {
  test.each([0, 1, 38, 63])('a debug exit of %i gives twice that and one', async (value) => {
    const image = kernelFile(`exit-${value}`, (a) => kernels.debugExit(a, value))
    const { status, report } = await reported(['run', image])
    expect(status).toBe(2 * value + 1)
    expect(report).toMatchObject({ end: 'debug-exit', value, status: 2 * value + 1 })
  })

  test('power-off is 0, and stdout has what the guest wrote and nothing else', async () => {
    const image = kernelFile('hello', (a) => {
      say(a, 'hello\n')
      kernels.powerOff(a)
    })
    const { status, stdout, stderr, report } = await reported(['run', '--kernel', image])
    expect([status, stdout, report.end]).toEqual([0, 'hello\n', 'power-off'])
    expect(stderr).toMatch(/^vmm: power-off after \d+ instructions, [\d.]+ s, \d+ MIPS\n$/)
  })

  test('a triple fault is 120, with the exceptions that led there and the control registers', async () => {
    const { status, stderr, report } = await reported(['run', kernelFile('triple', kernels.tripleFault)])
    expect(status).toBe(120)
    const [rip, error] = ['at [0-9a-f]+', '\\([0-9a-f]+\\)']
    const chain = [`#UD ${rip}`, `#GP${error} ${rip}`, `#DF\\(0\\) ${rip}`, `#GP${error} ${rip}`].join('; ')
    const state = 'RIP=[0-9a-f]+ CR0=11 CR3=0 CR4=0 EFER=0'
    expect(stderr).toMatch(new RegExp(`^vmm: triple fault: ${chain}; ${state} after 2 instructions`))
    expect(report.end).toBe('shutdown')
  })

  test('a reset is 0, and ends the run', async () => {
    const image = kernelFile('reset', (a) => {
      say(a, 'begin\n')
      kernels.reset(a)
    })
    const { status, stdout, report } = await reported(['run', image])
    expect([status, stdout, report.end]).toEqual([0, 'begin\n', 'reset'])
  })

  test('a reset after a panic is 122, in the words of the panic', async () => {
    const image = kernelFile('panic', (a) => {
      say(a, '[    0.123456] Kernel panic - not syncing: no root\n')
      kernels.reset(a)
    })
    for (const flags of [[], ['--reboot']]) {
      const { status, stderr, report } = await reported(['run', image, ...flags])
      expect([status, report.end]).toEqual([122, 'guest-panic'])
      expect(stderr).toContain('vmm: guest panic: no root after')
    }
  })

  test('a kernel that panics and stays is given up, too', async () => {
    const image = kernelFile('stays', (a) => {
      say(a, '[    1.5] Kernel panic - not syncing: oh\n[    1.6] ---[ end Kernel panic - not syncing: oh ]---\n')
      kernels.spin(a)
    })
    const { status, report } = await reported(['run', image])
    expect([status, report.end]).toEqual([122, 'guest-panic'])
  })

  test('somebody who only speaks of a panic does not make one', async () => {
    const image = kernelFile('rumour', (a) => {
      say(a, 'he said: Kernel panic - not syncing: no root\n')
      kernels.reset(a)
    })
    expect((await reported(['run', image])).report.end).toBe('reset')
  })

  test('a processor that nothing can wake ends the run with 122', async () => {
    const image = kernelFile('halted', (a) => a.label('halt').cli().hlt().jmp('halt'))
    const { status, stderr, report } = await reported(['run', image])
    expect([status, report.end]).toEqual([122, 'halted'])
    expect(stderr).toContain('nothing can wake the processor')
  })

  test('a processor that is offered MWAIT waits in it, and is idle', async () => {
    const image = kernelFile('waits', (a) => {
      a.cli().mov(eax, 0x30_0000).xor(ecx, ecx).xor(edx, edx).monitor().xor(eax, eax).mwait()
      kernels.spin(a)
    })
    const { status, report } = await reported(['run', image, '--cpu', 'max', '--max-instructions', '1000000'])
    expect([status, report.end]).toEqual([122, 'halted'])
  })

  test('with --timeout it is waited for', async () => {
    const image = kernelFile('halted too', (a) => a.label('halt').cli().hlt().jmp('halt'))
    const { status, report } = await reported(['run', image, '--timeout', '0.5'])
    expect([status, report.end]).toEqual([124, 'time-limit'])
  })
})

describe('limits', () => {
  const image = kernelFile('spin', kernels.spin)

  test.each([1, 2, 3, 999, 2_000_001, 5_000_000])('--max-instructions %i is exact', async (limit) => {
    const { status, stderr, report } = await reported(['run', image, '--max-instructions', `${limit}`])
    expect([status, report.end, report.instructions]).toEqual([124, 'instruction-limit', limit])
    expect(stderr).toContain(`limit reached: ${limit} instructions`)
  })

  test('--timeout ends what does not end', async () => {
    const started = performance.now()
    const { status, stderr, report } = await reported(['run', image, '--timeout', '0.5'])
    expect([status, report.end]).toEqual([124, 'time-limit'])
    expect(stderr).toContain('limit reached: 0.5 seconds')
    expect(performance.now() - started).toBeGreaterThan(500)
  })
})

test('--reboot starts the guest afresh: the same image and arguments, nothing left in memory', async () => {
  const image = kernelFile('again', (a) => {
    a.inc(kernels.counter).cmp(kernels.counter, 1).jne('stale')
    kernels.printInformation(a, 'command line')
    say(a, '\n')
    kernels.reset(a)
    a.label('stale')
    kernels.debugExit(a, 7)
  })
  const args = ['run', image, '--reboot', '--append', 'one two']
  const { status, stdout, report } = await reported([...args, '--max-instructions', '2000'])
  expect([status, report.end, report.instructions]).toEqual([124, 'instruction-limit', 2000])
  expect(report.resets).toBeGreaterThan(3)
  expect(new Set(stdout.trimEnd().split('\n').slice(0, -1))).toEqual(new Set(['again one two']))
})

test('with --reboot, limits hold however often the guest resets', async () => {
  const image = kernelFile('resets', (a) => kernels.reset(a))
  const timed = await reported(['run', image, '--reboot', '--timeout', '1'])
  expect([timed.status, timed.report.end]).toEqual([124, 'time-limit'])
  expect(timed.report.resets).toBeGreaterThan(0)
  const counted = await reported(['run', image, '--reboot', '--max-instructions', '99'])
  expect([counted.status, counted.report.end, counted.report.instructions]).toEqual([124, 'instruction-limit', 99])
})

test('on multiboot images --append is argv and --initrd is module 0', async () => {
  const image = kernelFile('tells', (a) => {
    kernels.printInformation(a, 'command line')
    say(a, '|')
    kernels.printInformation(a, 'module')
    kernels.powerOff(a)
  })
  const module = kernels.file('module', 'K=V\n')
  const { stdout } = await vmm(['run', image, '--append', 'a b', '--initrd', module])
  expect(stdout).toBe('tells a b|K=V\n')
})

test('the same run twice has the same count and the same state', async () => {
  const image = kernelFile('echo once', (a) => {
    kernels.echo(a)
    kernels.powerOff(a)
  })
  const [first, second] = [
    await reported(['run', image, '--max-instructions', '3000000']),
    await reported(['run', image, '--max-instructions', '3000000']),
  ]
  expect(first.report.exits).toEqual(second.report.exits)
  expect(first.report.instructions).toBe(second.report.instructions)
  expect(first.report.stateHash).toBe(second.report.stateHash)
})

test('code runs from memory above 2 GiB, across pages, and after it has changed', async () => {
  const image = kernelFile('high', (a) => {
    for (const place of [0x9000_0000, 0x9000_1fff]) {
      // MOV AL, 5; RET
      a.mov(mem8(place), 0xb0)
        .mov(mem8(place + 1), 5)
        .mov(mem8(place + 2), 0xc3)
      a.mov(esi, place).call(esi).mov(bl, al)
      a.mov(mem8(place + 1), 7)
        .call(esi)
        .add(al, bl)
        .cmp(al, 12)
        .jne('wrong')
    }
    kernels.debugExit(a, 12)
    a.label('wrong')
    kernels.debugExit(a, 1)
  })
  expect((await vmm(['run', image, '--memory', '2500M'])).status).toBe(25)
})

describe('what comes from outside', () => {
  const spinning = kernelFile('spinning', (a) => {
    say(a, 'running\n')
    kernels.spin(a)
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('%s ends the run with %i and a summary', async (signal, status) => {
    const child = start(['run', spinning])
    const result = finished(child)
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill(signal)
    const { status: got, stderr, stdout } = await result
    expect([got, stdout]).toEqual([status, 'running\n'])
    expect(stderr).toMatch(new RegExp(`^vmm: ${signal} after \\d+ instructions`))
  })

  test('a reader that closes the pipe ends the run without a word', async () => {
    const flood = kernelFile('flood', (a) => {
      a.label('more')
      say(a, 'yes\n')
      a.jmp('more')
    })
    const child = start(['run', flood])
    const result = finished(child)
    child.stdout.once('data', () => child.stdout.destroy())
    const { status, stderr } = await result
    expect([status, stderr]).toEqual([0, ''])
  })

  test('output that cannot be written ends the run with 122, and says why', async () => {
    const hello = kernelFile('hello all', (a) => {
      say(a, 'hello\n')
      kernels.spin(a)
    })
    const child = spawn('/bin/sh', ['-c', 'exec "$0" "$1" run "$2" >/dev/full', process.execPath, main, hello], {
      stdio: 'pipe',
    })
    const { status, stderr } = await finished(child)
    expect(status).toBe(122)
    expect(stderr).toMatch(/^vmm: stdout: no space left after \d+ instructions/)
  })

  test.each([
    ['--report', '/dev/full', /^vmm: power-off after [^\n]*\nvmm: --report \/dev\/full: no space left\n$/],
    ['--trace', 'exits=/dev/full', /^vmm: --trace \/dev\/full: no space left after \d+ instructions[^\n]*\n$/],
  ])('a file for %s that cannot be written any more is told, with 122', async (flag, value, says) => {
    const image = kernelFile('tells nobody', kernels.powerOff)
    const { status, stderr } = await vmm(['run', image, flag, value])
    expect(stderr).toMatch(says)
    expect(status).toBe(122)
  })

  test('what is piped in reaches a guest that polls, and Ctrl-D ends it', async () => {
    const image = kernelFile('polls', (a) => {
      say(a, '> ')
      kernels.echo(a)
      kernels.powerOff(a)
    })
    expect(await vmm(['run', image], 'a\nb\n')).toMatchObject({ status: 0, stdout: '> a\nb\n' })
  })

  test('a reader that is slow gets every byte', async () => {
    const count = 300_000
    const long = kernelFile('long', (a) => kernels.pattern(a, count))
    const child = start(['run', long])
    let bytes = 0
    child.stdout.pause()
    setTimeout(() => child.stdout.resume(), 1500)
    child.stdout.on('data', (piece: Buffer) => {
      for (const byte of piece) {
        if (byte !== (bytes & 0xff)) throw new Error(`byte ${bytes} is ${byte}`)
        bytes += 1
      }
    })
    const status = await new Promise((resolve) => child.on('close', resolve))
    expect([status, bytes]).toEqual([1, count])
  })
})
