import { loadImage } from '@vmm/boot'
import { defaultGuest } from '@vmm/runner/default-guest'
import { execArchive } from '@vmm/runner/exec'
import { firmwareTables, Machine } from '@vmm/runner/machine'
import { processorNamed } from '@vmm/runner/processor'

const memorySize = 512 << 20
const sliceInstructions = 10_000_000
const listed = 300

/** Boots the default guest to its shell and prints what it ran most, as the rows that the run loop contains. */
export async function benchHandlers(): Promise<void> {
  const machine = await booted()
  const runs = machine.handlerRuns()
  const all = runs.reduce((sum, each) => sum + each.runs, 0)
  const kept = runs.slice(0, listed)
  const share = kept.reduce((sum, each) => sum + each.runs, 0) / all
  for (const { encoding, flags } of kept) console.log(`  ${`['${encoding}',`.padEnd(28)}'${flags}'],`)
  console.error(`${runs.length} handlers ran; these ${kept.length} are ${(share * 100).toFixed(1)} % of what ran`)
}

async function booted(): Promise<Machine> {
  const guest = await defaultGuest(() => {})
  const padding = new Uint8Array((4 - (guest.initrd.length % 4)) % 4)
  const image = loadImage(guest.kernel, {
    memorySize,
    commandLine: 'console=ttyS0 panic=-1 quiet',
    rsdp: firmwareTables().base,
    initrd: Buffer.concat([guest.initrd, padding, execArchive('true', false)]),
  })
  if (image.kind === 'refused') throw new Error(image.says)
  const table = processorNamed('default')
  const machine = new Machine({ memorySize, table, onTransmit: () => {}, counts: 'handlers' })
  machine.load(image)
  for (;;) {
    const result = machine.slice(sliceInstructions)
    if (result.kind === 'ended') return machine
    if (result.kind === 'idle') machine.warpTo(result.until)
  }
}
