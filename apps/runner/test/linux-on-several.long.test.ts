import { describe, expect } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import { reported, vmm } from './vmm.ts'

needsGuest()

const four = (command: string, ...more: readonly string[]) =>
  reported(['run', '--cpus', '4', ...more, '--exec', command])

describe("Debian's kernel on several processors", () => {
  guestTest('does the same in every run', async () => {
    const command = 'for i in 0 1 2 3; do (i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; echo $i) & done; wait'
    const [first, second] = [await four(command), await four(command)]
    expect(first.stdout).toBe('2000\n'.repeat(4))
    expect(first.report.instructionsOfEach).toEqual(second.report.instructionsOfEach)
    expect(first.report.stateHash).toBe(second.report.stateHash)
  })

  guestTest('with everything that a processor can have: interrupts and locks by hypercall', async () => {
    const command = `nproc; dmesg | grep -c 'PV spinlocks enabled\\|setup PV IPIs'
for i in 0 1 2 3; do (find / -xdev | sort | sha256sum) & done | sort -u | wc -l; wait`
    const { status, stdout } = await four(command, '--cpu', 'max')
    expect([stdout, status]).toEqual(['4\n2\n1\n', 0])
  })

  guestTest('starts as many as it is told, and others later', async () => {
    const command = 'nproc; echo 1 >/sys/devices/system/cpu/cpu3/online; cat /sys/devices/system/cpu/online'
    const { stdout } = await four(command, '--append', 'console=ttyS0 maxcpus=2')
    expect(stdout).toBe('2\n0-1,3\n')
  })

  guestTest('brings them back after suspending to memory', async () => {
    const { stdout } = await four(
      'echo +3600 >/sys/class/rtc/rtc0/wakealarm; echo mem >/sys/power/state; echo $?; nproc',
    )
    expect(stdout).toBe('0\n4\n')
  })

  guestTest('brings them back after suspending to memory where they run at the same time', async () => {
    const command = 'echo +3 >/sys/class/rtc/rtc0/wakealarm; echo mem >/sys/power/state; echo $?; nproc'
    const { status, stdout } = await vmm(['run', '--cpus', '2', '--smp', 'threads', '--exec', command])
    expect([stdout, status]).toEqual(['0\n2\n', 0])
  })

  guestTest('ends from whichever of them: reset, power-off, panic', async () => {
    for (const [command, status, end] of [
      ['reboot -f', 0, 'reset'],
      ['poweroff -f', 0, 'power-off'],
      [`sh -c 'echo c >/proc/sysrq-trigger'`, 122, 'guest-panic'],
    ] as const) {
      const result = await four(`taskset -c 3 ${command}; sleep 10`)
      expect([result.status, result.report.end]).toEqual([status, end])
    }
  })

  guestTest('is started again with all of them after a reset', async () => {
    // what was before the reset is gone from memory, not from the count of resets
    const { report, stdout } = await four('nproc; reboot -f; sleep 10', '--reboot', '--max-instructions', '4000000000')
    expect(stdout.startsWith('4\n4\n')).toBe(true)
    expect([report.end, report.resets]).toEqual(['instruction-limit', 2])
  })

  for (const smp of ['turns', 'threads'])
    guestTest(`has 64 of them in ${smp}, and none that is late`, async () => {
      const command = `nproc; taskset -c 63 cut -d' ' -f39 /proc/self/stat; dmesg | grep -ci 'unstable\\|warp\\|stall\\|lockup'`
      const { stdout } = await vmm(['run', '--cpus', '64', '--smp', smp, '--exec', command])
      expect(stdout).toBe('64\n63\n0\n')
    })
})
