import { describe, expect, test } from 'vitest'
import { disagreements } from './compare.ts'
import { unable } from './deviations.rows.ts'
import { bochs } from './hosts/bochs.ts'
import { qemu } from './hosts/qemu.ts'
import { kernels } from './kernels/all.ts'
import { knownDeviations } from './known-deviations.ts'

for (const host of [qemu, bochs]) {
  if (host.absent !== undefined) console.log(`${host.name} is not asked: ${host.absent}`)
  describe.skipIf(host.absent !== undefined)(`${host.name} answers as the manual says, but for what is known`, () => {
    const known = knownDeviations.filter((deviation) => deviation.host === host.name)
    for (const [name, make] of Object.entries(kernels)) {
      const isUnable = unable.some((each) => each.host === host.name && each.kernel === name)
      test.skipIf(isUnable)(name, () => {
        const kernel = make()
        expect(disagreements(kernel, host.ask(kernel), known)).toEqual([])
      })
    }
  })
}
