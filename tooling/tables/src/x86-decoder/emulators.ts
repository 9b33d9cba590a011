import { type Kernel, kernels, knownDeviations, unable } from '@vmm/guests'
import { createDecoded, decode } from '@vmm/x86-decoder'

/** Who runs the kernels that ask in system mode. */
export const emulators = ['qemu', 'bochs'] as const
type Emulator = (typeof emulators)[number]

/** In how many checks that have the instruction each of them does what we do: those of known deviations do not count. */
export type EmulatorJudgement = Readonly<Record<Emulator, number>>

/**
 * The rows that the checks of the system kernels are made of, by number. What is told of the emulators is what the long tests of
 * `tooling/guests` hold them to.
 */
export function judgedInKernels(): ReadonlyMap<number, EmulatorJudgement> {
  const judged = new Map<number, Record<Emulator, number>>()
  for (const [name, make] of Object.entries(kernels)) {
    const asked = emulators.filter((host) => !unable.some((each) => each.host === host && each.kernel === name))
    if (asked.length === 0) continue
    const kernel = make()
    for (const [index, check] of kernel.checks.entries()) {
      const alike = asked.filter((host) => !deviates(host, name, check.name))
      for (const row of rowsOf(kernel, index)) {
        const counts = judged.get(row) ?? { qemu: 0, bochs: 0 }
        judged.set(row, counts)
        for (const host of alike) counts[host] += 1
      }
    }
  }
  return judged
}

/** Whether somebody is known to do otherwise than we do: it, or we. */
const deviates = (host: Emulator, kernel: string, check: string): boolean =>
  knownDeviations.some(
    (one) => (one.host === host || one.host === 'vmm') && one.kernel === kernel && one.check === check,
  )

const longest = 15
const decoded = createDecoded()

function rowsOf({ image, instructions = [] }: Kernel, check: number): ReadonlySet<number> {
  const found = new Set<number>()
  for (const { offset, codeSize } of instructions[check] ?? [])
    if (decode(image, offset, Math.min(offset + longest, image.length), codeSize, decoded) === undefined)
      found.add(decoded.row)
  return found
}
