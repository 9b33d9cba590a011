import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { defaultGuest } from '@vmm/runner/default-guest'
import { vmmCommand } from './command.ts'
import { keep, rounded } from './results.ts'
import { processorSeconds } from './timed.ts'

const prompt = '/ # '
const patience = 120_000
/** What boots leave behind, V8's compilers above all, is over after so long. */
const settling = 5_000
const watched = 20_000
const limitPercent = 3

/** Guests that are idle in different ways: what wakes them, and what they sleep in. */
const rows: Readonly<Record<string, readonly string[]>> = {
  'HLT, TSC deadlines': [],
  "HLT, the local APIC's counter": ['--cpu', 'default,-TSC_DEADLINE'],
  MWAIT: ['--cpu', 'max'],
  'four processors': ['--cpus', '4'],
}

/** Boots to a shell on a terminal of script(1)'s, waits, and gives the share of a processor that the process used. */
async function percentOf(flags: readonly string[]): Promise<number> {
  const command = ['echo pid=$$.; exec', process.execPath, vmmCommand(), 'run', ...flags].join(' ')
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm' },
  })
  try {
    const pid = await prompted(child.stdout)
    await sleep(settling)
    const [before, since] = [processorSeconds(`/proc/${pid}/stat`), performance.now()]
    await sleep(watched)
    return ((processorSeconds(`/proc/${pid}/stat`) - before) * 1e5) / (performance.now() - since)
  } finally {
    child.stdin.end('\u0001x')
  }
}

/** The process's id, when the guest's shell asks for a command. */
function prompted(screen: NodeJS.ReadableStream): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    const impatience = setTimeout(() => reject(new Error(`no shell: ${text.slice(-200)}`)), patience)
    const end = (act: () => void): void => {
      clearTimeout(impatience)
      act()
    }
    screen.on('data', (piece: Buffer) => {
      text += piece.toString('latin1')
      if (text.includes(prompt)) end(() => resolve(Number(/pid=(\d+)/.exec(text)?.[1])))
    })
    screen.on('end', () => end(() => reject(new Error(`no shell: ${text.slice(-200)}`))))
  })
}

/** What a guest costs whose shell waits for a person: less than 3 % of a processor, or the bench fails. */
export async function benchIdle(): Promise<void> {
  await defaultGuest((says) => console.log(says))
  const found: { name: string; 'percent of a processor': number; 'at most': number }[] = []
  for (const [name, flags] of Object.entries(rows))
    found.push({ name, 'percent of a processor': rounded(await percentOf(flags), 2), 'at most': limitPercent })
  console.table(found)
  keep('idle', { 'seconds watched': watched / 1000, rows: found })
  if (found.some((row) => row['percent of a processor'] > limitPercent)) process.exitCode = 1
}
