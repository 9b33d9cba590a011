import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpio, joined } from '@vmm/initramfs'
import { defaultGuest } from '@vmm/runner/default-guest'
import { execArchive } from '@vmm/runner/exec'
import { withScratch } from '@vmm/scratch'

/** What a command in Linux said, and what it ended with. */
export interface Said {
  readonly stdout: string
  readonly status: number | undefined
}

/** A file of ours and its path in the guest. */
export interface GuestFile {
  readonly from: string
  readonly to: string
}

/** How many processors the default guest has, whether they run at the same time, and what `vmm` makes them: everything, unless told. */
export interface Processors {
  readonly cpus: number
  readonly smp: 'turns' | 'threads'
  readonly cpu?: string
}

/** Who runs the default guest with virtualization of its own, and the module for it. */
export interface LinuxHost {
  readonly name: string
  readonly absent: string | undefined
  readonly module: 'kvm_intel' | 'kvm_amd'
  /** What Linux in a guest of its guest takes for its clock: the TSC where it is invariant. Source: arch/x86/kernel/kvmclock.c kvmclock_init. */
  readonly clock: 'tsc' | 'kvm-clock'
  run(command: string, files: readonly GuestFile[]): Promise<Said>
}

const seconds = 600
const megabytes = '768'
const serialLines = [0, 1, 2, 3] as const
const runner = fileURLToPath(new URL('../../../../apps/runner/src/main.ts', import.meta.url))

const alone: Processors = { cpus: 1, smp: 'turns' }

/** QEMU's TCG, whose processors have SVM. */
export const qemuLinux = ({ cpus, smp }: Processors = alone): LinuxHost => ({
  name: 'qemu',
  absent:
    spawnSync('qemu-system-x86_64', ['--version']).status === 0 ? undefined : 'qemu-system-x86_64 is not installed',
  module: 'kvm_amd',
  clock: 'kvm-clock',
  run: async (command, files) => {
    const guest = await defaultGuest((says) => console.log(says))
    return withScratch('nested', (place) => {
      const [kernel, initrd] = [join(place, 'kernel'), join(place, 'initrd')]
      const added = cpio(
        files.map(({ from, to }) => ({ kind: 'file', path: to, content: readFileSync(from), mode: 0o755 }) as const),
      )
      writeFileSync(kernel, guest.kernel)
      writeFileSync(initrd, joined(guest.initrd, added, execArchive(command, false)))
      const lines = serialLines.map((line) => join(place, `serial${line}`))
      spawnSync(
        'qemu-system-x86_64',
        [
          ...[
            '-accel',
            `tcg,thread=${smp === 'turns' ? 'single' : 'multi'}`,
            '-smp',
            `${cpus}`,
            '-cpu',
            'max',
            '-m',
            megabytes,
            '-display',
            'none',
            '-no-reboot',
          ],
          ...lines.flatMap((line) => ['-serial', `file:${line}`]),
          ...['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 quiet mitigations=off'],
        ],
        { timeout: 1000 * seconds },
      )
      const [, stdout = '', , status = ''] = lines.map((line) => readFileSync(line, 'latin1'))
      return { stdout, status: /^\d+/.test(status) ? Number.parseInt(status, 10) : undefined }
    })
  },
})

/** The words of `vmm run` for a guest with VMX, and files in it. */
export const vmmWords = (
  command: string,
  files: readonly GuestFile[],
  { cpus, smp, cpu = 'max' }: Processors = alone,
): readonly string[] => [
  ...['run', '--cpus', `${cpus}`, '--smp', smp],
  '--cpu',
  cpu,
  '--memory',
  `${megabytes}M`,
  ...files.flatMap(({ from, to }) => ['--add', `${from}=${to}`]),
  '--exec',
  command,
]

/** `vmm run`, whose processors have VMX. */
export const oursLinux = (processors: Processors = alone): LinuxHost => ({
  name: 'vmm',
  absent: undefined,
  module: 'kvm_intel',
  clock: 'tsc',
  run: async (command, files) => {
    const ended = spawnSync(process.execPath, [runner, ...vmmWords(command, files, processors)], {
      encoding: 'latin1',
      timeout: 1000 * seconds,
    })
    return { stdout: ended.stdout, status: ended.status ?? undefined }
  },
})

/** Runs `vmm` with the terminal that this process has; answers its status. */
export function runHere(words: readonly string[]): number {
  return spawnSync(process.execPath, [runner, ...words], { stdio: 'inherit' }).status ?? 1
}
