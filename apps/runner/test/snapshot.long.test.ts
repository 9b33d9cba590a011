import { loadImage } from '@vmm/boot'
import { expect, test } from 'vitest'
import { defaultGuest } from '../src/default-guest/guest.ts'
import { firmwareTables, Machine } from '../src/machine.ts'
import { processorNamed } from '../src/processor.ts'

const memorySize = 512 << 20
const [middle, end] = [400_000_000, 700_000_000]
const guest = await defaultGuest(() => {}).catch(() => undefined)

function booting(): Machine {
  const machine = new Machine({ memorySize, table: processorNamed('default'), onTransmit: () => {} })
  return machine
}

function load(machine: Machine): void {
  const { kernel, initrd } = guest!
  const image = loadImage(kernel, { memorySize, initrd, commandLine: 'console=ttyS0', rsdp: firmwareTables().base })
  if (image.kind === 'refused') throw new Error(image.says)
  machine.load(image)
}

function advance(machine: Machine, instructions: number): void {
  while (machine.instructions < instructions) {
    const result = machine.slice(Math.min(instructions - machine.instructions, 2_000_000))
    if (result.kind === 'idle') machine.warpTo(result.until)
    else if (result.kind === 'ended') throw new Error(result.end.kind)
  }
}

test.skipIf(guest === undefined)(
  'Linux goes on from a snapshot in the middle of its boot as if nothing had happened',
  () => {
    const straight = booting()
    load(straight)
    advance(straight, middle)
    const [saved, then] = [straight.save(), straight.stateHash()]
    advance(straight, end)
    const resumed = booting()
    resumed.restore(saved)
    expect(resumed.stateHash()).toBe(then)
    advance(resumed, end)
    expect([resumed.instructions, resumed.now()]).toEqual([straight.instructions, straight.now()])
    expect(resumed.stateHash()).toBe(straight.stateHash())
  },
)
