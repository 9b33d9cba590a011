import { withScratch } from '@vmm/scratch'
import { describe, expect, test } from 'vitest'
import { oursLinux, qemuLinux } from './linux-hosts.ts'
import { hasCompiler } from './programs.ts'
import { linuxScene, probeScene, withModule } from './scenes.ts'

const told = (hole: string, plus: string): string =>
  `in(10) out(11)=42 write(${hole}10,4)=12345678 ${plus} out(13)=7020324c`
const narrow = (hole: string): string => told(hole, `read(${hole}14,4)=c3c3c3c3 out(12)=c3c3c3c3`)
const ending = 'out(15)=20 out(14)=5a'

/** What small guests do, whoever runs them. */
const probed = [
  `real mode: ${narrow('d00')} hlt ${ending} hlt`,
  `protected mode: ${narrow('e00000')} hlt ${ending} hlt`,
  `64-bit mode: ${told('e00000', 'read(e0000018,8)=c3c3c3c3c3c3c3c3 out(12)=c3c3c3c3 out(12)=c3c3c3c3')} hlt ${ending} hlt`,
  `real mode, controllers in the kernel: ${narrow('d00')} ${ending}`,
  '',
].join('\n')

for (const host of [qemuLinux, oursLinux]) {
  const absent = hasCompiler ? host.absent : 'gcc is not installed'
  if (absent !== undefined) console.log(`${host.name} runs no guests of guests: ${absent}`)
  describe.skipIf(absent !== undefined)(`by the KVM of a guest of ${host.name}`, () => {
    test('small guests run in each mode', async () => {
      await withScratch('nested', async (place) => {
        const { files, command } = probeScene(place)
        expect(await host.run(withModule(host.module, command), files)).toEqual({ stdout: probed, status: 0 })
      })
    })

    test('Linux boots to its shell, on the clock of KVM, and switches itself off', async () => {
      await withScratch('nested', async (place) => {
        const says = 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource; poweroff -f'
        const { files, command } = await linuxScene(place, says)
        const { stdout, status } = await host.run(withModule(host.module, command), files)
        expect(stdout).toContain('kvm-clock\r\n')
        expect(stdout).toContain('reboot: Power down')
        expect(status).toBe(0)
      })
    })
  })
}
