import { expect, test } from 'vitest'
import { KernelPit } from './kernel-pit.ts'

const millisecond = 1_000_000

/** The timer with its first counter ticking about once a millisecond, and what it drove. */
function ticking() {
  let now = 0
  const drawn: boolean[] = []
  const pit = new KernelPit({
    clock: { now: () => now, wait: () => false },
    drive: (level) => drawn.push(level),
    speaker: 'absent',
    onChange: () => {},
  })
  const write = (port: number, value: number) => pit.ports[0]?.write(port, 1, value)
  write(0x43, 0x34)
  write(0x40, 0xa9)
  write(0x40, 0x04)
  const pass = (milliseconds: number) => {
    const end = now + milliseconds * millisecond
    for (let stop = pit.timer.deadline(); stop <= end; stop = pit.timer.deadline()) {
      now = stop
      pit.timer.fire(now)
    }
    now = end
  }
  return { pit, pass, pulses: () => drawn.splice(0).length / 2 }
}

test('a tick that nobody acknowledged keeps the next ones waiting, and each acknowledgement lets one come', () => {
  const { pit, pass, pulses } = ticking()
  pass(4.5)
  expect(pulses()).toBe(1)
  for (const left of [1, 1, 1, 0, 0]) {
    pit.acknowledge()
    expect(pulses()).toBe(left)
  }
})

test('told not to make up for ticks, it pulses its line at each, whoever listens', () => {
  const { pit, pass, pulses } = ticking()
  pit.makesUp = false
  pass(4.5)
  expect(pulses()).toBe(4)
  pit.acknowledge()
  expect(pulses()).toBe(0)
})

test('a guest that loads the count, and user space that sets the state, owe it nothing', () => {
  const { pit, pass, pulses } = ticking()
  pass(4.5)
  pulses()
  const { state } = pit
  pit.state = state
  pit.acknowledge()
  expect(pulses()).toBe(0)
})

test('while the HPET has taken its line, there are no ticks', () => {
  const { pit, pass, pulses } = ticking()
  pit.state = { ...pit.state, flags: 1 }
  pass(4.5)
  expect([pulses(), pit.state.flags]).toEqual([0, 1])
})
