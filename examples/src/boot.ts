// Boots Debian's kernel in software, runs a command in its shell, and ends with the command's status.
// `node examples/src/boot.ts 'cat /proc/interrupts'`
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const command = process.argv[2] ?? 'uname -m; grep -c ^processor /proc/cpuinfo'
const vmm = fileURLToPath(import.meta.resolve('@vmm/runner/main'))

const { status, stdout } = spawnSync(process.execPath, [vmm, 'run', '--cpu', 'x86-64-v2', '--exec', command], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
})

for (const line of stdout.trimEnd().split('\n')) console.log(`guest: ${line}`)
process.exitCode = status ?? 1
