import { describe, expect } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import { file } from './kernels.ts'
import { finished, reported, start, vmm } from './vmm.ts'

needsGuest()

describe("Debian's kernel, at length", () => {
  guestTest('with stdin closed the shell ends and the machine powers off', async () => {
    const { status, stdout, stderr } = await vmm(['run'])
    expect(stdout).toContain('/ # ')
    expect(stderr).toContain('vmm: power-off after')
    expect(status).toBe(0)
  })

  guestTest('a panic is 122, with and without a reset after it', async (guest) => {
    const crash = 'echo c >/proc/sysrq-trigger'
    const own = ['--kernel', file('vmlinuz', guest.kernel), '--initrd', file('initrd', guest.initrd)]
    for (const args of [[], own]) {
      const { status, stderr, report } = await reported(['run', ...args, '--exec', crash])
      expect([status, report.end]).toEqual([122, 'guest-panic'])
      expect(stderr).toMatch(/^vmm: guest panic: sysrq triggered crash after \d+ instructions.*\n$/)
    }
  })

  guestTest('a command that resets or powers off ends with 0', async () => {
    for (const [command, end] of [
      ['reboot -f', 'reset'],
      ['poweroff -f', 'power-off'],
    ] as const) {
      const { status, stderr, report } = await reported(['run', '--exec', `${command}; sleep 10`])
      expect([status, report.end, stderr]).toEqual([0, end, ''])
    }
  })

  guestTest('suspends to memory until the clock’s alarm', async () => {
    const command = `echo +3600 >/sys/class/rtc/rtc0/wakealarm; before=$(date +%s); echo kept >/tmp/file
echo mem >/sys/power/state; echo $? $(($(date +%s) - before)) $(cat /tmp/file); dmesg | grep -c 'from system sleep state S3'`
    const { status, stdout, stderr } = await vmm(['run', '--exec', command])
    expect([stderr, status]).toEqual(['', 0])
    expect(stdout).toMatch(/^0 (3599|3600|3601) kept\n1\n$/)
    const asleep = await reported(['run', '--exec', 'echo mem >/sys/power/state'])
    expect([asleep.status, asleep.report.end]).toEqual([122, 'halted'])
  })

  guestTest('limits end a boot with 124', async () => {
    const { status, report } = await reported(['run', '--max-instructions', '50000000'])
    expect([status, report.end, report.instructions]).toEqual([124, 'instruction-limit', 50_000_000])
    const timed = await reported(['run', '--exec', 'while :; do :; done', '--timeout', '15'])
    expect([timed.status, timed.report.end]).toEqual([124, 'time-limit'])
  })

  guestTest('Ctrl-C ends a command with 130', async () => {
    const child = start(['run', '--exec', 'echo begun; sleep 1000000; while :; do :; done'])
    const result = finished(child)
    child.stdout.once('data', () => child.kill('SIGINT'))
    expect(await result).toMatchObject({ status: 130, stdout: 'begun\n', stderr: '' })
  })

  guestTest('memory beyond 3 GiB is above 4 GiB, and all of it can be used', async () => {
    const command =
      'grep "System RAM" /proc/iomem; dd if=/dev/zero of=/tmp/x bs=1M count=200 2>/dev/null; md5sum </tmp/x'
    const { status, stdout } = await vmm(['run', '--memory', '3840M', '--exec', command])
    expect(stdout).toContain('100000000-12fffffff : System RAM')
    expect(stdout).toContain('3566de3a97906edb98d004d6b947ae9b')
    expect(status).toBe(0)
  })

  guestTest('every CPU model boots', async () => {
    for (const model of ['x86-64-v1', 'x86-64-v2', 'max', 'default,-X2APIC', 'default,-TSC_DEADLINE']) {
      const { status, stdout, stderr } = await vmm(['run', '--cpu', model, '--exec', 'uname -m'])
      expect([model, stdout, stderr, status]).toEqual([model, 'x86_64\n', '', 0])
    }
  })

  guestTest('a reader that has had enough ends a command', async () => {
    const child = start(['run', '--exec', 'yes'])
    const result = finished(child)
    child.stdout.once('data', () => child.stdout.destroy())
    expect(await result).toMatchObject({ status: 141, stderr: '' })
  })

  guestTest('--clock real lets idle time pass as on the wall', async () => {
    const { stdout } = await vmm([
      'run',
      '--clock',
      'real',
      '--exec',
      'read up idle </proc/uptime; sleep 3; read later idle </proc/uptime; echo $up $later; date +%Y',
    ])
    const [times, year] = stdout.split('\n')
    const [before, after] = times!.split(' ').map(Number)
    expect(after! - before!).toBeGreaterThanOrEqual(3)
    expect(Number(year)).toBe(new Date().getUTCFullYear())
  })
})
