import { withScratch } from '@vmm/scratch'
import { runHere, vmmWords } from './linux-hosts.ts'
import { linuxScene, probeScene, withModule } from './scenes.ts'

const usage = `usage: pnpm nested probe|linux [COMMAND]

probe  runs small guests in real, protected and 64-bit mode by the default guest's own /dev/kvm
linux  boots Linux in the default guest to its shell, has it run COMMAND, and switches it off
`

async function main([name, command = 'uname -srm; dmesg | grep -c KVM']: readonly string[]): Promise<number> {
  if (name !== 'probe' && name !== 'linux') {
    console.error(usage)
    return 2
  }
  return await withScratch('nested', async (place) => {
    const scene = name === 'probe' ? probeScene(place) : await linuxScene(place, `${command}; poweroff -f`)
    return runHere(vmmWords(withModule('kvm_intel', scene.command), scene.files))
  })
}

process.exitCode = await main(process.argv.slice(2))
