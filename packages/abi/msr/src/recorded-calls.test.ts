import { readFileSync } from 'node:fs'
import { type Profile, profileOf, resolve, run, versionInForce } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { msrKernel } from './msr-kernel.ts'
import { type Recording, releaseOf, surroundingsOf } from './recorded.ts'
import { msrsTooMany } from './rules/bulk/msrs-too-many.rule.ts'
import { enableUserSpaceMsrCall } from './rules/exits/index.ts'
import { systemReadEntry } from './rules/feature-values/index.ts'
import type { FilterRange } from './rules/filter/filter.ts'
import { setMsrFilterCall } from './rules/filter/index.ts'
import { indexListCall } from './rules/index-list/index.ts'
import { setMceCall, setupMceCall } from './rules/machine-check/index.ts'
import { type MachineCheckState, type MachineError, mostBanks } from './rules/machine-check/machine-check.ts'
import { mceSetUp } from './rules/machine-check/mce-set-up.rule.ts'
import { mceSupported } from './rules/machine-check/mce-supported.rule.ts'

const upstream = [
  'msrs-6.1.192-kvm_amd',
  'msrs-6.12.117-kvm_amd',
  'msrs-6.12.117-kvm_intel',
  'msrs-6.1.192-kvm_intel',
] as const
const names = [...upstream, 'msrs-6.18.44-kvm_pvm'] as const
const read = (name: string): Recording =>
  JSON.parse(readFileSync(new URL(`../cases/${name}.json`, import.meta.url), 'utf8'))

const numbers: Readonly<Record<string, number>> = { EFAULT: 14, E2BIG: 7, EINVAL: 22 }
const about = ({ calls }: Recording, what: string) =>
  calls.filter((line) => line.startsWith(`${what} `)).map((line) => line.split(' ').slice(1))

/** What the program gave KVM_X86_SET_MSR_FILTER: flags, and those, the count and the bitmap of its first range. */
const filters: Readonly<Record<string, readonly [flags: number, ...range: [number, number, boolean]]>> = {
  empty: [0, 0, 0, true],
  emptydeny: [1, 0, 0, true],
  flags: [2, 3, 8, true],
  rangeflags: [0, 4, 8, true],
  norangeflags: [0, 0, 8, true],
  unusedflags: [0, 4, 0, true],
  most: [0, 3, 0x600 * 8, true],
  toomany: [0, 3, 0x600 * 8 + 1, true],
  fault: [0, 3, 8, false],
}

describe.each(names)('%s', (name) => {
  const recording = read(name)
  const profile = profileOf(releaseOf(recording))

  test('takes and refuses filters', () => {
    const told = about(recording, 'filter').filter(([named = '']) => Object.hasOwn(filters, named))
    const ours = told.map(([named = '']) => {
      const [flags, rangeFlags, count, isReadable] = filters[named] ?? [0, 0, 0, true]
      const bitmap = isReadable ? new Uint8Array(0x1000) : undefined
      const range: FilterRange = { flags: rangeFlags, base: 0x10, count, bitmap }
      const outcome = run(resolve(setMsrFilterCall, profile), { flags, ranges: [range], fault: false })
      return [named, String(outcome.kind === 'done' ? 0 : numbers[outcome.refusal.errno])]
    })
    expect(ours).toEqual(told)
  })

  test('takes reasons to exit', () => {
    const told = about(recording, 'mask')
    const ours = told.map(([mask = '']) => {
      const outcome = run(resolve(enableUserSpaceMsrCall, profile), { mask: BigInt(mask) })
      return [mask, outcome.kind === 'done' ? '0' : '22']
    })
    expect(ours).toEqual(told)
  })

  test('counts what a list that is too short would need', () => {
    const rooms = [recording.saved, recording.features].map(({ length }, which) => {
      const list = Array.from({ length }, (_, at) => at)
      const outcome = run(resolve(indexListCall, profile), { room: 0, list, faults: new Set<never>() })
      const errno = outcome.kind === 'refused' ? numbers[outcome.refusal.errno] : 0
      return [which, errno, outcome.state.counted].map(String)
    })
    expect(rooms).toEqual(about(recording, 'short'))
  })

  test('reads on /dev/kvm what it lists', () => {
    const told = new Map(recording.features.map((line) => [Number.parseInt(line, 16), 0n]))
    const listed = recording.saved.includes('10')
    const outcome = run(resolve(systemReadEntry, profile), { index: 0x10, told, listed })
    expect(about(recording, 'system')).toEqual([['10', outcome.kind === 'done' ? '1' : '0', '0']])
  })

  test('does entries up to the first that fails', () => {
    const told = new Map(about(recording, 'bulk').map(([named = '', ...rest]) => [named, rest]))
    const kernel = msrKernel(profile)
    let now = surroundingsOf(recording, 0)
    const entries = (...list: readonly (readonly [number, bigint])[]) => list.map(([index, data]) => ({ index, data }))
    const written = kernel.setMsrs(entries([0x277, 6n], [0x999, 1n], [0x174, 9n]), now, (entry, { keeps, data }) => {
      const { values } = now.vcpu
      const held = (at: number) => (at === entry.index ? data : values.get(at))
      if (keeps) now = { ...now, vcpu: { ...now.vcpu, values: { get: held } } }
      return now
    })
    expect([String(written.count)]).toEqual(told.get('partial'))
    const got = kernel.getMsrs(entries([0x277, 0x77n], [0x999, 0x77n], [0x174, 0x77n]), now)
    const hex = [got.count, ...got.entries.map(({ data }) => data)].map((value) => value.toString(16))
    expect(hex).toEqual(told.get('get'))
    expect(told.get('many')).toEqual([String(numbers[msrsTooMany.errno])])
    expect(told.get('manyfault')).toEqual(['14'])
  })
})

