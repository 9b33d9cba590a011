import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, answerOfProgram, type Host } from './answer.ts'
import { bootDisk, geometry } from './boot-disk.ts'
import { withFile } from './with-file.ts'

/** How long it may take on a machine that has much else to do: several processors take turns, and are looked for by the firmware. */
const milliseconds = { one: 8_000, several: 60_000 } as const
const attempts = 4
const firmware = '/usr/share/bochs/BIOS-bochs-latest'
/** Where the firmware of a display may be: a package of its own that Bochs only suggests, or SeaBIOS's. */
const displays = ['/usr/share/bochs/VGABIOS-lgpl-latest', '/usr/share/seabios/vgabios-stdvga.bin'] as const
const display = displays.find((path) => existsSync(path))

const configuration = (disk: string, output: string, processors: number): string =>
  [
    'megs: 128',
    `cpu: model=tigerlake, count=${processors}, ips=50000000, reset_on_triple_fault=0`,
    `romimage: file=${firmware}`,
    `vgaromimage: file=${display ?? ''}`,
    'display_library: rfb, options="timeout=0"',
    'clock: sync=none, rtc_sync=0',
    'ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14',
    `ata0-master: type=disk, path=${disk}, mode=flat, cylinders=${geometry.cylinders}, heads=${geometry.heads}, spt=${geometry.sectors}`,
    'boot: disk',
    `com1: enabled=1, mode=file, dev=${output}`,
    `log: ${output}.log`,
    'sound: driver=dummy, waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy',
    // the plugin of the speaker finds no sound card and falls over it
    'plugin_ctrl: speaker=0, unmapped=1, biosdev=1, parallel=0, iodebug=0',
    '',
  ].join('\n')

const whyAbsent = (): string | undefined => {
  const { status } = spawnSync('bochs', ['--help'])
  if (status === null) return 'bochs is not installed'
  if (!existsSync(firmware)) return `${firmware} is missing`
  return display === undefined ? `${displays.join(' and ')} are missing` : undefined
}

/** Bochs, from a disk with a boot sector of ours. */
export const bochs: Host = {
  name: 'bochs',
  absent: whyAbsent(),
  ask: ({ image, processors = 1 }): Answer => {
    const disk = bootDisk(image)
    // now and then its IDE controller does not come up; what has come up is not asked again
    for (let left = attempts; left > 1; left -= 1) {
      const { text, ended } = withFile(disk, boot(processors))
      if (text !== '') return answerOfProgram(text, ended)
    }
    const { text, ended } = withFile(disk, boot(processors))
    return answerOfProgram(text, ended)
  },
}

/** How a disk is started that is in a directory, and the file that its guest's COM1 goes into. */
export interface BochsStart {
  readonly command: string
  readonly args: readonly string[]
  readonly output: string
}

/** Puts what Bochs needs beside a disk, to boot from it. */
export function bochsStart(disk: string, directory: string, processors = 1): BochsStart {
  const [output, rc, commands] = ['com1', 'bochsrc', 'commands'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(rc, configuration(disk, output, processors))
  // a Bochs with its debugger waits for a command
  writeFileSync(commands, 'c\nq\n')
  return { command: 'bochs', args: ['-q', '-f', rc, '-rc', commands], output }
}

const boot = (processors: number) => (path: string, directory: string) => {
  const { command, args, output } = bochsStart(path, directory, processors)
  const timeout = processors > 1 ? milliseconds.several : milliseconds.one
  const ended = spawnSync(command, args, { stdio: 'ignore', timeout, killSignal: 'SIGKILL' })
  return { text: existsSync(output) ? readFileSync(output, 'latin1') : '', ended }
}
