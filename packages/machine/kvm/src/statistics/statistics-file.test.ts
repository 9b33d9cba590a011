import { kvmStatsDesc, kvmStatsHeader } from '@vmm/kvm-uapi'
import { expect, test } from 'vitest'
import { vcpuStatistics, vmStatistics } from './statistics.rows.ts'
import { statisticsFile } from './statistics-file.ts'

const header = (bytes: Uint8Array) => kvmStatsHeader.read(new DataView(bytes.buffer), 0)

test.each([
  ['a VM', vmStatistics, { num_desc: 15, data_offset: 0x408 }],
  ['a vCPU', vcpuStatistics, { num_desc: 45, data_offset: 0xb88 }],
])('the file of %s begins as the one of Linux 6.12 does', (_, statistics, told) => {
  const common = { flags: 0, name_size: 48, id_offset: 24, desc_offset: 72 }
  expect(header(statisticsFile('kvm-1', statistics, () => undefined))).toEqual({ ...common, ...told })
})

test('a value is where its description says', () => {
  const bytes = statisticsFile('kvm-1/vcpu-0', vcpuStatistics, (name) => (name === 'exits' ? 7n : undefined))
  const { desc_offset: descs, num_desc: count, data_offset: data, name_size: name } = header(bytes)
  const view = new DataView(bytes.buffer)
  const found = Array.from({ length: count }, (_, at) => descs + at * (kvmStatsDesc.size + name)).find(
    (at) => new TextDecoder().decode(bytes.slice(at + kvmStatsDesc.size, at + kvmStatsDesc.size + 6)) === 'exits\0',
  )
  const { offset, size } = kvmStatsDesc.read(view, found ?? 0)
  expect([size, view.getBigUint64(data + offset, true)]).toEqual([1, 7n])
})

test('no two statistics of a file have one name', () => {
  for (const statistics of [vmStatistics, vcpuStatistics]) {
    const names = statistics.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  }
})
