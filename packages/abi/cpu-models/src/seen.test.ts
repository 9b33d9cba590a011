/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import {
  type Feature,
  features,
  findEntry,
  type Host,
  has,
  lookup,
  placeOf,
  readTable,
  supportedCpuid,
} from '@vmm/cpuid'
import { expect, test } from 'vitest'
import { hostNamed } from './index.ts'

const folder = `${import.meta.dirname}/../cases/seen`

/** Firecracker makes a table of what KVM supports: it offers these besides, and keeps these back. */
const offered: readonly Feature[] = ['TSC_DEADLINE', 'HYPERVISOR']
const keptBack: readonly Feature[] = ['PDCM', 'WAITPKG', 'ARCH_CAPABILITIES']

/** How the part in the cloud is not the part in our dump: its firmware, its microcode, its age. */
const parts: Readonly<Record<string, { readonly has: readonly Feature[]; readonly lacks: readonly Feature[] }>> = {
  'cascade-lake': { has: [], lacks: ['HLE', 'RTM'] },
  'ice-lake': { has: ['MD_CLEAR', 'PSFD'], lacks: ['HLE', 'RTM', 'MPX'] },
  milan: { has: [], lacks: ['ERMS', 'FSRM'] },
}

/** What a file tells of its host besides CPUID: the microcode, and the parameters of the modules. */
function told(text: string, host: Host): Host {
  const microcode = /^# microcode (0x\w+)$/m.exec(text)?.[1]
  const pairs = /^# parameters (.*)$/m.exec(text)?.[1]?.split(' ') ?? []
  const params = Object.fromEntries(pairs.map((pair) => [pair.split('=')[0]!, Number(pair.split('=')[1])]))
  const msrs = microcode === undefined ? host.msrs : new Map([...host.msrs, [0x8b, BigInt(microcode)] as const])
  return { ...host, msrs, params: { ...host.params, ...params } }
}

const seen = readdirSync(folder).map((file) => {
  const [, name = '', series = '', release = ''] = /^(.*)-(\d+\.\d+)\.(\d+)\.txt$/.exec(file) ?? []
  const found = hostNamed(name)
  if (found.kind === 'refused') throw new Error(found.says)
  const text = readFileSync(`${folder}/${file}`, 'utf8')
  const kernel = `${series}.${release}` as `${number}.${number}.${number}`
  return { file, name, table: readTable(text), host: told(text, found.host), kernel }
})

test.each(seen.map((one) => [one.file, one] as const))(
  '%s: what a guest was given there is what we say KVM reports',
  (_, { name, table, host, kernel }) => {
    const { entries, unknown } = supportedCpuid({ kernel, host, permitted: 1n << 18n })
    const shown = features.filter((feature) => {
      const { function: leaf, index } = placeOf(feature)
      return table.some((row) => row.function === leaf && (index === undefined || row.index === index))
    })
    const part = parts[name]
    const more = shown.filter((feature) => has(table, feature) && !has(entries, feature))
    const less = shown.filter((feature) => !has(table, feature) && has(entries, feature))
    expect(more.filter((feature) => !unknown.includes(feature) && !offered.includes(feature))).toEqual(
      (part?.has ?? []).filter((feature) => more.includes(feature)),
    )
    expect(less.filter((feature) => !keptBack.includes(feature))).toEqual(
      part?.lacks.filter((one) => less.includes(one)) ?? [],
    )
  },
)

test.each(seen.map((one) => [one.file, one] as const))(
  '%s: the state to save, the address widths and what goes through whole are those that we say',
  (_, { name, table, host, kernel }) => {
    const { entries } = supportedCpuid({ kernel, host, permitted: 1n << 18n })
    const bounds = parts[name]?.lacks.includes('MPX') ? 0x18 : 0
    const states = lookup(table, 0x0d, 0).eax
    if (states !== 0) expect(lookup(entries, 0x0d, 0).eax & ~bounds).toBe(states)
    const highest = lookup(table, 0x8000_0000, 0).eax
    if (highest !== 0) expect(lookup(entries, 0x8000_0000, 0).eax).toBe(highest)
    for (const leaf of [0x8000_0007, 0x8000_001a, 0x8000_0022]) {
      if (findEntry(table, leaf, 0) !== undefined) expect(lookup(entries, leaf, 0)).toEqual(lookup(table, leaf, 0))
    }
    const widths = lookup(table, 0x8000_0008, 0).eax
    if (widths !== 0) expect(lookup(entries, 0x8000_0008, 0).eax).toBe(widths)
    const ofOurPart = lookup(host.cpuid, 7, 0).eax
    expect(lookup(entries, 7, 0).eax).toBe(Math.min(lookup(table, 7, 0).eax, ofOurPart))
  },
)
