import type { Feature } from '@vmm/cpuid'
import { expect, test } from 'vitest'
import {
  decideHypercall,
  decodeHypercall,
  type HypercallContext,
  type HypercallRow,
  hypercallErrors,
  hypercalls,
  numberOf,
  returnValue,
} from './index.ts'

const rows: readonly HypercallRow[] = hypercalls

const context: HypercallContext = {
  has: () => false,
  featureBits: 'advisory',
  exits: 0,
  clockPairing: 'available',
}

const call = (rax: bigint | number, rbx = 0n, rcx = 0n, rdx = 0n, rsi = 0n) =>
  decodeHypercall({ rax: BigInt(rax), rbx, rcx, rdx, rsi }, { width: 64, cpl: 0 })

const error64 = (name: keyof typeof hypercallErrors) => BigInt.asUintN(64, BigInt(-hypercallErrors[name]))

test('no number has two names, and no name two numbers', () => {
  expect(new Set(rows.map((row) => row.number)).size).toBe(rows.length)
  expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length)
  expect(rows.map((row) => row.number)).toEqual(rows.map((_, i) => i + 1))
})

test.each(rows.map((row) => [row.name, row] as const))('%s has a source and at most four arguments', (_, row) => {
  expect(row.source.kind).toMatch(/^kernel-/)
  expect(row.arguments.length).toBeLessThanOrEqual(4)
})

test('a hypercall of 32-bit code has 32 bits, and so has its result', () => {
  const made = decodeHypercall(
    { rax: 0xdead_0000_0001n, rbx: -1n, rcx: 0n, rdx: 0n, rsi: 1n << 32n },
    { width: 32, cpl: 0 },
  )
  expect(made.number).toBe(1n)
  expect(made.arguments).toEqual([0xffff_ffffn, 0n, 0n, 0n])
  expect(returnValue(made, -hypercallErrors.KVM_ENOSYS)).toBe(0xffff_fc18n)
})

test('outside CPL 0 every hypercall is KVM_EPERM, even one that does not exist', () => {
  for (const number of [1, 10, 999]) {
    const made = { ...call(number), cpl: 3 }
    expect(decideHypercall(made, context)).toEqual({ kind: 'return', value: error64('KVM_EPERM') })
  }
})

test.each([0n, 2n, 3n, 4n, 6n, 7n, 8n, 13n, 1n << 32n, (1n << 64n) - 1n])('hypercall %d is unknown', (number) => {
  expect(decideHypercall(call(number), context)).toEqual({ kind: 'return', value: error64('KVM_ENOSYS') })
})

test('VAPIC_POLL_IRQ returns 0', () => {
  expect(decideHypercall(call(1), context)).toEqual({ kind: 'return', value: 0n })
})

test('KICK_CPU names the vCPU by the low half of a1', () => {
  expect(decideHypercall(call(5, 7n, 0x1_0000_0003n), context)).toEqual({ kind: 'kick-cpu', apicId: 3, value: 0n })
})

test('SCHED_YIELD returns 0', () => {
  expect(decideHypercall(call(11, 2n), context)).toEqual({ kind: 'yield', apicId: 2, value: 0n })
})

test.each([
  ['KVM_HC_KICK_CPU', 'KVM_FEATURE_PV_UNHALT'],
  ['KVM_HC_SEND_IPI', 'KVM_FEATURE_PV_SEND_IPI'],
  ['KVM_HC_SCHED_YIELD', 'KVM_FEATURE_PV_SCHED_YIELD'],
] as const)('%s needs %s where feature bits are enforced', (name, feature) => {
  const made = call(numberOf(name))
  const enforced = { ...context, featureBits: 'enforced' } as const
  expect(decideHypercall(made, enforced)).toEqual({ kind: 'return', value: error64('KVM_ENOSYS') })
  expect(decideHypercall(made, { ...enforced, has: (f: Feature) => f === feature }).kind).not.toBe('return')
})

test('SEND_IPI names its vCPUs in a bitmap of 128 bits in 64-bit mode', () => {
  const sent = decideHypercall(call(10, 0b101n, 1n << 63n, 4n, 0x40f2n), context)
  expect(sent).toEqual({
    kind: 'send-ipi',
    apicIds: [4, 6, 131],
    vector: 0xf2,
    deliveryMode: 0,
    level: 'assert',
    trigger: 'edge',
  })
})

test('SEND_IPI has 64 bits in 32-bit mode', () => {
  const made = { ...call(10, 1n, 1n, 0n, 0x400n), width: 32 } as const
  expect(decideHypercall(made, context)).toMatchObject({ apicIds: [0, 32], deliveryMode: 4 })
})

test.each([0x800n, 0x4_0000n, 0x8_0000n])('SEND_IPI refuses an ICR with destination bits %d', (icr) => {
  expect(decideHypercall(call(10, 1n, 0n, 0n, icr), context)).toEqual({ kind: 'return', value: error64('KVM_EINVAL') })
})

test('CLOCK_PAIRING knows only the wall clock, and needs a TSC clock', () => {
  expect(decideHypercall(call(9, 0x1000n), context)).toEqual({ kind: 'clock-pairing', address: 0x1000n })
  const refused = { kind: 'return', value: error64('KVM_EOPNOTSUPP') }
  expect(decideHypercall(call(9, 0x1000n, 1n), context)).toEqual(refused)
  expect(decideHypercall(call(9, 0x1000n), { ...context, clockPairing: 'unavailable' })).toEqual(refused)
})

const exiting = { ...context, exits: 1 << 12 }

test('MAP_GPA_RANGE is unknown until user space asks for its exit', () => {
  expect(decideHypercall(call(12, 0n, 1n), context)).toEqual({ kind: 'return', value: error64('KVM_ENOSYS') })
})

test('MAP_GPA_RANGE exits with address, pages and attributes', () => {
  expect(decideHypercall(call(12, 0x1000n, 2n, 0x10n), exiting)).toEqual({
    kind: 'exit',
    exit: 'hypercall',
    number: 12,
    arguments: [0x1000n, 2n, 0x10n],
    width: 64,
  })
})

test.each([
  ['an address inside a page', 0x1001n, 1n],
  ['no pages', 0x1000n, 0n],
  ['a range that wraps', 0x1000n, (1n << 64n) - 1n],
])('MAP_GPA_RANGE refuses %s without an exit', (_, address, pages) => {
  expect(decideHypercall(call(12, address, pages), exiting)).toEqual({ kind: 'return', value: error64('KVM_EINVAL') })
})
