import { profileOf } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { hyperVDecider } from './decide.ts'
import { decodeHyperVCall, hyperVResult } from './hyper-v.ts'
import { hyperVCalls } from './hyper-v-calls.rows.ts'
import { hyperVStatuses } from './hyper-v-status.rows.ts'
import { hyperVMade } from './rules/hyper-v/case.ts'

const decide = hyperVDecider(profileOf('6.12.117'))
const said = (...made: Parameters<typeof hyperVMade>) => {
  const { call, context } = hyperVMade(...made)
  return decide(call, context)
}
const status = (name: keyof typeof hyperVStatuses) => ({ kind: 'return', result: BigInt(hyperVStatuses[name]) })
const memory = (words: readonly bigint[]) => ({
  input: { xmm: [], read: (gpa: bigint) => (gpa < 0x1000n ? undefined : words[Number(gpa - 0x1000n) / 8]) },
})
const xmm = (...halves: readonly bigint[]) => ({
  input: { xmm: Array.from({ length: 12 }, (_, at) => halves[at] ?? 0n), read: () => undefined },
})

test('no code has two names, and the codes are in order', () => {
  const codes = hyperVCalls.map(({ code }) => code)
  expect([...new Set(codes)].sort((a, b) => a - b)).toEqual(codes)
})

test('32-bit code gives its arguments in pairs of registers, and gets the result in one', () => {
  const none = { rbp: 0n, r8: 0n, r9: 0n, r10: 0n }
  const call = decodeHyperVCall(
    { ...none, rdx: 0xdead_0000_0003n, rax: 0x1_0008n, rbx: 0x1n, rcx: 0x2n, rdi: 0x3n, rsi: 0x4n },
    { width: 32, cpl: 0, protectedMode: true },
  )
  expect(call).toMatchObject({ code: 8, fast: true, repeatCount: 3, input: 0x1_0000_0002n, output: 0x3_0000_0004n })
  expect(hyperVResult(call, 5n << 32n)).toEqual({ rax: 0n, rdx: 5n })
  expect(hyperVResult({ width: 64 }, 'HV_STATUS_ACCESS_DENIED')).toEqual({ rax: 6n })
})

test('a call from user mode or real mode is an invalid opcode', () => {
  const { call, context } = hyperVMade('HVCALL_NOTIFY_LONG_SPIN_WAIT')
  expect(decide({ ...call, cpl: 3 }, context)).toEqual({ kind: 'fault', vector: 6 })
  expect(decide({ ...call, protectedMode: false }, context)).toEqual({ kind: 'fault', vector: 6 })
})

describe('a flush', () => {
  test('names up to 64 processors by a mask, in registers', () => {
    expect(said('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE', {}, xmm(0b1010n))).toEqual({
      kind: 'flush-tlb',
      processors: [1, 3],
      pages: 'all',
      result: 0n,
    })
  })
  test.each([
    ['its flag', 1n, 0b1n],
    ['no mask at all', 0n, 0n],
  ])('is for all processors with %s', (_, output, mask) => {
    expect(said('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE', { output }, xmm(mask))).toMatchObject({ processors: 'all' })
  })
  test('of a list names pages, and counts them as done', () => {
    const words = [0n, 0n, 0b1n, 0x5000n, 0x6001n]
    expect(said('HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST', { fast: 0n, count: 2n, input: 0x1000n }, memory(words))).toEqual({
      kind: 'flush-tlb',
      processors: [0],
      pages: [0x5000n, 0x6001n],
      result: 2n << 32n,
    })
  })
  test('of a long list flushes everything', () => {
    const made = { fast: 0n, count: 16n, input: 0x1000n }
    expect(said('HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST', made, memory([0n, 0n, 1n]))).toMatchObject({ pages: 'all' })
  })
  test('of a list that would go beyond the XMM registers is refused', () => {
    expect(said('HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST', { count: 12n }, xmm(1n))).toEqual(
      status('HV_STATUS_INVALID_HYPERCALL_INPUT'),
    )
  })
  test('names any processors by banks of 64', () => {
    const words = [0n, 0n, 0n, 0b101n, 1n << 63n, 0b11n]
    expect(
      said('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX', { fast: 0n, header: 2n, input: 0x1000n }, memory(words)),
    ).toMatchObject({ processors: [63, 128, 129] })
  })
  test('whose header does not fit its banks is refused', () => {
    const words = [0n, 0n, 0n, 0b101n, 0n]
    expect(
      said('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX', { fast: 0n, header: 1n, input: 0x1000n }, memory(words)),
    ).toEqual(status('HV_STATUS_INVALID_HYPERCALL_INPUT'))
  })
  test('whose arguments are not in memory is refused', () => {
    expect(said('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE', { fast: 0n })).toEqual(
      status('HV_STATUS_INVALID_HYPERCALL_INPUT'),
    )
  })
})

