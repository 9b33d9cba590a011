import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpio } from '@vmm/initramfs'

/** Something that a machine needs and does not have, in one line. */
export class Missing extends Error {}

/** Where the probe is played. */
export interface Machine {
  /** The name of its recordings: module, release and processor. */
  readonly package: string
  readonly processor: string
  /** Lines of the kernel's configuration that speak of KVM. */
  readonly kconfig: readonly string[]
  /** Whether guests are entered there. */
  readonly runsGuests: boolean
  /** What the probe prints. */
  readonly printed: string
}

/** A Debian kernel with the modules of its KVM, unpacked. */
interface Kernel {
  readonly package: string
  readonly image: string
  readonly modules: readonly Uint8Array[]
  readonly kconfig: readonly string[]
}

const program = fileURLToPath(new URL('probe.c', import.meta.url))
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vmm', 'judge-kernels')
const secondsOfQemu = 600
const secondsOfBochs = 1800
const secondsOfVmm = 1800
const runner = fileURLToPath(new URL('../../../../apps/runner/src/main.ts', import.meta.url))
const cpuWithVmx = 'max'

function run(
  command: string,
  words: readonly string[],
  options: { cwd?: string; seconds?: number; stdio?: 'pipe' | 'ignore' } = {},
): string {
  const { seconds = 120, ...rest } = options
  const limits = {
    encoding: 'utf8' as const,
    maxBuffer: 1 << 28,
    timeout: 1000 * seconds,
    stdio: 'pipe' as 'pipe' | 'ignore',
  }
  const done = spawnSync(command, words, { ...limits, ...rest })
  if (done.error !== undefined && 'code' in done.error && done.error.code === 'ENOENT')
    throw new Missing(`${command} is not installed`)
  if (done.status !== 0) throw new Error(`${command}: ${done.error?.message ?? done.stderr?.trim()}`)
  return done.stdout ?? ''
}

/** The probe, compiled into a directory. */
function compiled(place: string): string {
  const made = join(place, 'probe')
  run('gcc', ['-O2', '-static', '-pthread', '-o', made, program])
  return made
}

const speaksOfKvm = /KVM|X86_SGX|SCHED_INFO|SCHEDSTATS|TASK_DELAY|HAVE_KVM|EVENTFD|X86_MCE/

