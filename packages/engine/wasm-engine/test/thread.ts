/// <reference types="node" />
import { parentPort, workerData } from 'node:worker_threads'
import { nobodyAround } from '@vmm/x86-semantics'
import { Engine, GuestMachine, type HotOptions, type SharedGuest } from '../src/index.ts'

/** What a thread of a test runs, in flat 32-bit code, by processors that take turns: EBX is the number of each. It ends with HLT. */
export interface Threaded {
  readonly guest: SharedGuest
  readonly index: number
  readonly numbers: readonly number[]
  readonly entry: number
  readonly hot: HotOptions | false
}

const sliceInstructions = 20_000
const { guest, index, numbers, entry, hot } = workerData as Threaded
const machine = new GuestMachine({ slots: [{ address: 0, bytes: guest.memoryBytes }], thread: { guest, index }, hot })
const engines = numbers.map((number) => {
  const engine = new Engine({ machine, ports: { ...nobodyAround, cpuid: () => [0, 0, 0, 0] } })
  for (const name of ['CS', 'DS', 'ES', 'SS'] as const) {
    engine.set(`${name}.limit`, 0xffff_ffffn)
    engine.set(`${name}.access`, name === 'CS' ? 0xc09bn : 0xc093n)
  }
  engine.set('CR0', 0x11n)
  engine.set('CR4', 0x600n)
  engine.set('RIP', BigInt(entry))
  engine.setGpr(3, BigInt(number))
  engine.setGpr(4, BigInt(guest.memoryBytes - 0x1000 * (number + 1)))
  engine.modeChanged()
  return engine
})

/** Whether it goes on behind its turn. */
function takesTurn(engine: Engine): boolean {
  const stop = engine.run(sliceInstructions)
  if (stop.kind === 'fault' || stop.kind === 'waiting') throw new Error(JSON.stringify(stop))
  return stop.kind !== 'exit' || stop.reason !== 'hlt'
}

machine.together!.unpark()
for (let going: readonly Engine[] = engines; going.length > 0; ) going = going.filter(takesTurn)
machine.together!.park()
parentPort!.postMessage(engines.reduce((sum, engine) => sum + engine.retired(), 0))
