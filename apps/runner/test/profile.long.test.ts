import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadImage } from '@vmm/boot'
import { joined } from '@vmm/initramfs'
import { findKallsyms } from '@vmm/symbols'
import { describe, expect, test } from 'vitest'
import { cacheDirectory } from '../src/default-guest/cache.ts'
import { defaultGuest } from '../src/default-guest/guest.ts'
import { execArchive, execPorts } from '../src/exec.ts'
import { firmwareTables, Machine } from '../src/machine.ts'
import { processorNamed } from '../src/processor.ts'

const memorySize = 256 << 20
const slice = 10_000_000
/** Symbols of modules are not the kernel's own. */
const command = "grep -v '\\[' /proc/kallsyms | sha256sum"

/** Kernels that are already here: the default guest's, and those that judges have had fetched. */
async function kernels(): Promise<readonly (readonly [string, Uint8Array])[]> {
  const place = join(cacheDirectory() ?? '', 'judge-kernels')
  const others = (existsSync(place) ? readdirSync(place) : []).flatMap((name) => {
    const boot = join(place, name, 'boot')
    const image = readdirSync(boot).find((each) => each.startsWith('vmlinuz-'))
    return image === undefined ? [] : [[image, readFileSync(join(boot, image))] as const]
  })
  const { kernel } = await defaultGuest(() => {})
  return [['the default guest', kernel] as const, ...others]
}

/** Boots a kernel to a command's end: what it printed, and the machine as it then is. */
async function booted(image: Uint8Array): Promise<{ readonly printed: string; readonly machine: Machine }> {
  const printed: string[] = []
  const onTransmit = (port: number, byte: number): void => {
    if (port === execPorts.stdout) printed.push(String.fromCharCode(byte))
  }
  const machine = new Machine({ memorySize, table: processorNamed('default'), onTransmit })
  const { initrd } = await defaultGuest(() => {})
  const loaded = loadImage(image, {
    memorySize,
    initrd: joined(initrd, execArchive(command, false)),
    commandLine: 'console=ttyS0 panic=-1 quiet',
    rsdp: firmwareTables().base,
  })
  if (loaded.kind !== 'loaded') throw new Error(loaded.says)
  machine.load(loaded)
  for (;;) {
    const result = machine.slice(slice)
    if (result.kind === 'ended') return { printed: printed.join(''), machine }
    if (result.kind === 'idle') machine.warpTo(result.until)
  }
}

describe('symbols that are found in the memory of a guest', async () => {
  test.each(await kernels())('are those that its own kernel prints: %s', async (_, image) => {
    const { printed, machine } = await booted(image)
    const found = findKallsyms(machine.vm.memory.bytes)
    const lines = found?.symbols.map(
      ({ address, kind, name }) => `${address.toString(16).padStart(16, '0')} ${kind} ${name}\n`,
    )
    expect(lines?.length).toBeGreaterThan(50_000)
    expect(printed.split(' ')[0]).toBe(
      createHash('sha256')
        .update(lines?.join('') ?? '')
        .digest('hex'),
    )
  })
})
