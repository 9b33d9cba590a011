import { expect, test } from 'vitest'
import { cpuidIndex } from './cpuid-index.ts'
import { describeTable } from './describe.ts'
import { describeDiff } from './diff.ts'
import type { CpuidTable } from './entry.ts'
import { hostFrom } from './host.ts'
import { lookup } from './lookup.ts'
import { kvmBytesOf, tableFrom } from './read-table.ts'
import { supportedCpuid } from './supported/supported-cpuid.ts'

const dump = `CPU 0:
   0x00000000 0x00: eax=0x00000024 ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69
   0x00000004 0x00: eax=0x1c004121 ebx=0x02c0003f ecx=0x0000003f edx=0x00000000
   0x00000007 0x00: eax=0x00000002 ebx=0xf1bf27eb ecx=0x1b415fce edx=0xbfd14410
   0x0000000d 0x00: eax=0x000602e7 ebx=0x00000a88 ecx=0x00002b00 edx=0x00000000
   0x80000000 0x00: eax=0x80000008 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
MSR 0x10a: 0x000000000000002b
`
const json = `{"entries":[{"function":13,"index":0,"flags":1,"eax":"0x7","ebx":0,"ecx":0,"edx":0}],"msrs":{"0x10a":1}}`
const template = `{"guest_cpu_config":{"cpuid_modifiers":[{"leaf":"0x7","subleaf":"0x0","flags":1,"modifiers":[{"register":"ebx","bitmap":"0b${'01'.repeat(16)}"}]}]}}`
const own = tableFrom(dump)
const bytes = own.kind === 'table' ? kvmBytesOf(own.entries) : new Uint8Array()
const inputs: readonly (string | Uint8Array)[] = [dump, json, template, bytes]

/** A generator of whole numbers below `most`: the same ones at every run. */
function dice(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

function spoiled(input: string | Uint8Array, throwDice: (most: number) => number): string | Uint8Array {
  const text = typeof input === 'string'
  const all = text ? new TextEncoder().encode(input) : Uint8Array.from(input)
  for (let count = throwDice(6); count >= 0; count--) all[throwDice(all.length)] = throwDice(256)
  const kept = throwDice(4) === 0 ? all.slice(0, throwDice(all.length)) : all
  return text ? new TextDecoder().decode(kept) : kept
}

function useAll(table: CpuidTable): void {
  describeTable(table)
  describeDiff(table, own.kind === 'table' ? own.entries : [])
  const index = cpuidIndex(table)
  for (const leaf of [0, 4, 0x0d, 0x4000_0000, 0x8000_0008]) {
    expect(index(leaf, 1)).toEqual(lookup(table, leaf, 1))
  }
}

test.each([0, 1, 2, 3])('no spoiled dump of form %i throws: it is a table or a refusal', (form) => {
  const throwDice = dice(form + 1)
  const kinds = new Set<string>()
  for (let round = 0; round < 150; round++) {
    const input = spoiled(inputs[form]!, throwDice)
    const read = tableFrom(input)
    kinds.add(read.kind)
    if (read.kind === 'table') {
      for (const row of read.entries)
        expect([row.eax, row.ebx, row.ecx, row.edx].every((word) => word >>> 0 === word)).toBe(true)
      useAll(read.entries)
    }
    const host = hostFrom(input, { vendorModule: 'kvm_intel' })
    if (host.kind === 'host') supportedCpuid({ kernel: '6.12', host: host.host })
  }
  expect(kinds).toContain('table')
  expect(kinds).toContain('refused')
})
