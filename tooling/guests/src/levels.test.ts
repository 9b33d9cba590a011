import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { al, dx } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { withFile } from './hosts/with-file.ts'
import { VmxKernelBuilder } from './vmx/scene.ts'

const runner = fileURLToPath(new URL('../../../apps/runner/src/main.ts', import.meta.url))
const port = 0x80

/** L2 writes to a port, which is L0's, and executes CPUID, which is L1's. */
function image(): Uint8Array {
  const k = new VmxKernelBuilder('levels')
  k.check('CPUID', 'a 0', { code: (a) => a.mov(dx, port).out(dx, al).cpuid() })
  return k.kernel.finish().image
}

/** Exits and entries of L2, and of who enters it, in a trace. */
const seen = /kvm_\w+: .*?(VMLAUNCH|IO_INSTRUCTION|CPUID)?[^A-Z]*( rip .*)?(L\d to L\d)$/

test('a trace tells the level of each exit and entry, and the report counts exits by it', () => {
  withFile(image(), (path, directory) => {
    const [trace, report] = [join(directory, 'trace'), join(directory, 'report')]
    const words = ['run', '--cpu', 'max', '--trace', `exits=${trace}`, '--report', report, path]
    spawnSync(process.execPath, [runner, ...words])
    const lines = readFileSync(trace, 'utf8').split('\n')
    const launched = lines.findIndex((line) => line.includes('reason VMLAUNCH'))
    const told = lines.slice(launched).flatMap((line) => {
      const [, reason = 'entry', , levels] = seen.exec(line) ?? []
      return levels === undefined ? [] : [`${reason} ${levels}`]
    })
    expect(told.slice(0, 6)).toEqual([
      'VMLAUNCH L1 to L0',
      'entry L0 to L2',
      'IO_INSTRUCTION L2 to L0',
      'entry L0 to L2',
      'CPUID L2 to L1',
      'entry L0 to L1',
    ])
    const { exits } = JSON.parse(readFileSync(report, 'utf8'))
    expect(exits).toMatchObject({
      'L1 to L0': { VMLAUNCH: 1, VMON: 1 },
      'L2 to L0': { IO_INSTRUCTION: 1 },
      'L2 to L1': { CPUID: 1 },
    })
  })
})