const errors: readonly MachineError[] = [
  { status: 1n << 63n, addr: 7n, misc: 8n, mcgStatus: 0n, bank: 10 },
  { status: 0n, addr: 0n, misc: 0n, mcgStatus: 0n, bank: 1 },
  { status: 1n << 63n, addr: 7n, misc: 8n, mcgStatus: 0n, bank: 1 },
  { status: (1n << 63n) | 5n, addr: 9n, misc: 8n, mcgStatus: 0n, bank: 1 },
  { status: 5n << 61n, addr: 11n, misc: 12n, mcgStatus: 0n, bank: 1 },
  { status: (5n << 61n) | (1n << 56n), addr: 11n, misc: 12n, mcgStatus: 5n, bank: 2 },
]

describe.each(upstream)('machine checks of %s', (name) => {
  const recording = read(name)
  const profile = profileOf(releaseOf(recording))
  const module = recording.vendorModule === 'kvm_intel' ? 'kvm_intel' : 'kvm_amd'
  const supported = inForceNow(mceSupported, profile)({ module })

  test('what is supported', () => {
    expect(about(recording, 'mce')[0]).toEqual(['supported', '0', supported.toString(16)])
  })

  test('what is set up, and what an error leaves behind', () => {
    let state: MachineCheckState = {
      mcgCap: BigInt(mostBanks),
      mcgStatus: 0n,
      mcgCtl: 0n,
      banks: Array.from({ length: mostBanks }, () => [0n, 0n, 0n, 0n] as const),
      ctl2: Array.from({ length: mostBanks }, () => 0n),
    }
    const ours = about(recording, 'mce').map(([what = '', first = '0', second = '0']) => {
      if (what === 'setup') {
        const call = { mcgCap: BigInt(`0x${first}`), supported, module, state } as const
        const outcome = run(resolve(setupMceCall, profile), call)
        if (outcome.kind === 'done') state = inForceNow(mceSetUp, profile)(call)
        return [what, first, outcome.kind === 'done' ? '0' : '22']
      }
      if (what === 'set') {
        const error = errors[Number(first)]
        if (error === undefined) throw new RangeError(`error ${first}`)
        const outcome = run(resolve(setMceCall, profile), { error, checksEnabled: false, apicInKernel: false, state })
        if (outcome.kind === 'done') state = outcome.state.state
        return [what, first, outcome.kind === 'done' ? '0' : '22']
      }
      if (what !== 'get') return [what, first, second]
      const index = Number.parseInt(second, 16)
      const around = surroundingsOf(recording, 0)
      const answer = msrKernel(profile).access(
        'read',
        'host',
        { index, data: 0n },
        {
          ...around,
          vcpu: { ...around.vcpu, values: valuesOf(state) },
        },
      )
      return answer.kind === 'done' ? [what, first, second, '1', answer.data.toString(16)] : [what, first, second, '0']
    })
    const told = about(recording, 'mce').map((line) => (line[0] === 'get' && line[3] === '0' ? line.slice(0, 4) : line))
    expect(ours).toEqual(told.map((line) => (line[0] === 'supported' ? line.slice(0, 3) : line)))
  })
})

function inForceNow<In, Out>(
  behaviour: Parameters<typeof versionInForce<In, Out>>[0],
  profile: Profile,
): (input: In) => Out {
  const found = versionInForce(behaviour, profile)
  if (found.kind !== 'version') throw new Error(behaviour.id)
  return found.version.does
}

function valuesOf({ mcgCap, mcgStatus, mcgCtl, banks, ctl2 }: MachineCheckState): ReadonlyMap<number, bigint> {
  const values = new Map<number, bigint>([
    [0x179, mcgCap],
    [0x17a, mcgStatus],
    [0x17b, mcgCtl],
  ])
  for (const [at, bank] of banks.entries()) {
    for (const [register, value] of bank.entries()) values.set(0x400 + 4 * at + register, value)
    values.set(0x280 + at, ctl2[at] ?? 0n)
  }
  return values
}
