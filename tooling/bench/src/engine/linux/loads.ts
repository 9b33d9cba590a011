import { piping, success, switching } from './programs.ts'

/** Something done inside Linux, by shell commands. */
export interface LinuxLoad {
  readonly name: string
  readonly says: string
  readonly run: string
  /** Prints something that depends on what was done. */
  readonly sum: string
}

const lines = 120_000

/** Lines of numbers that look random, the same everywhere. */
function text(): string {
  let random = 1
  return Array.from({ length: lines }, (_, index) => {
    random = (random * 16_807) % 2_147_483_647
    return `${random} line ${index}\n`
  }).join('')
}

/** The lines so many times over, as input of a command. */
const repeated = (times: number, command: string): string =>
  `for i in $(seq ${times}); do cat /bench/text; done | ${command} >/tmp/out`

const written = '[ -s /tmp/out ] && md5sum </tmp/out'
const checked = (path: string): string => `[ $status = ${success} ] && md5sum <${path}`

/**
 * In the order in which they run; the first of all is the boot itself. Programs of busybox get so much to do that QEMU takes one to three seconds, as it
 * does for rows of computing: what a program costs that has just begun is in the boot.
 */
export const linuxLoads: readonly LinuxLoad[] = [
  { name: 'gzip', says: 'gzip of 10 MB', run: repeated(4, 'gzip'), sum: written },
  { name: 'sha256sum', says: 'sha256sum of 52 MB', run: repeated(20, 'sha256sum'), sum: written },
  { name: 'sort', says: 'sort of 360,000 lines', run: repeated(3, 'sort'), sum: written },
  {
    name: 'awk',
    says: 'awk over 120,000 lines',
    run: `awk '{ n[$1 % 1000] += $3; t = t + $1 / ($3 + 1) } END { for (i = 0; i < 1000; i++) print n[i]; printf "%.6f\\n", t }' /bench/text >/tmp/out`,
    sum: written,
  },
  { name: 'switch', says: 'context switches', run: '/bench/switch; status=$?', sum: checked('/bench/switch') },
  { name: 'pipe', says: 'a pipe of 64 KiB pieces', run: '/bench/pipe; status=$?', sum: checked('/bench/pipe') },
]

/** What is read and run, by paths. */
export const files = (): Readonly<Record<string, Uint8Array>> => ({
  'bench/text': new TextEncoder().encode(text()),
  'bench/switch': switching(15_000),
  'bench/pipe': piping(1000),
})

/** The first process: marks around each load, all on the console. */
export function init(loads: readonly LinuxLoad[]): string {
  const marked = loads.flatMap(({ name, run, sum }) => [
    `echo 'begin ${name}'`,
    run,
    `echo 'end ${name}'`,
    `echo "sum ${name} $(${sum})"`,
  ])
  return [
    '#!/bin/sh',
    'export PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'echo shell',
    'mount -t proc proc /proc',
    'mount -t tmpfs tmp /tmp',
    ...marked,
    'echo over',
    'while :; do :; done',
    '',
  ].join('\n')
}
