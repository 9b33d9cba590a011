import { readFileSync } from 'node:fs'
import { profileOf } from '@vmm/rule'
import { expect, test } from 'vitest'
import { listHostOf } from './host-facts.ts'
import { featureMsrIndexList, msrIndexList } from './index-lists.ts'
import { type Disagreement, disagreements, hostOfRecording, type Recording, releaseOf } from './recorded.ts'

const upstream = [
  'msrs-6.1.192-kvm_amd',
  'msrs-6.12.117-kvm_amd',
  'msrs-6.12.117-kvm_intel',
  'msrs-6.1.192-kvm_intel',
] as const
const names = [...upstream, 'msrs-6.18.44-kvm_pvm'] as const
const read = (name: string): Recording =>
  JSON.parse(readFileSync(new URL(`../cases/${name}.json`, import.meta.url), 'utf8'))

/** Where what was recorded says nothing of KVM, and why. */
interface Beside {
  readonly msrs: readonly number[]
  readonly asked: RegExp
  readonly why: string
  /** The processor, or the module. */
  readonly on?: string
}

const beside: readonly Beside[] = [
  { msrs: [0x10, 0x4000_0010, 0x4000_0020], asked: /^[sah]/, why: 'these run on between a write and a read' },
  { msrs: [0x48], asked: /./, why: 'KVM asks the processor which values it takes, and an emulated one takes any' },
  {
    msrs: [0x174, 0x175, 0x176],
    asked: /^[Wh]/,
    why: 'KVM lets the guest write them, and QEMU keeps them in its own way',
    on: 'QEMU TCG -cpu max',
  },
  {
    msrs: [0xc000_0082, 0xc000_0083, 0xc000_0100, 0xc000_0101, 0xc000_0102],
    asked: /^[Wh]/,
    why: 'KVM lets the guest write them, and QEMU does not mind addresses that are not canonical',
    on: 'QEMU TCG -cpu max',
  },
  {
    msrs: [
      0x3a, 0x48, 0x49, 0x8c, 0x8d, 0x8e, 0x8f, 0xe1, 0x10a, 0x10b, 0x122, 0x140, 0x174, 0x1d9, 0x277, 0x4d0,
      0xc000_0104, 0xc001_011f,
    ],
    asked: /./,
    why: 'a module that is not upstream answers for these by itself',
    on: 'kvm_pvm',
  },
]

const isBeside = ({ index, asked }: Disagreement, { processor, vendorModule }: Recording) =>
  beside.some(
    ({ msrs, asked: of, on }) =>
      msrs.includes(index) && of.test(asked) && (on === undefined || on === processor || on === vendorModule),
  )

test.each(names)('%s: every MSR answers a guest and user space as that kernel did', (name) => {
  const recording = read(name)
  const others = disagreements(recording).filter((one) => !isBeside(one, recording))
  expect(
    others.map(
      ({ index, config, asked, told, ours }) => `${index.toString(16)} ${config} ${asked}: ${told}, ours ${ours}`,
    ),
  ).toEqual([])
})

test.each(upstream)('%s: both lists are the kernel’s, in its order', (name) => {
  const recording = read(name)
  const profile = profileOf(releaseOf(recording))
  const host = hostOfRecording(recording)
  // these processors answer for every MSR
  const list = { ...listHostOf(profile, host), readable: () => true }
  const hex = (indexes: readonly number[]) => indexes.map((index) => index.toString(16))
  expect(hex(msrIndexList(profile, list).indexes)).toEqual(recording.saved)
  expect(hex(featureMsrIndexList(profile, list).indexes)).toEqual(recording.features.map((line) => line.split(' ')[0]))
})
