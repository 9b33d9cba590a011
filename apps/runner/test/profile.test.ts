import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ecx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { elfKernel } from './elf-kernel.ts'
import { guestTest, needsGuest } from './guests.ts'
import { debugExit, directory, file, kernelFile } from './kernels.ts'
import { reported, vmm } from './vmm.ts'

needsGuest()

/** What of a profile's file is looked at. */
interface ProfileFile {
  readonly traceEvents: readonly {
    readonly ph: string
    readonly name: string
    readonly pid: number
    readonly ts: number
  }[]
  readonly otherData: {
    readonly instructions: number
    readonly instructionsASample: number
    readonly engine: { readonly instructions: { readonly cold: number; readonly hot: number } }
    readonly hottest: readonly { readonly frames: readonly string[]; readonly share: number }[]
  }
}

const rounds = 2_000_000
let files = 0

/** Runs with a profile, and gives it too. */
async function profiled(args: readonly string[]) {
  files += 1
  const path = join(directory, `profile-${files}.json`)
  const result = await reported([...args, '--profile', path])
  return { ...result, profile: JSON.parse(readFileSync(path, 'utf8')) as ProfileFile }
}

/** Counts down twice, once for long and once for a quarter of that. */
const twoLoops = file(
  'two-loops',
  elfKernel(['long', 'short', 'end'], (a) => {
    a.mov(ecx, rounds).label('long').dec(ecx).jne('long')
    a.mov(ecx, rounds / 4)
      .label('short')
      .dec(ecx)
      .jne('short')
    a.label('end')
    debugExit(a, 0)
  }),
)

/** Slices of guest time, which are the same each time. */
const byGuestTime = ({ traceEvents }: ProfileFile) => traceEvents.filter(({ pid }) => pid === 1)

describe('--profile', () => {
  test('names what an ELF kernel spends its instructions in, the same each time', async () => {
    const { profile, status } = await profiled(['run', twoLoops])
    expect(status).toBe(1)
    const [first, second] = profile.otherData.hottest
    expect(first?.frames).toEqual(['system', 'long'])
    expect(first?.share).toBeCloseTo(0.8, 1)
    expect(second?.frames).toEqual(['system', 'short'])
    expect(second?.share).toBeCloseTo(0.2, 1)
    const again = await profiled(['run', twoLoops])
    expect(byGuestTime(again.profile)).toEqual(byGuestTime(profile))
    expect(again.profile.otherData.hottest).toEqual(profile.otherData.hottest)
  })

  test('changes nothing of what the guest does', async () => {
    const [without, { report, profile }] = await Promise.all([reported(['run', twoLoops]), profiled(['run', twoLoops])])
    expect([report.instructions, report.stateHash]).toEqual([without.report.instructions, without.report.stateHash])
    const { cold, hot } = profile.otherData.engine.instructions
    expect(profile.otherData.instructions).toBe(report.instructions)
    expect(cold + hot).toBe(report.instructions)
  })

  test('a run that is over at once has a file all the same', async () => {
    const { profile } = await profiled(['run', kernelFile('at-once', (a) => debugExit(a, 0))])
    expect(profile.otherData.hottest).toEqual([])
    expect(profile.traceEvents.map(({ ph }) => ph)).toEqual(['M', 'M'])
  })

  test.each([
    [['--profile'], 2, /^vmm: --profile: expected a value after it\n$/],
    [['--profile', '/no/such/directory/file'], 2, /^vmm: --profile \/no\/such\/directory\/file: no such file\n$/],
    [['--profile', '/dev/full'], 122, /^vmm: debug exit 0[^\n]*\nvmm: --profile \/dev\/full: no space left\n$/],
    [['--stats=yes'], 2, /^vmm: --stats takes no value\n$/],
  ])('%j is told in one line', async (flags, expected, says) => {
    const { status, stderr } = await vmm(['run', kernelFile('told', (a) => debugExit(a, 0)), ...flags])
    expect(stderr).toMatch(says)
    expect(status).toBe(expected)
  })

  guestTest('names what Linux does, wherever its kernel has moved itself to', async () => {
    const { profile, status } = await profiled(['run', '--exec', 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done'])
    expect(status).toBe(0)
    const names = profile.otherData.hottest.map(({ frames }) => frames.join(' '))
    expect(names).toContain('system mpihelp_submul_1')
    expect(names).toContain('system memset_erms')
    // who called is told, too
    const drawn = new Set(profile.traceEvents.map(({ name }) => name))
    for (const name of ['start_kernel', 'kthread', 'mpi_powm', 'do_syscall_64']) expect(drawn).toContain(name)
    expect(names.some((name) => name.startsWith('programs address space '))).toBe(true)
  })
})

test('--stats tells on one screen what the time went into', async () => {
  const { stderr } = await vmm(['run', twoLoops, '--stats'])
  const lines = stderr.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^vmm: debug exit 0 after 50\d+ instructions/)
  expect(lines[1]).toMatch(/^5,0\d\d,\d{3} instructions in /)
  expect(lines.find((line) => line.startsWith('cold tier'))).toMatch(/^cold tier +[\d,]+ instructions in [\d,]+ ms/)
  expect(lines.find((line) => line.startsWith('TLB'))).toMatch(/^TLB +\d+ misses, \d+ flushes/)
  expect(stderr).toMatch(/\n +80\.\d % +[\d,]+ {2}long\n/)
  expect(stderr).toMatch(/\n +(19|20)\.\d % +[\d,]+ {2}short\n/)
  expect(lines.length).toBeLessThanOrEqual(24)
})
