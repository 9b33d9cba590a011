import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { echo, kernelFile, powerOff, say } from './kernels.ts'
import { main } from './vmm.ts'

const prompt = 'ready> '
const patience = 60_000
const hasScript = spawnSync('script', ['--version']).status === 0

beforeAll(() => {
  if (!hasScript) console.log('skipped: no script(1) of util-linux, which lends a terminal')
})

const image = kernelFile('types', (a) => {
  say(a, prompt)
  echo(a)
  say(a, '\nbye\n')
  powerOff(a)
})

/**
 * Types at a terminal as the screen shows what is waited for, and acts at the prompt; gives the screen, with the status, and `as it was` if the
 * terminal's settings are.
 */
async function atTerminal(typing: readonly (readonly [shows: string, keys: string])[], act?: (pid: number) => unknown) {
  const run = `echo pid=$$.; exec ${process.execPath} ${main} run ${image}`
  const shell = `before=$(stty -g); sh -c '${run}'; echo status=$?; [ "$before" = "$(stty -g)" ] && echo as it was`
  const child = spawn('script', ['-qfec', shell, '/dev/null'], {
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm' },
  })
  const impatience = setTimeout(() => child.kill(), patience)
  let [screen, left, isDone] = ['', [...typing], act === undefined]
  child.stdout.on('data', (piece: Buffer) => {
    screen += piece.toString('latin1')
    for (; left[0] !== undefined && screen.includes(left[0][0]); left = left.slice(1))
      child.stdin.write(Buffer.from(left[0][1], 'latin1'))
    if (!isDone && screen.includes(prompt)) {
      isDone = true
      act?.(Number(/pid=(\d+)/.exec(screen)?.[1]))
    }
  })
  await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(impatience)
  return screen
}

describe.skipIf(!hasScript)('at a terminal', () => {
  test('keys go to the guest one by one, Ctrl-C too, and the terminal is given back', async () => {
    const screen = await atTerminal([
      [prompt, 'a\u0003b\u0001a'],
      ['a\u0003b\u0001', '\u0004'],
    ])
    expect(screen).toContain('bye')
    expect(screen).toMatch(/vmm: power-off after \d+ instructions/)
    expect(screen).toContain('status=0')
    expect(screen).toContain('as it was')
  })

  test('Ctrl-A h helps, Ctrl-A s shows status, Ctrl-A x quits with 0', async () => {
    const screen = await atTerminal([
      [prompt, '\u0001h'],
      ['Ctrl-A x quits', '\u0001s'],
      ['exits/s\r\n', 'z'],
      ['z', '\u0001x'],
    ])
    expect(screen).toMatch(/\r\nguest time [\d.]+ s, [\d,]+ instructions, \d+ MIPS, [\d,]+ exits\/s\r\n/)
    expect(screen).toMatch(/vmm: quit after \d+ instructions/)
    expect(screen).toContain('status=0')
    expect(screen).toContain('as it was')
  })

  test('its title shows the status, and is given back', async () => {
    const screen = await atTerminal([['exits/s\u0007', '\u0004']])
    const [, title] = screen.split('\u001b]0;')
    expect(title).toMatch(/^vmm: guest time [\d.]+ s, [\d,]+ instructions, \d+ MIPS, [\d,]+ exits\/s/)
    expect(screen.indexOf('\u001b[22;0t')).toBeLessThan(screen.indexOf('\u001b]0;'))
    expect(screen.lastIndexOf('\u001b[23;0t')).toBeGreaterThan(screen.lastIndexOf('\u001b]0;'))
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGQUIT', 131],
  ] as const)('%s gives it back, too', async (signal, status) => {
    const screen = await atTerminal([], (pid) => process.kill(pid, signal))
    expect(screen).toMatch(new RegExp(`vmm: ${signal} after \\d+ instructions`))
    expect(screen).toContain(`status=${status}`)
    expect(screen).toContain('as it was')
  })

  test('who stops it gets the terminal as it was, and who continues it goes on', async () => {
    const seen: boolean[] = []
    const screen = await atTerminal([], async (pid) => {
      const takesLines = () =>
        / icanon/.test(spawnSync('stty', ['-aF', `/proc/${pid}/fd/0`], { encoding: 'utf8' }).stdout)
      const until = async (state: boolean) => {
        while (takesLines() !== state) await new Promise((resolve) => setTimeout(resolve, 10))
        seen.push(state)
      }
      await until(false)
      process.kill(pid, 'SIGTSTP')
      await until(true)
      // the terminal is given back first: who is continued before it has stopped stops behind that
      while (!/^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
        await new Promise((resolve) => setTimeout(resolve, 10))
      process.kill(pid, 'SIGCONT')
      await until(false)
      process.kill(pid, 'SIGTERM')
    })
    expect(seen).toEqual([false, true, false])
    expect(screen).toContain('as it was')
  })
})
