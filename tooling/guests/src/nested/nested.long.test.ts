import { withScratch } from '@vmm/scratch'
import { describe, expect, test } from 'vitest'
import { oursLinux, qemuLinux } from './linux-hosts.ts'
import { probed, severalRan } from './probed.ts'
import { hasCompiler } from './programs.ts'
import { linuxScene, probeScene, severalScene, withModule } from './scenes.ts'

for (const host of [qemuLinux(), oursLinux()]) {
  const absent = hasCompiler ? host.absent : 'gcc is not installed'
  if (absent !== undefined) console.log(`${host.name} runs no guests of guests: ${absent}`)
  describe.skipIf(absent !== undefined)(`by the KVM of a guest of ${host.name}`, () => {
    test('small guests run in each mode', async () => {
      await withScratch('nested', async (place) => {
        const { files, command } = probeScene(place)
        expect(await host.run(withModule(host.module, command), files)).toEqual({ stdout: probed, status: 0 })
      })
    })

    test('Linux boots to its shell, on the clock that its CPUID makes the better one, and switches itself off', async () => {
      await withScratch('nested', async (place) => {
        const says = 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource; poweroff -f'
        const { files, command } = await linuxScene(place, says)
        const { stdout, status } = await host.run(withModule(host.module, command), files)
        expect(stdout).toContain(`\r\n${host.clock}\r\n`)
        expect(stdout).toContain('reboot: Power down')
        expect(status).toBe(0)
      })
    })
  })
}

const rounds = 32

for (const smp of ['turns', 'threads'] as const)
  for (const host of [qemuLinux({ cpus: 2, smp }), oursLinux({ cpus: 2, smp })]) {
    const absent = hasCompiler ? host.absent : 'gcc is not installed'
    describe.skipIf(absent !== undefined)(`by the KVM of a guest of ${host.name} with two processors, ${smp}`, () => {
      test('guests with two processors of their own lose nothing, alone and beside each other', async () => {
        await withScratch('nested', async (place) => {
          const { files, command } = severalScene(place, rounds)
          const told = await host.run(withModule(host.module, command), files)
          expect(told).toEqual({ stdout: severalRan(rounds), status: 0 })
        })
      })
    })
  }
