import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { disagreements } from './compare.ts'
import { unable } from './deviations.rows.ts'
import { answerOfProgram } from './hosts/answer.ts'
import { ours, oursInThreads, oursWithout } from './hosts/ours.ts'
import { kernels } from './kernels/all.ts'
import { knownDeviations } from './known-deviations.ts'

describe('every check of a kernel comes out as the manual says, but for what KVM does of its own', () => {
  const known = knownDeviations.filter(({ host }) => host === ours.name)
  for (const [name, make] of Object.entries(kernels)) {
    const isUnable = unable.some((each) => each.host === ours.name && each.kernel === name)
    test.skipIf(isUnable)(name, () => {
      const kernel = make()
      expect(disagreements(kernel, ours.ask(kernel), known)).toEqual([])
    })
  }
})

test.each(['processors', 'vmxProcessors', 'vmxSignals'])(
  'processors that run at the same time do what those do that take turns: %s',
  (name) => {
    const kernel = kernels[name]!()
    expect(disagreements(kernel, oursInThreads.ask(kernel), [])).toEqual([])
  },
)

test('what is taken away of VMX is not there, and the rest is', () => {
  const kernel = kernels['vmxTime']!()
  const scaled = 'RDTSC is scaled, and then has an offset: '
  const lineOf = (capability: string) =>
    oursWithout(capability)
      .ask(kernel)
      .lines.find((line) => line.startsWith(scaled))
  expect(lineOf('vmx-tsc-scaling')).toBe(`${scaled}ok dead 0 0`)
  expect(lineOf('vmx-ept')).toBe(`${scaled}ok 123455550000 12 0`)
})

test('checks of one kernel have different names', () => {
  for (const make of Object.values(kernels)) {
    const names = make().checks.map(({ name }) => name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  }
})

test('every deviation is of a check that exists, and differs from what the manual says', () => {
  const meant = new Set(knownDeviations.map(({ kernel }) => kernel))
  const checks = new Map([...meant].map((kernel) => [kernel, kernels[kernel]?.().checks]))
  for (const { kernel, check, answer } of knownDeviations) {
    const expected = checks.get(kernel)?.find(({ name }) => name === check)?.expected
    expect([check, expected]).not.toEqual([check, undefined])
    expect(answer).not.toBe(expected)
  }
})

test('a kernel that stops early is found out', () => {
  const kernel = { name: 'made up', image: new Uint8Array(), checks: [{ name: 'a', expected: 'ok' }] }
  expect(disagreements(kernel, { lines: ['a: ok', 'triple fault'], finished: false }, [])).toEqual([
    { check: 'the end', expected: 'done', answer: 'triple fault' },
  ])
  expect(disagreements(kernel, { lines: ['a: #UD'], finished: true }, [])).toEqual([
    { check: 'a', expected: 'ok', answer: '#UD' },
  ])
})

test('a program that ends before its kernel does tells how it ended', () => {
  const silent = spawnSync('sh', ['-c', 'echo "out of luck" >&2; kill -KILL $$'], { encoding: 'utf8' })
  expect(answerOfProgram('', silent)).toEqual({ lines: ['(killed by SIGKILL): out of luck'], finished: false })
  const early = spawnSync('sh', ['-c', 'exit 3'], { encoding: 'utf8' })
  expect(answerOfProgram('a: ok\n', early)).toEqual({ lines: ['a: ok', '(exit status 3)'], finished: false })
  expect(answerOfProgram('a: ok\ndone\n', early)).toEqual({ lines: ['a: ok'], finished: true })
})
