import { withScratch } from '@vmm/scratch'
import { expect, test } from 'vitest'
import { oursLinux } from './linux-hosts.ts'
import { probed } from './probed.ts'
import { hasCompiler } from './programs.ts'
import { probeScene, withModule } from './scenes.ts'

test.skipIf(!hasCompiler)('small guests run in each mode, by the KVM of a guest of ours', async () => {
  await withScratch('nested', async (place) => {
    const { files, command } = probeScene(place)
    const host = oursLinux()
    expect(await host.run(withModule(host.module, command), files)).toEqual({ stdout: probed, status: 0 })
  })
})
