/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import type { KernelVersion } from '@vmm/rule'
import { expect, test } from 'vitest'
import type { Feature } from '../all.ts'
import { type DiscoveryIoctl, discoverCpuid } from '../discover.ts'
import { type CpuidTable, entry } from '../entry.ts'
import { type Host, readHost } from '../host.ts'
import { supportedByEmulation } from './emulated-cpuid.ts'
import { supportedCpuid } from './supported-cpuid.ts'
import { supportedHvCpuid } from './supported-hv-cpuid.ts'
import { unsupported } from './unsupported.ts'

/** What a kernel answered, as `cases/recorded` tells it. */
interface Recording {
  readonly name: string
  readonly kernel: KernelVersion
  readonly host: Host
  readonly answers: ReadonlyMap<string, CpuidTable>
}

const folder = `${import.meta.dirname}/../../cases/recorded`

const line = /^0x(\w+) 0x(\w+): eax=0x(\w+) ebx=0x(\w+) ecx=0x(\w+) edx=0x(\w+) flags=(\d)$/

function tableOf(lines: readonly string[]): CpuidTable {
  return lines.flatMap((text) => {
    const digits = line
      .exec(text)
      ?.slice(1)
      .map((word) => Number.parseInt(word, 16))
    if (digits === undefined) return []
    const [leaf = 0, index = 0, eax = 0, ebx = 0, ecx = 0, edx = 0, flags = 0] = digits
    return [entry(leaf, { eax, ebx, ecx, edx }, flags === 1 ? index : undefined)]
  })
}

function numbersIn(pairs: string): Readonly<Record<string, number>> {
  const split = pairs
    .split(' ')
    .filter(Boolean)
    .map((pair) => pair.split('='))
  return Object.fromEntries(split.map(([name, value]) => [name, Number(value)]))
}

const withoutIn = (names: string) =>
  Object.fromEntries(
    names
      .split(' ')
      .filter(Boolean)
      .map((name) => [name, false]),
  )

function read(name: string): Recording {
  const text = readFileSync(`${folder}/${name}`, 'utf8')
  const [head = '', ...sections] = text.split('\n== ')
  const told = (key: string) => new RegExp(`^# ${key} (.*)$`, 'm').exec(head)?.[1] ?? ''
  const cleared = told('cleared').split(' ').filter(Boolean) as Feature[]
  const host = sections.find((section) => section.startsWith('host')) ?? ''
  const answers = sections.map((section): [string, CpuidTable] => {
    const [title = '', ...lines] = section.split('\n')
    return [title, tableOf(lines)]
  })
  return {
    name,
    kernel: told('kernel') as KernelVersion,
    host: readHost(host, {
      vendorModule: told('vendor module'),
      params: numbersIn(told('parameters')),
      kconfig: { ...numbersIn(told('configuration')), ...withoutIn(told('without')) },
      cleared,
    }),
    answers: new Map(answers),
  }
}

const recordings = readdirSync(folder).map((name) => [name, read(name)] as const)

const told = (table: CpuidTable) =>
  table.map((row) =>
    [row.function, row.index, row.flags, row.eax, row.ebx, row.ecx, row.edx].map((n) => n.toString(16)).join(' '),
  )

test.each(recordings.filter(([, { host }]) => host.vendorModule !== 'kvm_pvm'))(
  '%s: KVM_GET_SUPPORTED_CPUID answers what the kernel answered',
  (_, { kernel, host, answers }) => {
    const recorded = [...answers].find(([title]) => title.startsWith('KVM_GET_SUPPORTED_CPUID nent 256'))![1]
    const supported = supportedCpuid({ kernel, host })
    expect(told(supported.entries)).toEqual(told(recorded))
  },
)

test.each(recordings.filter(([, { host }]) => host.vendorModule !== 'kvm_pvm'))(
  '%s: KVM_GET_EMULATED_CPUID answers what the kernel answered',
  (_, { kernel, host, answers }) => {
    const recorded = [...answers].find(([title]) => title.startsWith('KVM_GET_EMULATED_CPUID'))![1]
    const supported = supportedByEmulation({ kernel, host })
    expect(supported === 'unknown' ? supported : told(supported)).toEqual(told(recorded))
  },
)

test.each(recordings.filter(([, { host }]) => host.vendorModule !== 'kvm_pvm'))(
  '%s: KVM_GET_SUPPORTED_HV_CPUID answers what the kernel answered, of /dev/kvm and of a vCPU',
  (_, { kernel, host, answers }) => {
    const recorded = (of: string) =>
      told([...answers].find(([title]) => title.startsWith(`KVM_GET_SUPPORTED_HV_CPUID ${of} nent 256`))![1])
    const single = { ...host, params: { ...host.params, 'host.smt': 0 } }
    expect(told(supportedHvCpuid({ kernel, host: single }).entries)).toEqual(recorded('/dev/kvm'))
    const vcpu = { localApic: 'user space', enlightenedVmcs: false } as const
    expect(told(supportedHvCpuid({ kernel, host: single, vcpu }).entries)).toEqual(recorded('vcpu'))
  },
)

const asked = /^(KVM_GET_\w+)(?: (\/dev\/kvm|vcpu))?( with padding)? nent (\d+) -> (\w+)$/

const calls = recordings.flatMap(([name, { kernel, host, answers }]) =>
  [...answers.keys()].flatMap((title) => {
    const [, ioctl, of, padding, nent, ended] = asked.exec(title) ?? []
    return ioctl === undefined ? [] : [{ name, title, kernel, host, ioctl, of, padding, nent: Number(nent), ended }]
  }),
)

test.each(calls.map((call) => [`${call.name}: ${call.title}`, call] as const))('%s, as recorded', (_, call) => {
  const { kernel, host, of, nent } = call
  const answer = discoverCpuid(
    { kernel, host },
    {
      ioctl: call.ioctl as DiscoveryIoctl,
      nent,
      padding: call.padding === undefined ? 'zero' : 'not zero',
      ...(of === 'vcpu' ? { vcpu: { localApic: 'user space', enlightenedVmcs: false } } : {}),
    },
  )
  expect(answer.kind === 'refused' ? answer.errno : String(answer.nent)).toBe(call.ended)
})

const [others] = recordings.filter(([, { host }]) => host.vendorModule === 'kvm_pvm')

test('what no vendor module decides is as a module recorded it that is neither Intel’s nor AMD’s', () => {
  const { kernel, host, answers } = others![1]
  const recorded = [...answers].find(([title]) => title.startsWith('KVM_GET_SUPPORTED_CPUID nent 256'))![1]
  const supported = supportedCpuid({ kernel, host })
  const places = (table: CpuidTable) => table.map((row) => [row.function, row.index, row.flags])
  expect(places(supported.entries)).toEqual(places(recorded))
  const decided = new Set([0x01, 0x07, 0x0d, 0x8000_0001, 0x8000_0008, 0x8000_0021])
  const left = (table: CpuidTable) => told(table.filter((row) => !decided.has(row.function)))
  expect(left(supported.entries)).toEqual(left(recorded))
})

test('such a module reports no feature that the others would not, but for those that nobody knows of it', () => {
  const { kernel, host, answers } = others![1]
  const recorded = [...answers].find(([title]) => title.startsWith('KVM_GET_SUPPORTED_CPUID nent 256'))![1]
  const supported = supportedCpuid({ kernel, host })
  const more = unsupported(recorded, supported).filter(({ known }) => known === 'unsupported')
  expect(more.map(({ name }) => name)).toEqual([])
})
