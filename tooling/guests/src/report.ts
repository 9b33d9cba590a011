import { disagreements } from './compare.ts'
import { unable } from './deviations.rows.ts'
import { bochs } from './hosts/bochs.ts'
import { ours } from './hosts/ours.ts'
import { qemu } from './hosts/qemu.ts'
import { kernels } from './kernels/all.ts'
import { knownDeviations } from './known-deviations.ts'

/** Runs every kernel, or one, on every host that is installed, and prints what they say. Gives the exit status. */
export function judgeSystem({ only }: { readonly only?: string }): number {
  const chosen = Object.entries(kernels).filter(([name]) => only === undefined || only === name)
  if (chosen.length === 0) throw new RangeError(`--only ${only}: expected one of ${Object.keys(kernels).join(', ')}`)
  let status = 0
  for (const host of [ours, qemu, bochs]) {
    if (host.absent !== undefined) {
      console.log(`${host.name}: skipped, ${host.absent}`)
      continue
    }
    const known = knownDeviations.filter((deviation) => deviation.host === host.name)
    for (const [name, make] of chosen) {
      const reason = unable.find((each) => each.host === host.name && each.kernel === name)?.because
      if (reason !== undefined) {
        console.log(`${host.name}: ${name}: skipped, ${reason}`)
        continue
      }
      const kernel = make()
      const found = disagreements(kernel, host.ask(kernel), known)
      const deviating = known.filter((deviation) => deviation.kernel === name).length
      const also = deviating === 0 ? '' : `, ${deviating} known deviations`
      console.log(
        `${host.name}: ${name}: ${kernel.checks.length - found.length} of ${kernel.checks.length} as expected${also}`,
      )
      for (const { check, expected, answer } of found) console.log(`  ${check}: ${answer}; expected ${expected}`)
      if (found.length > 0) status = 1
    }
  }
  return status
}
