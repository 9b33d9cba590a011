import { cpio, type Entry } from '@vmm/initramfs'

/** Where the command waits for the guest's init. */
const commandPath = 'vmm/command'

/** Serial lines that carry what a command says, as COM port indices: neither the console nor printk uses them. */
export const execPorts = { stdout: 1, stderr: 2, status: 3 } as const

/**
 * The script that the guest starts with. It says nothing itself. With a command it runs it with its output on serial
 * lines of its own and sends its status; without one it gives the console a shell. Then the machine powers off.
 */
const init = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ TERM=\${TERM:-vt100}
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
if [ -f /${commandPath} ]; then
  for line in 1 2 3; do stty -F /dev/ttyS$line raw -echo; done
  sh /${commandPath} </dev/null >/dev/ttyS1 2>/dev/ttyS2
  echo $? >/dev/ttyS3
else
  setsid cttyhack sh
fi
poweroff -f
`

const text = (content: string): Uint8Array => new TextEncoder().encode(content)

/** Directories and the init script, for an initramfs that has busybox. */
export function initEntries(): readonly Entry[] {
  return [
    ...['proc', 'sys', 'dev', 'tmp', 'vmm'].map((path): Entry => ({ kind: 'directory', path })),
    { kind: 'device', path: 'dev/console', type: 'character', major: 5, minor: 1 },
    { kind: 'file', path: 'init', content: text(init), mode: 0o755 },
  ]
}

/** An archive to append: the command, and our init where an initrd of someone else's is used. */
export function execArchive(command: string, withInit: boolean): Uint8Array {
  const entries: Entry[] = [
    { kind: 'directory', path: 'vmm' },
    { kind: 'file', path: commandPath, content: text(`${command}\n`) },
  ]
  return cpio(withInit ? [...entries, { kind: 'file', path: 'vmm/init', content: text(init), mode: 0o755 }] : entries)
}

/** Collects the status that the guest sends as decimal digits and a newline. */
export class ExecStatus {
  #digits = ''
  status: number | undefined

  receive(byte: number): void {
    const character = String.fromCharCode(byte)
    if (character >= '0' && character <= '9') this.#digits += character
    else if (character === '\n' && this.#digits !== '') this.status = Number(this.#digits) & 0xff
  }
}
