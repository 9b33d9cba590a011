import { al, dx, eax, ecx, edx, label, mem8, mem32 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import { debugExit, kernelFile, powerOff, say, spin, tripleFault } from './kernels.ts'
import { vmm } from './vmm.ts'

needsGuest()

const threads = ['run', '--smp', 'threads', '--timeout', '60']

describe('a machine whose processors run at the same time', () => {
  test('prints, powers off, and ends as the guest says', async () => {
    const ends = kernelFile('threads-ends', (a) => {
      say(a, 'here\n')
      debugExit(a, 3)
      // nothing is executed behind that
      a.mov(dx, 0x3f8).label('more').out(dx, al).jmp('more')
    })
    expect(await vmm([...threads, '--cpus', '2', ends])).toMatchObject({ status: 7, stdout: 'here\n' })
    const off = kernelFile('threads-off', powerOff)
    expect(await vmm([...threads, off])).toMatchObject({ status: 0, stdout: '' })
  })

  test('tells which of them has met a triple fault', async () => {
    const faults = kernelFile('threads-fault', tripleFault)
    const { status, stderr } = await vmm([...threads, '--cpus', '3', faults])
    expect([status, stderr]).toEqual([120, expect.stringMatching(/^vmm: triple fault: #UD at 1000.*; vCPU 0 RIP=/)])
  })

  test('stops them all at a limit, whatever they do', async () => {
    // the others run without end, too
    const spins = kernelFile('threads-spin', (a) => {
      a.mov(eax, 0x00_00_fe_eb).mov(mem32(0x8000), eax)
      for (const command of [0xc_4500, 0xc_4608]) {
        a.mov(mem32(0xfee0_0300), command).mov(ecx, 100_000)
        const name = `wait ${command}`
        a.label(name).dec(ecx).jne(name)
      }
      a.mov(al, 0x2e).mov(dx, 0x3f8).out(dx, al)
      spin(a)
    })
    const args = ['run', '--smp', 'threads', '--cpus', '3', '--timeout', '12', spins]
    expect(await vmm(args)).toMatchObject({ status: 124, stdout: '.' })
  })

  test('starts again after a reset, with nothing left in memory', async () => {
    const again = kernelFile('threads-reset', (a) => {
      // what the battery keeps tells the second start from the first
      a.mov(al, 0x40).out(0x70, al).in(al, 0x71).cmp(al, 0x5a).je('second')
      a.mov(al, 0x40).out(0x70, al).mov(al, 0x5a).out(0x71, al)
      a.mov(mem32(0x30_0000), 1).mov(dx, 0xcf9).mov(al, 6).out(dx, al).label('halt').hlt().jmp('halt')
      a.label('second').cmp(mem32(0x30_0000), 0).jne('bad')
      say(a, 'again\n')
      debugExit(a, 0)
      a.label('bad').mov(eax, label('bad'))
      debugExit(a, 1)
    })
    expect(await vmm([...threads, '--reboot', '--cpus', '2', again])).toMatchObject({ status: 1, stdout: 'again\n' })
  })

  test('lets one wait with MWAIT for a store by another, where that is asked for', async () => {
    const waits = kernelFile('threads-mwait', (a) => {
      // mov al, 200; out 0x80, al; dec al; jnz; mov byte [0x9000], 1; jmp $
      const other = [0xb0, 200, 0xe6, 0x80, 0xfe, 0xc8, 0x75, 0xfa, 0xc6, 0x06, 0x00, 0x90, 0x01, 0xeb, 0xfe]
      for (const [at, byte] of other.entries()) a.mov(mem8({ displacement: 0x8000 + at }), byte)
      for (const command of [0xc_4500, 0xc_4608]) {
        a.mov(mem32(0xfee0_0300), command).mov(ecx, 100_000)
        const name = `wait ${command}`
        a.label(name).dec(ecx).jne(name)
      }
      a.label('again').mov(eax, 0x9000).xor(ecx, ecx).xor(edx, edx).monitor()
      a.cmp(mem8({ displacement: 0x9000 }), 0)
        .jne('stored')
        .xor(eax, eax)
        .mwait()
        .jmp('again')
      a.label('stored')
      say(a, 'stored\n')
      debugExit(a, 0)
    })
    const args = [...threads, '--cpus', '2', '--cpu', 'default,+MONITOR', waits]
    expect(await vmm(args)).toMatchObject({ status: 1, stdout: 'stored\n' })
  })

  test('needs room for all of them', async () => {
    const off = kernelFile('threads-room', powerOff)
    const says = 'vmm: --smp threads: expected fewer processors or less memory: they share 4 GiB\n'
    expect(await vmm([...threads, '--cpus', '64', '--memory', '3840M', off])).toMatchObject({ status: 2, stderr: says })
  })

  guestTest('is given lines from a pipe when its shell reads', async () => {
    const { status, stdout } = await vmm(['run', '--smp', 'threads', '--cpus', '2'], 'echo $((6 * 7)) one\nnproc\n')
    expect([status, stdout]).toEqual([0, expect.stringMatching(/42 one\r\n[\s\S]*\n2\r\n/)])
  })

  guestTest("runs Debian's kernel on eight, however few the host has", async () => {
    const command = 'nproc; cat /sys/devices/system/clocksource/clocksource0/current_clocksource'
    const args = ['run', '--smp', 'threads', '--cpus', '8', '--exec', command]
    expect(await vmm(args)).toMatchObject({ status: 0, stdout: '8\ntsc\n', stderr: '' })
  })
})
