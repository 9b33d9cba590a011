import { al, eax, ebx, ecx, edi, mem32 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import * as kernels from './kernels.ts'
import { finished, reported, start, vmm } from './vmm.ts'

needsGuest()

/** Loops, strings, stores to code, the timer's port and the serial line. */
const image = kernels.kernelFile('engines', (a) => {
  a.cld().mov(ecx, 300).xor(ebx, ebx).label('round').mov(eax, ecx).add(ebx, eax).rol(ebx, 3).in(al, 0x40).xor(ebx, eax)
  a.push(ecx).mov(edi, 0x30_0000).mov(ecx, 50).mov(eax, ebx).rep().stosd().pop(ecx)
  a.mov(mem32('patched'), ebx).jmp('on').label('patched').dd(0).label('on').dec(ecx).jne('round')
  kernels.say(a, 'done\n')
  kernels.debugExit(a, 3)
})

describe('engines', () => {
  test('the oracle comes to the same instructions and the same state as the engine that compiles', async () => {
    const [oracle, cold] = [
      await reported(['run', '--engine', 'oracle', image]),
      await reported(['run', '--engine', 'cold', image]),
    ]
    expect([oracle.stdout, oracle.status]).toEqual(['done\n', 7])
    expect(oracle.report.instructions).toBe(cold.report.instructions)
    expect(oracle.report.stateHash).toBe(cold.report.stateHash)
  })

  test('a run whose every slice the oracle runs again is the same run', async () => {
    const [checked, cold] = [await reported(['run', '--check', '1/1', image]), await reported(['run', image])]
    expect(checked.status).toBe(7)
    expect(checked.report.checkedSlices).toBeGreaterThanOrEqual(cold.report.instructions / 1000)
    expect(checked.report.stateHash).toBe(cold.report.stateHash)
  })

  test.each([
    [['--engine', 'warm'], '--engine warm: expected cold, hot, oracle'],
    [['--check', 'all'], '--check all: expected a share of slices such as 1/1000'],
    [['--check', '1/0'], '--check 0: expected a whole number above zero'],
    [['--engine', 'oracle', '--check', '1/9'], '--check: the oracle has nobody to check it'],
    [['--engine', 'cold', '--jit-threshold', '9'], '--jit-threshold goes with --engine hot'],
  ])('%j is refused in one line', async (flags, says) => {
    const { status, stderr } = await vmm(['run', ...flags, image])
    expect([status, stderr]).toEqual([2, `vmm: ${says}\n`])
  })
})

describe("Debian's kernel", () => {
  guestTest('boots to the same state with code compiled early, while the oracle runs some slices again', async () => {
    const command = ['--exec', 'uname -m']
    const checked = await reported(['run', '--jit-threshold', '64', '--check', '1/20000', ...command])
    expect([checked.stderr, checked.stdout, checked.status]).toEqual(['', 'x86_64\n', 0])
    expect(checked.report.checkedSlices).toBeGreaterThan(50)
    expect(checked.report.stateHash).toBe((await reported(['run', '--engine', 'cold', ...command])).report.stateHash)
  })

  guestTest('boots while V8 has its baseline compiler alone', async () => {
    const child = start(['run', '--exec', 'uname -m'], { NODE_OPTIONS: '' }, ['--liftoff-only'])
    child.stdin.end()
    const { status, stdout, stderr } = await finished(child)
    expect([stderr, stdout, status]).toEqual(['', 'x86_64\n', 0])
  })
})
