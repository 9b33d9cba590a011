import { expect, test } from 'vitest'
import { guestImage } from './guests/guest.ts'
import { differenceOf, outcomeOf, ratiosOf } from './measured.ts'
import { rows } from './rows.ts'
import { between } from './samples.ts'
import { codeBytesOf, watched } from './watched.ts'

const mark = (seconds: number, cpuSeconds: number, threads: Readonly<Record<string, number>>) => ({
  line: '',
  seconds,
  cpuSeconds,
  threads: Object.fromEntries(
    Object.entries(threads).map(([id, used]) => [id, { name: id === '1' ? 'main' : 'helper', seconds: used }]),
  ),
})

test('between two marks threads are told apart by name, and their sum is the CPU time', () => {
  const cost = between(mark(1, 1, { 1: 0.9 }), mark(3, 2.5, { 1: 2.1004, 2: 0.1, 3: 0.2 }))
  expect(cost).toEqual({ seconds: 2, cpuSeconds: 1.5, waited: 0, threads: { main: 1.2, helper: 0.3 } })
})

test('what a busy thread waited for a processor is told, and not what a helper did', () => {
  const at = (seconds: number, threads: Readonly<Record<string, readonly [used: number, waited: number]>>) => ({
    ...{ line: '', seconds, cpuSeconds: seconds },
    threads: Object.fromEntries(
      Object.entries(threads).map(([id, [used, waited]]) => [id, { name: id, seconds: used, waited }]),
    ),
  })
  const from = at(1, { one: [1, 0.5], two: [1, 0], compiler: [0, 0] })
  const to = at(4, { one: [3, 0.75], two: [3, 1], compiler: [0.5, 2] })
  expect(between(from, to)).toMatchObject({ seconds: 3, waited: 1 })
})

test('where a thread has ended, the sum of the kernel counts', () => {
  expect(between(mark(0, 1, { 1: 0.5, 2: 0.5 }), mark(1, 2.3, { 1: 1 })).cpuSeconds).toBe(1.3)
})

test('a process is ended after its last line, and its lines have times', async () => {
  const start = {
    command: 'sh',
    args: ['-c', 'echo begin; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo end 1; exec sleep 60'],
  }
  const { marks, failure } = await watched(start, (line) => line.startsWith('end'), 30)
  expect(failure).toBeUndefined()
  expect(marks.map(({ line }) => line)).toEqual(['begin', 'end 1'])
  expect(between(marks[0]!, marks[1]!).cpuSeconds).toBeGreaterThan(0)
})

test('a process that ends before its last line has failed', async () => {
  const { failure } = await watched({ command: 'sh', args: ['-c', 'echo begin; exit 3'] }, (line) => line === 'end', 30)
  expect(failure).toMatch('ended with 3')
})

const sample = (rounds: number, cpuSeconds: number, sum: string) => ({
  rounds,
  cpuSeconds,
  seconds: cpuSeconds,
  threads: {},
  sum,
})

test('a ratio is of CPU time for a round, whoever did how many', () => {
  const outcomes = { vmm: outcomeOf([sample(10, 1, 'a')]), bochs: outcomeOf([sample(1, 0.5, 'b')]) }
  expect(ratiosOf(outcomes)).toEqual({ bochs: 0.2 })
})

test('sums that differ for as many rounds are noticed', () => {
  const [vmm, qemu] = [outcomeOf([sample(10, 1, 'a')]), outcomeOf([sample(10, 1, 'b')])]
  expect(differenceOf({ vmm, qemu })).toBe('vmm a, qemu b')
  expect(differenceOf({ vmm, bochs: outcomeOf([sample(1, 1, 'c')]) })).toBeUndefined()
})

test.each(rows.flatMap(({ name, load, widths }) => widths.map((width) => [name, width, load] as const)))(
  'the guest %s of %d bits fits where it is loaded',
  (_, width, load) => expect(guestImage(load, width, 1).length).toBeLessThan(0x10_0000),
)

test('a process that has used more than it may is ended', async () => {
  const { failure } = await watched({ command: 'sh', args: ['-c', 'while :; do :; done'] }, () => false, 0.2)
  expect(failure).toMatch('not ended after 0.2 CPU seconds')
})

test('a process is asked to end, and does what it does then', async () => {
  const script = 'trap "echo bye; exit" TERM; echo end; while :; do :; done'
  const { marks, failure } = await watched({ command: 'sh', args: ['-c', script] }, (line) => line === 'end', 30)
  expect([marks.map(({ line }) => line), failure]).toEqual([['end', 'bye'], undefined])
})

test('code that a process made itself is told apart from files and from what cannot be executed', () => {
  const maps = [
    '55d0-55d1 r-xp 00001000 08:01 1234  /usr/bin/node',
    'Rss:                 400 kB',
    '7f00-7f01 rwxp 00000000 00:00 0 ',
    'Size:               8192 kB',
    'Rss:                  12 kB',
    '7f02-7f03 rw-p 00000000 00:00 0 ',
    'Rss:                  80 kB',
    '7f04-7f05 r-xp 00000000 00:00 0  [vdso]',
    'Rss:                   4 kB',
  ]
  expect(codeBytesOf(maps.join('\n'))).toBe(12 * 1024)
})
