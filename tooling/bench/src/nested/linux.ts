import { linuxScene, probeScene, vmmWords, withModule } from '@vmm/guests'
import { vmmCommand } from '../command.ts'
import { between, type Failure } from '../engine/samples.ts'
import { type Mark, watched } from '../engine/watched.ts'

const limit = 600
const shell = { l1: 'shell of l1', begin: 'begin of l2', l2: 'shell of l2' } as const

/** CPU seconds from start to shell of Linux, and of Linux in it: who shares the machine with others takes longer for both. */
export interface Boots {
  readonly l1: number
  readonly l2: number
}

/** Boots Linux, and in it the same by `l2-linux`, each until its shell has said something. */
export async function linuxBoots(place: string): Promise<Boots | Failure> {
  const { files, command } = await linuxScene(place, `echo ${shell.l2}; poweroff -f`)
  const told = `echo ${shell.l1}; ${withModule('kvm_intel', `echo ${shell.begin}`)} && ${command}`
  const start = { command: process.execPath, args: [vmmCommand(), ...vmmWords(told, files)] }
  const { marks, failure } = await watched(start, (line) => line === shell.l2, limit)
  const at = (line: string): Mark | undefined => marks.find((mark) => mark.line === line)
  const [l1, begin, l2] = [at(shell.l1), at(shell.begin), at(shell.l2)]
  if (l1 === undefined || begin === undefined || l2 === undefined) return { failure: failure ?? 'no mark' }
  return { l1: l1.cpuSeconds, l2: l2.cpuSeconds - begin.cpuSeconds }
}

/** CPU seconds that so many exits for CPUID take with the default guest's KVM for a hypervisor. */
export async function exitsUnderKvm(rounds: number, place: string): Promise<{ readonly cpuSeconds: number } | Failure> {
  const { files, command } = probeScene(place)
  const told = withModule('kvm_intel', `${command} ${rounds}`)
  const start = { command: process.execPath, args: [vmmCommand(), ...vmmWords(told, files)] }
  const { marks, failure } = await watched(start, (line) => line.startsWith('end '), limit)
  const [begin, end] = [marks.find(({ line }) => line === 'begin'), marks.at(-1)]
  if (begin === undefined || end === undefined || failure !== undefined) return { failure: failure ?? 'no mark' }
  return between(begin, end)
}
