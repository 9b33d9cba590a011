/// <reference types="node" />
import { parentPort, workerData } from 'node:worker_threads'
import { nobodyAround } from '@vmm/x86-semantics'
import { Engine, GuestMachine, type HotOptions, type SharedGuest } from '../src/index.ts'

/** What a thread of a test runs, in flat 32-bit code: EBX is its number. It ends with HLT. */
export interface Threaded {
  readonly guest: SharedGuest
  readonly index: number
  readonly number: number
  readonly entry: number
  readonly hot: HotOptions | false
}

const sliceInstructions = 20_000
const { guest, index, number, entry, hot } = workerData as Threaded
const machine = new GuestMachine({ slots: [{ address: 0, bytes: guest.memoryBytes }], thread: { guest, index }, hot })
const engine = new Engine({ machine, ports: { ...nobodyAround, cpuid: () => [0, 0, 0, 0] } })
for (const name of ['CS', 'DS', 'ES', 'SS'] as const) {
  engine.set(`${name}.limit`, 0xffff_ffffn)
  engine.set(`${name}.access`, name === 'CS' ? 0xc09bn : 0xc093n)
}
engine.set('CR0', 0x11n)
engine.set('CR4', 0x600n)
engine.set('RIP', BigInt(entry))
engine.setGpr(3, BigInt(number))
engine.setGpr(4, BigInt(guest.memoryBytes - 0x1000 * (index + 1)))
engine.modeChanged()

machine.together!.unpark()
for (;;) {
  const stop = engine.run(sliceInstructions)
  if (stop.kind === 'exit' && stop.reason === 'hlt') break
  if (stop.kind === 'fault' || stop.kind === 'waiting') throw new Error(JSON.stringify(stop))
}
machine.together!.park()
parentPort!.postMessage(engine.retired())
