import { profileOf, versionInForce } from '@vmm/rule'
import { expect, test } from 'vitest'
import { xenAnswer } from './rules/xen/answer.behaviour.ts'
import type { XenContext } from './rules/xen/case.ts'
import { decodeXenCall, takesXenResult } from './xen.ts'

const registers = { rax: 0n, rbx: 0n, rcx: 0n, rdx: 0n, rsi: 0n, rdi: 0n, rbp: 0n, r8: 0n, r9: 0n, r10: 0n }
const context: XenContext = { version: 0, eventChannels: 'kernel', localApic: 'kernel', timer: 'kernel', vcpuId: 2 }

function said(
  rax: bigint,
  params: readonly bigint[],
  more: Partial<XenContext> = {},
  mode = { width: 64, cpl: 0 } as const,
) {
  const [rdi = 0n, rsi = 0n, rdx = 0n] = params
  const call = decodeXenCall({ ...registers, rax, rdi, rsi, rdx }, mode)
  const found = versionInForce(xenAnswer, profileOf('6.12.117'))
  if (found.kind !== 'version') throw new Error('no version')
  return found.version.does({ call, context: { ...context, ...more } })
}

test('32-bit code gives six parameters, of 32 bits each', () => {
  const made = { ...registers, rax: 0x1_0000_0011n, rbx: -1n, rbp: 6n }
  expect(decodeXenCall(made, { width: 32, cpl: 0 })).toMatchObject({
    number: 0x1_0000_0011n,
    params: [0xffff_ffffn, 0n, 0n, 0n, 0n, 6n],
  })
})

test('a version that user space has not set is for user space', () => {
  expect(said(17n, [0n])).toEqual({ kind: 'exit', exit: 'xen' })
  expect(said(17n, [0n], { version: 0x4_0011 })).toEqual({ kind: 'return', result: 0x4_0011n })
})

test('user mode is never answered by KVM', () => {
  const call = decodeXenCall({ ...registers, rax: 29n }, { width: 64, cpl: 3 })
  expect(xenAnswer.versions[1]?.does({ call, context })).toEqual({ kind: 'exit', exit: 'xen' })
})

test.each([
  ['a yield', 29n, [0n], {}, 'yield'],
  ['a poll', 29n, [3n, 0x1000n], {}, 'poll'],
  ['a poll that KVM cannot do', 29n, [3n, 0x1000n], { eventChannels: 'user-space' }, 'yield'],
  ['a block', 29n, [1n], {}, 'exit'],
  ['an event', 32n, [4n, 0x1000n], {}, 'send-event'],
  ['a timer', 24n, [8n, 2n, 0x1000n], {}, 'set-singleshot-timer'],
  ['a timer that stops', 24n, [9n, 2n], {}, 'stop-timer'],
  ['the timer of another', 24n, [8n, 1n, 0x1000n], {}, 'return'],
  ['a timer without a port', 24n, [8n, 2n, 0x1000n], { timer: 'user-space' }, 'exit'],
  ['a deadline', 15n, [1000n], {}, 'set-timer'],
  ['no deadline', 15n, [0n], {}, 'stop-timer'],
  ['anything else', 1n, [], {}, 'exit'],
] as const)('%s ends in the verdict it should', (_, number, params, more, kind) => {
  expect(said(number, params, more).kind).toBe(kind)
})

test('before 5.19 user space was asked about everything', () => {
  const found = versionInForce(xenAnswer, profileOf('5.15.0'))
  if (found.kind !== 'version') throw new Error('no version')
  const call = decodeXenCall({ ...registers, rax: 29n }, { width: 64, cpl: 0 })
  expect(found.version.does({ call, context })).toEqual({ kind: 'exit', exit: 'xen' })
})

test('user space that moved RIP keeps its RAX', () => {
  expect(takesXenResult({ linearRip: 0x1000n }, { linearRip: 0x1000n })).toBe(true)
  expect(takesXenResult({ linearRip: 0x1000n }, { linearRip: 0x1003n })).toBe(false)
})
