import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eax, ecx, mem32 } from '@vmm/x86-assembler'
import { afterAll, expect, test } from 'vitest'
import * as kernels from './kernels.ts'
import { type Report, vmm } from './vmm.ts'

const cache = mkdtempSync(join(tmpdir(), 'vmm-kept-heat-'))
afterAll(() => rmSync(cache, { recursive: true }))

/** Loops that are hot, with stores to memory that counts. */
const image = kernels.kernelFile('kept-heat', (a) => {
  a.mov(ecx, 300_000).label('round').call('inner').dec(ecx).jne('round')
  kernels.debugExit(a, 3)
  a.label('inner').add(eax, ecx).rol(eax, 5).add(mem32(0x30_0000), eax).ret()
})

interface Told {
  readonly report: Report
  readonly hot: number
}

/** One start after others in the same cache. */
async function started(flags: readonly string[] = []): Promise<Told> {
  const path = join(cache, 'report.json')
  const { status, stderr } = await vmm(['run', ...flags, image, '--report', path, '--stats'], '', {
    XDG_CACHE_HOME: cache,
  })
  expect(status).toBe(7)
  const hot = Number(/hot tier\s+([\d,]+)/.exec(stderr)?.[1]?.replaceAll(',', '') ?? 0)
  return { report: JSON.parse(readFileSync(path, 'utf8')) as Report, hot }
}

const countsOf = ({ report: { instructions, stateHash } }: Told) => [instructions, stateHash]
const folder = join(cache, 'vmm', 'code')
const emittedFile = () => join(folder, readdirSync(folder).find((name) => name.startsWith('emitted-'))!)

test('a guest that was hot before is compiled sooner and does the same, until what was kept is damaged', async () => {
  // modules are kept by the first start, and what was hot by the second
  const first = await started()
  const starts = [first, await started(), await started()]
  for (const each of starts) expect(countsOf(each)).toEqual(countsOf(first))
  const last = starts.at(-1)!
  expect(first.hot).toBeGreaterThan(0)
  expect(last.hot).toBeGreaterThan(first.hot * 1.5)
  const asked = await started(['--jit-threshold', '100000'])
  expect([...countsOf(asked), asked.hot]).toEqual([...countsOf(first), first.hot])
  const bytes = readFileSync(emittedFile())
  bytes[bytes.length - 100]! ^= 0xff
  writeFileSync(emittedFile(), bytes)
  const damaged = await started()
  expect([...countsOf(damaged), damaged.hot]).toEqual([...countsOf(first), first.hot])
})