describe('an IPI', () => {
  test('goes to the processors of its mask', () => {
    expect(said('HVCALL_SEND_IPI', { input: 0xf2n, output: 0b110n })).toMatchObject({
      vector: 0xf2,
      processors: [1, 2],
    })
  })
  test.each([
    ['a vector below 16', { input: 0xfn, output: 1n }, {}],
    ['something above the vector, in a register', { input: 0x1_0000_00f2n, output: 1n }, {}],
    ['a local APIC in user space', { input: 0xf2n, output: 1n }, { localApic: 'user-space' }],
  ] as const)('with %s is refused', (_, made, context) => {
    expect(said('HVCALL_SEND_IPI', made, context)).toEqual(status('HV_STATUS_INVALID_HYPERCALL_INPUT'))
  })
  test('to an empty set is nothing, whatever its vector is', () => {
    expect(said('HVCALL_SEND_IPI_EX', { input: 1n, output: 0n }, xmm(0n))).toMatchObject({ processors: [] })
  })
  test('to the whole set goes to all', () => {
    expect(said('HVCALL_SEND_IPI_EX', { input: 0xf2n, output: 1n }, xmm(0n))).toMatchObject({ processors: 'all' })
  })
})

describe('an event', () => {
  test('of a connection that KVM knows is signalled', () => {
    expect(said('HVCALL_SIGNAL_EVENT', { input: 7n }, { hasEvent: (id) => id === 7 })).toMatchObject({
      kind: 'signal-event',
      connection: 7,
    })
  })
  test('of another, or with the number of a flag, is for user space', () => {
    expect(said('HVCALL_SIGNAL_EVENT', { input: 7n })).toMatchObject({ kind: 'exit', params: [7n, 0n] })
    expect(said('HVCALL_SIGNAL_EVENT', { input: 0x1_0000_0007n }, { hasEvent: () => true }).kind).toBe('exit')
  })
  test('is refused where nobody would hear of it', () => {
    expect(said('HVCALL_SIGNAL_EVENT', { input: 7n }, { synic: 'off' })).toEqual(
      status('HV_STATUS_INVALID_HYPERCALL_INPUT'),
    )
  })
})

test('an extended call is for user space since some release after 6.1', () => {
  const { call, context } = hyperVMade(0x8001, { fast: 0n })
  expect(decide(call, context).kind).toBe('exit')
  expect(hyperVDecider(profileOf('6.1.192'))(call, context)).toEqual(status('HV_STATUS_INVALID_HYPERCALL_CODE'))
})

test('whatever is in the registers, the answer is a verdict', () => {
  const { context } = hyperVMade(0)
  for (let code = 0; code < 0x200; code++) {
    for (const upper of [0n, 0x1n << 16n, 0x3ffn << 17n, 0xfffn << 32n, 0xfffn << 48n, 0xffff_ffff_ffff_0000n]) {
      const none = { rax: 0n, rbx: 0n, rsi: 0n, rdi: 0n, rbp: 0n, r9: 0n, r10: 0n, rdx: -1n, r8: -1n }
      const call = decodeHyperVCall({ ...none, rcx: BigInt(code) | upper }, { width: 64, cpl: 0, protectedMode: true })
      expect(decide(call, context).kind).toMatch(/^[a-z-]+$/)
    }
  }
})
