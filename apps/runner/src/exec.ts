import { readFileSync } from 'node:fs'
import { cpio, type Entry } from '@vmm/initramfs'

/** Where the command waits for the guest's init, and where that init is in someone else's initrd. */
const commandPath = 'vmm/command'
const foreignInit = 'vmm/init'

/** Kernel parameters with which our init starts in someone else's initrd, and finds four serial lines. */
export const foreignInitParameters = `rdinit=/${foreignInit} 8250.nr_uarts=4`

/** Serial lines that carry what a command says, as COM port indices: neither the console nor printk uses them. */
export const execPorts = { stdout: 1, stderr: 2, status: 3 } as const

/**
 * The script that the guest starts with. It says nothing itself. With a command it runs it with its output on serial
 * lines of its own and sends its status when they have been emptied; without one it gives the console a shell with job
 * control. Then the machine powers off.
 */
const init = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ TERM=\${TERM:-vt100}
if [ ! -e /bin/mount ] && [ -x /bin/busybox ]; then
  /bin/busybox mkdir -p /bin /sbin /usr/bin /usr/sbin
  /bin/busybox --install -s
fi
for each in proc sys dev tmp; do [ -d /$each ] || mkdir /$each; done
mount -t proc proc /proc 2>/dev/null
mount -t sysfs sys /sys 2>/dev/null
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp 2>/dev/null
if [ -f /${commandPath} ]; then
  # what this shell has to say, of a command that a signal ends for one, is nobody's output
  exec 2>/dev/null
  for line in 1 2 3; do stty raw -echo </dev/ttyS$line; done
  (exec sh /${commandPath} </dev/null >/dev/ttyS1 2>/dev/ttyS2)
  echo $? >/dev/ttyS3
else
  setsid cttyhack sh
fi
poweroff -f || echo o >/proc/sysrq-trigger
sleep 60
`

/** Directories, the console and the init script, for an initramfs that has busybox. */
export function initEntries(): readonly Entry[] {
  return [
    ...['proc', 'sys', 'dev', 'tmp', 'vmm'].map((path): Entry => ({ kind: 'directory', path })),
    { kind: 'device', path: 'dev/console', type: 'character', major: 5, minor: 1 },
    { kind: 'file', path: 'init', content: Buffer.from(init), mode: 0o755 },
  ]
}

/** An archive to append: the command, and our init where an initrd of someone else's is used. */
export function execArchive(command: string | Uint8Array, withInit: boolean): Uint8Array {
  const entries: Entry[] = [
    { kind: 'directory', path: 'vmm' },
    { kind: 'file', path: commandPath, content: Buffer.concat([Buffer.from(command), Buffer.from('\n')]) },
  ]
  const own: Entry = { kind: 'file', path: foreignInit, content: Buffer.from(init), mode: 0o755 }
  return cpio(withInit ? [...entries, own] : entries)
}

const replacement = '\ufffd'

/** The bytes of an argument of ours as the kernel has them: Node's arguments are text, and what is no UTF-8 is lost in them. */
export function argumentBytes(argument: string): Uint8Array {
  const plain = Buffer.from(argument)
  if (!argument.includes(replacement)) return plain
  try {
    const all = readFileSync('/proc/self/cmdline')
    for (let at = 0; at < all.length; ) {
      const end = all.indexOf(0, at)
      const bytes = all.subarray(at, end)
      for (const value of [bytes, bytes.subarray(bytes.indexOf('=') + 1)])
        if (value.toString() === argument) return value
      at = end + 1
    }
  } catch {
    // no such file here: the text is all there is
  }
  return plain
}

/** Collects the status that the guest sends as decimal digits and a newline. */
export class ExecStatus {
  #digits = ''
  /** Undefined until the command has ended. */
  status: number | undefined

  receive(byte: number): void {
    const character = String.fromCharCode(byte)
    if (character >= '0' && character <= '9') this.#digits += character
    else if (character === '\n' && this.#digits !== '') this.status = Number(this.#digits) & 0xff
  }
}