const kconfigIn = (text: string): readonly string[] =>
  text.split('\n').filter((line) => /^(# )?CONFIG_/.test(line) && speaksOfKvm.test(line))

/**
 * Plays a script on this machine's /dev/kvm.
 * @throws {Missing} if it does not open, or there is no compiler.
 */
export function playLive(script: string, place: string): Machine {
  if (!existsSync('/dev/kvm')) throw new Missing('this machine has no /dev/kvm')
  const file = join(place, 'script')
  writeFileSync(file, script)
  const printed = run(compiled(place), [file], { seconds: secondsOfQemu })
  const zipped = existsSync('/proc/config.gz') ? run('gzip', ['-dc', '/proc/config.gz']) : ''
  const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
  const named = /^cpuinfo model: (.*)$/m.exec(printed)?.[1] ?? 'unknown'
  return {
    package: `no package: a cloud's own build, ${release}`,
    processor: named,
    kconfig: kconfigIn(zipped),
    runsGuests: !printed.includes('kvm_pvm'),
    printed,
  }
}

/**
 * Plays a script on Debian's kernel of a series with kvm_amd, under QEMU without acceleration.
 * @throws {Missing} if QEMU, a compiler or the kernel's package is not to be had.
 */
export function playDebian(series: string, script: string, place: string): Machine {
  const kernel = debianKernel(series, ['irqbypass', 'kvm', 'kvm-amd'])
  const [archive, serial] = [join(place, 'initramfs'), join(place, 'serial')]
  writeFileSync(archive, initramfs(kernel, script, place))
  const words = [
    '-accel',
    'tcg',
    '-cpu',
    'max',
    '-m',
    '768',
    '-display',
    'none',
    '-no-reboot',
    '-serial',
    `file:${serial}`,
  ]
  const append = 'console=ttyS0 quiet loglevel=0 panic=-1 mitigations=off'
  run('qemu-system-x86_64', [...words, '-kernel', kernel.image, '-initrd', archive, '-append', append], {
    seconds: secondsOfQemu,
  })
  const version = /version (\S+)/.exec(run('qemu-system-x86_64', ['--version']))?.[1] ?? ''
  const processor = `qemu-system-x86_64 ${version} -accel tcg -cpu max`
  return { ...kernel, processor, runsGuests: true, printed: readFileSync(serial, 'latin1') }
}

/**
 * Plays a script on Debian's kernel of a series with kvm_intel, on one of Bochs' processors with VMX.
 * @throws {Missing} if Bochs, xorriso, isolinux, a compiler or the kernel's package is not to be had.
 */
export function playBochs(series: string, model: string, script: string, place: string): Machine {
  const kernel = debianKernel(series, ['irqbypass', 'kvm', 'kvm-intel'])
  const [disc, serial] = [join(place, 'disc'), join(place, 'serial')]
  bootDisc(disc, kernel, initramfs(kernel, script, place))
  const options = join(place, 'bochsrc')
  writeFileSync(options, bochsOptions({ model, disc: `${disc}.iso`, serial, log: join(place, 'log') }))
  writeFileSync(join(place, 'commands'), 'c\n')
  try {
    run('bochs', ['-q', '-f', options, '-rc', join(place, 'commands')], {
      seconds: secondsOfBochs,
      cwd: place,
      stdio: 'ignore',
    })
  } catch (error) {
    if (error instanceof Missing || !existsSync(serial)) throw error
  }
  return { ...kernel, processor: `Bochs model ${model}`, runsGuests: true, printed: readFileSync(serial, 'latin1') }
}

/**
 * Plays a script on Debian's kernel of a series with kvm_intel, in a guest of `vmm` whose processor has VMX.
 * @throws {Missing} if a compiler or the kernel's package is not to be had, or the guest's kernel finds no VMX.
 */
export function playVmm(series: string, script: string, place: string): Machine {
  const kernel = debianKernel(series, ['irqbypass', 'kvm', 'kvm-intel'])
  const archive = join(place, 'initramfs')
  writeFileSync(archive, initramfs(kernel, script, place))
  const words = [
    'run',
    kernel.image,
    '--initrd',
    archive,
    '--cpu',
    cpuWithVmx,
    '--memory',
    '768M',
    '--clock',
    'virtual',
  ]
  const append = 'quiet loglevel=0 panic=-1 mitigations=off'
  const printed = run(process.execPath, [runner, ...words, '--append', append], { seconds: secondsOfVmm })
  if (!printed.includes('module kvm_intel')) throw new Missing(`kvm_intel finds no VMX in a guest of vmm`)
  return { ...kernel, processor: `vmm --cpu ${cpuWithVmx}`, runsGuests: true, printed }
}

function initramfs({ modules }: Kernel, script: string, place: string): Uint8Array {
  const file = (path: string, content: Uint8Array, mode: number) => ({ kind: 'file', path, content, mode }) as const
  return cpio([
    { kind: 'directory', path: 'dev' },
    { kind: 'device', path: 'dev/console', type: 'character', major: 5, minor: 1, mode: 0o600 },
    file('init', readFileSync(compiled(place)), 0o755),
    file('script', new TextEncoder().encode(script), 0o644),
    ...modules.map((data, nth) => file(`m${nth}.ko`, data, 0o644)),
  ])
}

/** The newest kernel of a series that the package sources have, fetched once. */
function debianKernel(series: string, names: readonly string[]): Kernel {
  const name = newestOf(series)
  const place = join(cache, name)
  if (!existsSync(join(place, 'boot'))) fetchInto(place, name)
  const release = name.replace('linux-image-', '')
  const tree = join(place, 'lib/modules', release, 'kernel')
  const files = readdirSync(tree, { recursive: true, encoding: 'utf8' })
  const modules = names.map((wanted) =>
    files.find((file) => [`${wanted}.ko`, `${wanted}.ko.xz`].includes(basename(file))),
  )
  const missing = names[modules.indexOf(undefined)]
  if (missing !== undefined) throw new Missing(`${name} has no module ${missing}`)
  const version = readFileSync(join(place, 'version'), 'utf8').trim()
  return {
    package: `Debian ${name} ${version}`,
    image: join(place, 'boot', `vmlinuz-${release}`),
    modules: modules.map((file) => unpacked(join(tree, file ?? ''))),
    kconfig: kconfigIn(readFileSync(join(place, 'boot', `config-${release}`), 'utf8')),
  }
}

function unpacked(file: string): Uint8Array {
  if (!file.endsWith('.xz')) return readFileSync(file)
  const done = spawnSync('xz', ['-dc', file], { maxBuffer: 1 << 28 })
  if (done.status !== 0) throw new Missing('xz is not installed')
  return done.stdout
}

function newestOf(series: string): string {
  const pattern = `^linux-image-${series.replace('.', '\\.')}\\.[0-9].*[0-9]-cloud-amd64$|^linux-image-${series.replace('.', '\\.')}\\..*deb.*-cloud-amd64$`
  const kept = existsSync(cache) ? readdirSync(cache) : []
  const found = run('apt-cache', ['search', '--names-only', pattern])
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
  const names = [...found, ...kept].filter((name) => name.startsWith(`linux-image-${series}.`))
  const newest = names.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1)
  if (newest === undefined) throw new Missing(`no package source has a cloud kernel of ${series}`)
  return newest
}

function fetchInto(place: string, name: string): void {
  mkdirSync(place, { recursive: true })
  run('apt-get', ['download', name], { cwd: place, seconds: 600 })
  const file = readdirSync(place).find((each) => each.endsWith('.deb'))
  if (file === undefined) throw new Missing(`${name} could not be fetched`)
  const version = run('dpkg-deb', ['--field', join(place, file), 'Version'])
  run('dpkg-deb', ['-x', join(place, file), place])
  writeFileSync(join(place, 'version'), version)
}

const isolinux = ['/usr/lib/ISOLINUX/isolinux.bin', '/usr/lib/syslinux/modules/bios/ldlinux.c32']

function bootDisc(place: string, { image }: Kernel, archive: Uint8Array): void {
  mkdirSync(join(place, 'isolinux'), { recursive: true })
  for (const file of isolinux) {
    if (!existsSync(file)) throw new Missing(`${file} is not installed`)
    writeFileSync(join(place, 'isolinux', basename(file)), readFileSync(file))
  }
  writeFileSync(join(place, 'vmlinuz'), readFileSync(image))
  writeFileSync(join(place, 'initrd'), archive)
  const append = 'console=ttyS0 quiet loglevel=0 panic=-1 mitigations=off nokaslr tsc=reliable lpj=1000000'
  const config = `DEFAULT l\nPROMPT 0\nTIMEOUT 1\nLABEL l\n KERNEL /vmlinuz\n APPEND initrd=/initrd ${append}\n`
  writeFileSync(join(place, 'isolinux/isolinux.cfg'), config)
  const boot = [
    '-b',
    'isolinux/isolinux.bin',
    '-c',
    'isolinux/boot.cat',
    '-no-emul-boot',
    '-boot-load-size',
    '4',
    '-boot-info-table',
  ]
  run('xorriso', ['-as', 'mkisofs', '-quiet', '-o', `${place}.iso`, ...boot, place])
}

function bochsOptions({
  model,
  disc,
  serial,
  log,
}: Readonly<Record<'model' | 'disc' | 'serial' | 'log', string>>): string {
  return `megs: 512
cpu: model=${model}, count=1, ips=100000000, reset_on_triple_fault=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
display_library: rfb, options="timeout=0"
clock: sync=none, rtc_sync=0
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=${disc}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=${serial}
log: ${log}
sound: driver=dummy, waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
plugin_ctrl: speaker=0, unmapped=1, biosdev=1, extfpuirq=0, parallel=0, iodebug=0
`
}
