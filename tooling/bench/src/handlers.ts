import { readFileSync } from 'node:fs'
import { loadImage } from '@vmm/boot'
import { defaultGuest } from '@vmm/runner/default-guest'
import { execArchive } from '@vmm/runner/exec'
import { firmwareTables, Machine } from '@vmm/runner/machine'
import { processorNamed } from '@vmm/runner/processor'

const memorySize = 512 << 20
const sliceInstructions = 10_000_000
const listed = 300
const listedPairs = 300

interface Guest {
  readonly kernel: Uint8Array
  readonly initrd: Uint8Array
}

/**
 * Boots the default guest, or the kernel and initrd in two files, to its shell and prints what it ran most, as the rows that a run
 * loop contains.
 */
export async function benchHandlers([kernel, initrd]: readonly string[]): Promise<void> {
  const given = kernel !== undefined && initrd !== undefined
  const machine = booted(
    given ? { kernel: readFileSync(kernel), initrd: readFileSync(initrd) } : await defaultGuest(() => {}),
  )
  const runs = machine.handlerRuns()
  const all = runs.reduce((sum, each) => sum + each.runs, 0)
  const kept = runs.slice(0, listed)
  const share = kept.reduce((sum, each) => sum + each.runs, 0) / all
  for (const { encoding, flags } of kept) console.log(`  ${`['${encoding}',`.padEnd(28)}'${flags}'],`)
  console.log('')
  for (const { encoding, behind } of machine.handlerRuns('pairs').slice(0, listedPairs))
    console.log(`  ${`['${encoding}',`.padEnd(28)}'${behind}'],`)
  console.error(`${runs.length} handlers ran; these ${kept.length} are ${(share * 100).toFixed(1)} % of what ran`)
}

function booted(guest: Guest): Machine {
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
