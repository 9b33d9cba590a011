/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { cpuidPromises } from '@vmm/cpuid'
import { hypercallPromises } from '@vmm/hypercall'
import { msrPromises } from '@vmm/msr'
import { nestedPromises } from '@vmm/nested-vmx'
import type { Entry } from '@vmm/rule'
import { sgxPromises } from '@vmm/sgx'
import { vcpuPromises } from '@vmm/vcpu'
import { describe, expect, test } from 'vitest'
import { kvmPromises } from '../src/index.ts'
import { historyOf, readRefusals } from './refusal-history.ts'

const packages: Readonly<Record<string, readonly Entry[]>> = {
  cpuid: cpuidPromises,
  hypercall: hypercallPromises,
  kvm: kvmPromises,
  msr: msrPromises,
  'nested-vmx': nestedPromises,
  sgx: sgxPromises,
  vcpu: vcpuPromises,
}

const keyOf = (call: string, rule: string) => `${call}: ${rule}`

describe.each(Object.entries(packages))('%s', (name, entries) => {
  const table = new URL(`../cases/refusals/${name}.txt`, import.meta.url)
  const lines = readRefusals(readFileSync(table, 'utf8'))
  const rules = entries.filter(({ kind }) => kind === 'rule')

  test('the table has every rule, in the order of its call', () => {
    expect(lines.map(({ call, rule }) => keyOf(call, rule))).toEqual(rules.map(({ call, id }) => keyOf(call, id)))
  })

  test.each(lines.map((line) => [keyOf(line.call, line.rule), line] as const))(
    '%s refuses with that error, from that release to that',
    (_, line) => {
      const entry = rules.find(({ call, id }) => call === line.call && id === line.rule)
      expect(entry === undefined ? 'no rule' : historyOf(entry, line)).toBe(line.told)
    },
  )
})
