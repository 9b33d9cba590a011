import { describe, expect } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import { reported } from './vmm.ts'

needsGuest()

/** All at once, a line each: who is there, who ran what, who goes and comes back, and who can be asked for. */
const command = `nproc
for i in 0 1 2 3; do (i=0; while [ $i -lt 500 ]; do i=$((i+1)); done) & done; wait
awk '/^processor/ { n++ } /^siblings|^cpu cores/ { print $0 } END { print n }' /proc/cpuinfo | tr '\\t\\n' '  '
echo
for n in 1 2 3; do echo 0 >/sys/devices/system/cpu/cpu$n/online; done
cat /sys/devices/system/cpu/online
for n in 3 1 2; do echo 1 >/sys/devices/system/cpu/cpu$n/online; done
cat /sys/devices/system/cpu/online
for n in 3 2 1 0; do taskset -c $n cut -d' ' -f39 /proc/self/stat; done | tr '\\n' ' '
echo
cat /sys/devices/system/clocksource/clocksource0/current_clocksource
dmesg | grep -ci 'unstable\\|warp\\|stall\\|lockup' || true`

const answers = `4
${'siblings : 4 cpu cores : 4 '.repeat(4)}4 
0
0-3
3 2 1 0 
tsc
0
`

describe("Debian's kernel on four processors", () => {
  guestTest('has all of them at work, takes them off and back on, and trusts its clock', async () => {
    const { status, stdout, stderr, report } = await reported(['run', '--cpus', '4', '--exec', command])
    expect([stderr, stdout.replaceAll(/ +/g, ' ')]).toEqual(['', answers])
    expect(status).toBe(0)
    expect(report.instructionsOfEach).toHaveLength(4)
    expect(report.instructionsOfEach.reduce((sum, count) => sum + count)).toBe(report.instructions)
    expect(Math.min(...report.instructionsOfEach)).toBeGreaterThan(5_000_000)
  })
})
