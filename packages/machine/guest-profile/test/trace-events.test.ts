import { expect, test } from 'vitest'
import { type TraceEvent, traceFile } from '../src/index.ts'
import { named, sampleAt } from './samples.ts'
import { problemsOf } from './trace-event-format.ts'

/** Frames of a thread by the guest's clock: when each began and ended, in nanoseconds. */
function framesOf(events: readonly TraceEvent[], tid = 0): readonly string[] {
  return events
    .filter((event) => event.ph !== 'M' && event.pid === 1 && event.tid === tid)
    .map(({ ph, name, ts }) => `${ph} ${name} ${Math.round(ts * 1000)}`)
}

test('what goes on from one sample to the next is one frame', () => {
  const { traceEvents } = traceFile(named([sampleAt(0), sampleAt(1), sampleAt(2, { rip: 0x1100n })]).named)
  expect(framesOf(traceEvents)).toEqual([
    'B system 0',
    'B copy 0',
    'E copy 1999',
    'B schedule 2000',
    'E schedule 2999',
    'E system 2999',
  ])
})

test('time that no sample covers is nobody’s', () => {
  const late = sampleAt(4, { guest: { to: 5000, ran: 1000 } })
  expect(framesOf(traceFile(named([sampleAt(0), late]).named).traceEvents)).toEqual([
    'B system 0',
    'B copy 0',
    'E copy 999',
    'E system 999',
    'B system 4000',
    'B copy 4000',
    'E copy 4999',
    'E system 4999',
  ])
})

test('a file names a process for each clock and a thread for each processor', () => {
  const { traceEvents } = traceFile(named([sampleAt(0), sampleAt(1, { vcpu: 3 })]).named)
  const names = traceEvents.flatMap((event) =>
    event.ph === 'M' ? [`${event.pid}.${event.tid} ${event.args.name}`] : [],
  )
  expect(names).toEqual(['1.0 guest time', '1.0 vCPU 0', '1.3 vCPU 3', '2.0 host time', '2.0 vCPU 0', '2.3 vCPU 3'])
  expect(framesOf(traceEvents, 3)).toEqual(['B system 1000', 'B copy 1000', 'E copy 1999', 'E system 1999'])
})

test.each([
  ['nothing', []],
  ['one place', [sampleAt(0)]],
  ['places that follow each other', [0x1000n, 0x1100n, 0x9000n, 0x1100n].map((rip, at) => sampleAt(at, { rip }))],
  [
    'programs and the system',
    [0, 3, 3, 0].map((privilege, at) => sampleAt(at, { privilege, space: BigInt(at % 2) << 13n })),
  ],
  ['a clock that does not move', [0, 1, 2].map((at) => sampleAt(at, { host: { to: 7, ran: 0 } }))],
  [
    'a clock with fractions',
    [0, 1, 2].map((at) => sampleAt(at, { host: { to: at * 1.4, ran: 1.4 }, rip: BigInt(at) << 8n })),
  ],
])('a file of %s is what both viewers ask for', (_, samples) => {
  expect(problemsOf(JSON.stringify(traceFile(named(samples).named)))).toEqual([])
})

test('a function that is called as another format’s event is called otherwise', () => {
  const samples = named([sampleAt(0)]).named.map((sample) => ({ ...sample, frames: ['system', 'Profile'] }))
  expect(problemsOf(JSON.stringify(traceFile(samples)))).toEqual([])
})

test('what is wrong with a file is found', () => {
  const event = (ph: string, name: string, ts: number) => ({ ph, name, pid: 1, tid: 1, ts })
  const problems = (...traceEvents: object[]) => problemsOf(JSON.stringify({ displayTimeUnit: 'ns', traceEvents }))
  expect(problems(event('B', 'a', 1), event('B', 'b', 2), event('E', 'a', 3), event('E', 'b', 4))).toHaveLength(2)
  expect(problems(event('B', 'a', 1))).toEqual(['1 frames never end'])
  expect(problems(event('B', 'a', 2), event('E', 'a', 1))).toEqual(['a at 1 comes after 2'])
  expect(problems({ ...event('B', 'a', 1), ts: undefined }, event('E', 'a', 1))).toEqual(['event 0: no time'])
})
