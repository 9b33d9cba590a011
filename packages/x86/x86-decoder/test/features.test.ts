import { featuresOf } from '@vmm/x86-opcodes'
import { CpuidFeature, Decoder } from 'iced-x86'
import { expect, test } from 'vitest'
import { createDecoded, rowOf } from '../src/index.ts'
import { decode, options } from './iced.ts'
import { randomStreams } from './random-stream.ts'

const plain = (name: string): string => name.replace(/[^A-Z0-9]/gi, '').toUpperCase()

/** Names of the judge for what CPUID calls otherwise; the first is the manual's. */
const spelledOtherwise: Readonly<Record<string, readonly string[]>> = {
  ...{ AESNI: ['AES'], AMD3DNOW: ['D3NOW', 'PREFETCHW'], EXT3DNOW: ['D3NOWEXT'], FPU: ['FPU', 'FPU287', 'FPU387'] },
  ...{ KL: ['AESKLE'], WIDEKL: ['AESKLEWIDEKL', 'AESKLE'], PTPTWRITE: ['PTWRITE'], RTM: ['RTM', 'HLEORRTM'] },
  ...{ SGX: ['SGX1'], SGXENCLV: ['OSS'], SKINIT: ['SKINITORSVM'], SVM: ['SVM', 'SKINITORSVM'] },
  // a bit that is older than names
  LAHFLM: ['INTEL8086'],
  // SDM 2B: PADDQ, PSUBQ and PMULUDQ of MMX registers came with SSE2
  SSE2: ['SSE2', 'MMX'],
}

const decoded = createDecoded()

/** What is wrong with our features of an instruction. */
function difference(theirs: ReadonlySet<string>): string | undefined {
  const row = rowOf(decoded)
  const ours = featuresOf(row, decoded.vectorLength)
  const missing = ours.filter(
    (name) => !(spelledOtherwise[plain(name)] ?? [plain(name)]).some((one) => theirs.has(one)),
  )
  const lengths = ours.includes('AVX512VL') === theirs.has('AVX512VL')
  return missing.length === 0 && lengths
    ? undefined
    : `${row.opcode} ${row.mnemonic} of ${decoded.vectorLength}: ${ours} / ${[...theirs]}`
}

test('iced-x86 agrees which CPUID features bring an instruction', { timeout: 300_000 }, () => {
  const found = new Set<string>()
  for (const streams of randomStreams(64, 100_000)) {
    const decoder = new Decoder(64, streams, options)
    for (let at = 0; at < streams.length; at += 15) {
      if (decode(streams, at, at + 15, 64, decoded) !== undefined) continue
      decoder.position = at
      const instruction = decoder.decode()
      const wrong = difference(new Set([...instruction.cpuidFeatures()].map((each) => plain(CpuidFeature[each]!))))
      instruction.free()
      if (wrong !== undefined) found.add(wrong)
    }
    decoder.free()
  }
  expect([...found]).toEqual([])
})
