import { withScratch } from '@vmm/scratch'
import { type Processors, runHere, vmmWords } from './linux-hosts.ts'
import { linuxScene, type NestedScene, probeScene, severalScene, withModule } from './scenes.ts'

interface Asked {
  readonly scene: NestedScene
  readonly processors?: Processors
}

const usage = `usage: pnpm nested probe
       pnpm nested several [turns|threads]
       pnpm nested linux [COMMAND]

probe    runs small guests in real, protected and 64-bit mode by the default guest's own /dev/kvm
several  runs guests with two processors there, on two processors, which take turns unless told
linux    boots Linux in the default guest to its shell, has it run COMMAND, and switches it off
`
const rounds = 32

/** What is run by which processors; undefined where nobody knows such a thing. */
async function asked([name, word, ...more]: readonly string[], place: string): Promise<Asked | undefined> {
  if (more.length > 0) return undefined
  switch (name) {
    case 'probe':
      return word === undefined ? { scene: probeScene(place) } : undefined
    case 'several': {
      const smp = word ?? 'turns'
      if (smp !== 'turns' && smp !== 'threads') return undefined
      return { scene: severalScene(place, rounds), processors: { cpus: 2, smp } }
    }
    case 'linux':
      return { scene: await linuxScene(place, `${word ?? 'uname -srm; dmesg | grep -c KVM'}; poweroff -f`) }
    default:
      return undefined
  }
}

const main = (words: readonly string[]): Promise<number> =>
  withScratch('nested', async (place) => {
    if (words.includes('--help') || words.includes('-h')) {
      console.log(usage)
      return 0
    }
    const what = await asked(words, place)
    if (what === undefined) {
      console.error(`expected probe, several or linux, and got '${words.join(' ')}'\n${usage}`)
      return 2
    }
    const { scene, processors } = what
    return runHere(vmmWords(withModule('kvm_intel', scene.command), scene.files, processors))
  })

process.exitCode = await main(process.argv.slice(2))
