import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultGuest } from '@vmm/runner/default-guest'
import type { GuestFile } from './linux-hosts.ts'
import { compiled } from './programs.ts'

/** What Linux is given to run a guest in. */
export interface NestedScene {
  readonly files: readonly GuestFile[]
  /** What it is told, when its KVM is there. */
  readonly command: string
}

/** `l2-probe`: small guests in each mode. */
export function probeScene(place: string): NestedScene {
  return { files: [{ from: compiled('l2-probe', place), to: 'bin/l2-probe' }], command: 'l2-probe' }
}

/** `l2-several`: guests with two processors, which interrupt each other so often. */
export function severalScene(place: string, rounds: number): NestedScene {
  return { files: [{ from: compiled('l2-several', place), to: 'bin/l2-several' }], command: `l2-several ${rounds}` }
}

/** `l2-linux`: the default guest's kernel and shell again, which is told something on its console. */
export async function linuxScene(place: string, says: string): Promise<NestedScene> {
  const guest = await defaultGuest((line) => console.log(line))
  const [kernel, initrd] = [join(place, 'vmlinuz'), join(place, 'initrd')]
  writeFileSync(kernel, guest.kernel)
  writeFileSync(initrd, guest.initrd)
  const files = [
    { from: compiled('l2-linux', place), to: 'bin/l2-linux' },
    { from: kernel, to: 'root/vmlinuz' },
    { from: initrd, to: 'root/initrd' },
  ]
  const parameters = 'console=ttyS0 panic=-1 quiet'
  const told = `printf '%s\\n' ${JSON.stringify(says)}`
  return { files, command: `${told} | l2-linux /root/vmlinuz /root/initrd 192 '${parameters}'` }
}

/** The same with the module loaded before. */
export const withModule = (module: string, command: string): string => `modprobe ${module} && ${command}`
