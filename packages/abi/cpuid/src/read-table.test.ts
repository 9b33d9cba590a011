import { expect, test } from 'vitest'
import { buildTable, DumpError, entry, hostFrom, kvmBytesOf, lookup, readHost, readTable, tableFrom } from './index.ts'

function entriesOf(input: string | Uint8Array) {
  const read = tableFrom(input)
  if (read.kind === 'refused') throw new Error(read.says)
  return read.entries
}

test('a table survives the bytes of the kernel ABI, with and without a header', () => {
  const table = buildTable({ cpus: 2 })
  if (table.kind === 'refused') throw new Error(table.says)
  const bytes = kvmBytesOf(table.entries)
  expect(bytes.length).toBe(8 + 40 * table.entries.length)
  expect(entriesOf(bytes)).toEqual(table.entries)
  expect(entriesOf(bytes.subarray(8))).toEqual(table.entries)
})

test('a header may tell of fewer entries than there is room for, and not of more', () => {
  const bytes = kvmBytesOf([entry(0, { eax: 1 }), entry(1, { eax: 2 })])
  bytes[0] = 1
  expect(entriesOf(bytes)).toHaveLength(1)
  bytes[8 + 40 + 28] = 1
  expect(entriesOf(bytes)).toHaveLength(1)
  bytes[0] = 2
  expect(tableFrom(bytes)).toMatchObject({ kind: 'refused', says: expect.stringContaining('entry 1 has no zeros') })
  bytes[0] = 3
  expect(tableFrom(bytes)).toEqual({ kind: 'refused', says: 'the header tells of 3 CPUID entries, and there are 2' })
})

test('bytes of no table are refused', () => {
  expect(tableFrom(new Uint8Array(41)).kind).toBe('refused')
})

const twoCpus = `CPU 0:
   0x00000000 0x00: eax=0x0000000d ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69
   0x00000004 0x00: eax=0x00000121 ebx=0x01c0003f ecx=0x0000003f edx=0x00000000
   0x00000004 0x01: eax=0x00000122 ebx=0x01c0003f ecx=0x0000003f edx=0x00000000
CPU 1:
   0x00000000 0x00: eax=0x00000001 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
`

test('the first CPU of a raw dump is read, and sub-leaves mean something where they do', () => {
  const entries = entriesOf(twoCpus)
  expect(entries.map(({ function: leaf, index, flags }) => [leaf, index, flags])).toEqual([
    [0, 0, 0],
    [4, 0, 1],
    [4, 1, 1],
  ])
  expect(lookup(entries, 0, 7).eax).toBe(0x0d)
  expect(lookup(entries, 4, 1).eax).toBe(0x122)
})

test('a dump of one line per leaf, registers between dashes, is read', () => {
  const entries = entriesOf(
    'CPUID 00000007: 00000000-009C6FBB-00000000-00000000 [SL 00]\nCPUID 80000000: 80000008-0-0-0',
  )
  expect(lookup(entries, 7, 0).ebx).toBe(0x009c_6fbb)
  expect(lookup(entries, 0x8000_0000, 3).eax).toBe(0x8000_0008)
})

test('entries are read from JSON, as numbers or as digits', () => {
  const text = '[{"function":1,"index":0,"flags":0,"eax":"0x806f8","ebx":0,"ecx":"0b1_0001","edx":2}]'
  expect(entriesOf(text)).toEqual([entry(1, { eax: 0x806f8, ecx: 17, edx: 2 })])
})

test('whole modifiers of Firecracker are a table', () => {
  const bits = '00000000000000000000000000000101'
  const leaf = `{"leaf":"0x7","subleaf":"0x0","flags":1,"modifiers":[{"register":"ebx","bitmap":"0b${bits}"}]}`
  const entries = entriesOf(`{"guest_cpu_config":{"cpuid_modifiers":[${leaf}]}}`)
  expect(entries).toEqual([entry(7, { ebx: 5 }, 0)])
})

test.each([
  ['[1]', 'CPUID entry 0 of this JSON is not complete'],
  ['[{"function":1}]', 'CPUID entry 0 of this JSON is not complete'],
  ['{"leaf":1}', 'this JSON holds neither CPUID entries nor cpuid_modifiers'],
  ['{', 'this is no JSON'],
  [
    '{"cpuid_modifiers":[{"leaf":"7","modifiers":[{"register":"ebx","bitmap":"0bx1"}]}]}',
    'CPUID entry 0 of this JSON is not complete',
  ],
  ['hello', 'no line of this text looks like a CPUID dump'],
  ['', 'no line of this text looks like a CPUID dump'],
])('%s is refused', (text, says) => {
  expect(tableFrom(text)).toEqual({ kind: 'refused', says })
})

test('a dump that a program trusts is its table, and one that is none is thrown', () => {
  expect(readTable('[{"function":1,"eax":1,"ebx":0,"ecx":0,"edx":0}]')).toEqual([entry(1, { eax: 1 })])
  expect(() => readTable('hello')).toThrow(DumpError)
  expect(() => readHost('hello')).toThrow('no line of this text looks like a CPUID dump')
})

const amdDump = `CPU 0:
   0x00000000 0x00: eax=0x00000001 ebx=0x68747541 ecx=0x444d4163 edx=0x69746e65
   0x80000008 0x00: eax=0x00003030 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
MSR 0xc0011029: 0x0000000000000003
MSR 10a: ffffffffffffffff
`

test('a host is its dump, its MSRs, and the module of its vendor', () => {
  const host = readHost(amdDump, { cleared: ['LA57'], params: { 'kvm_amd.nested': 0 } })
  expect(host.vendorModule).toBe('kvm_amd')
  expect(host.physicalAddressWidth).toBe(48)
  expect([...host.msrs]).toEqual([
    [0xc001_1029, 3n],
    [0x10a, 0xffff_ffff_ffff_ffffn],
  ])
  expect([...host.cleared]).toEqual(['LA57'])
  expect(host.params).toEqual({ 'kvm_amd.nested': 0 })
})

test('MSRs of a host are read from JSON, too', () => {
  const entries = '[{"function":0,"eax":0,"ebx":1970169159,"ecx":1818588270,"edx":1231384169}]'
  expect(readHost(`{"cpuid":${entries},"msrs":{"0x10a":"0x2b"}}`).msrs.get(0x10a)).toBe(0x2bn)
  expect(readHost(`{"cpuid":${entries}}`).physicalAddressWidth).toBe(36)
  expect(hostFrom(`{"cpuid":${entries},"msrs":{"0x10a":true}}`)).toEqual({
    kind: 'refused',
    says: 'MSR 0x10a of this JSON has no value',
  })
})

test('the host of a vendor that nobody wrote a module for must be told its module', () => {
  const dump = '0x00000000 0x00: eax=0x0 ebx=0x0 ecx=0x0 edx=0x0'
  expect(hostFrom(dump).kind).toBe('refused')
  expect(readHost(dump, { vendorModule: 'kvm_pvm' }).vendorModule).toBe('kvm_pvm')
})
