import { describe, expect, test } from 'vitest'
import { Bell } from './bell.ts'
import type { Wish } from './ending.ts'
import { GuestConsole } from './guest-console.ts'
import { type Input, noInput } from './input.ts'
import { Keyboard } from './keyboard.ts'
import { type Running, untilEnd } from './loop.ts'
import type { RunningMachine, SerialLine, SliceResult } from './machine-port.ts'
import { PipedInput } from './piped-input.ts'

const fifo = 16
const second = 1e9

/** A guest that is a script: what it does with each character it reads, and what it says first. */
interface Script {
  readonly says?: string
  readonly reads?: (character: string, guest: FakeMachine) => void
  /** How long it sleeps when it has nothing to do. */
  readonly tick?: number
  readonly canWake?: boolean
  /** It goes to sleep before anything else. */
  readonly sleeps?: boolean
  /** It looks for input again and again, and is never idle. */
  readonly polls?: boolean
}

/** A machine that reads one character for a slice, from a line with a FIFO of sixteen. */
class FakeMachine implements RunningMachine, SerialLine {
  instructions = 0
  readonly console = new GuestConsole()
  readonly canWake: boolean
  suspended: boolean
  readonly got: string[] = []
  /** The most that was ever handed over at once. */
  most = 0
  ended: SliceResult | undefined
  warps = 0
  #time = 0
  #waiting: number[] = []
  readonly #script: Script

  constructor(script: Script) {
    this.#script = script
    this.canWake = script.canWake ?? true
    this.suspended = script.sleeps ?? false
  }

  wake(): void {
    this.suspended = false
  }

  now(): number {
    return this.#time
  }

  warpTo(time: number): void {
    this.warps += 1
    this.#time = Math.max(this.#time, time)
  }

  get polled(): boolean {
    return this.#script.polls === true && this.#waiting.length === 0
  }

  get room(): number {
    return fifo - this.#waiting.length
  }

  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room)
    this.#waiting.push(...bytes.subarray(0, taken))
    this.most = Math.max(this.most, taken)
    return taken
  }

  say(text: string): void {
    for (const character of text) this.console.wrote(character.charCodeAt(0), this.#time)
  }

  slice(instructions: number): SliceResult {
    if (this.instructions === 0) this.say(this.#script.says ?? '')
    this.instructions += Math.min(instructions, 1000)
    this.#time += 1000
    const byte = this.#waiting.shift()
    if (byte === undefined && this.#script.polls === true) return { kind: 'running' }
    if (byte === undefined)
      return this.ended ?? { kind: 'idle', until: this.#time + (this.#script.tick ?? Number.POSITIVE_INFINITY) }
    const character = String.fromCharCode(byte)
    this.got.push(character)
    this.#script.reads?.(character, this)
    return this.ended ?? { kind: 'running' }
  }
}

const powerOff: SliceResult = { kind: 'ended', end: { kind: 'power-off' } }

function begun(machine: FakeMachine, input: Input, more: Partial<Running> = {}): Running & { bell: Bell } {
  return {
    machine,
    line: machine,
    console: machine.console,
    input,
    ending: { wish: undefined },
    bell: new Bell(),
    clock: 'virtual',
    limits: {
      instructions: Number.POSITIVE_INFINITY,
      deadline: Number.POSITIVE_INFINITY,
      says: { instructions: 'many', time: 'many' },
    },
    attend: () => Promise.resolve(),
    ...more,
  }
}

/** A shell: a prompt, an echo of what is typed, an answer for each line, and Ctrl-D ends it. */
const shell: Script = {
  says: 'booting\n# ',
  reads: (character, guest) => {
    if (character === '\u0004') guest.ended = powerOff
    else guest.say(character === '\n' ? '\nanswer\n# ' : character)
  },
  tick: 4e6,
}

const piped = (text: string): PipedInput => {
  const input = new PipedInput()
  input.take(Buffer.from(text))
  input.end()
  return input
}

describe('input from a pipe', () => {
  test('is handed over in order, no faster than the line takes it, and ends with Ctrl-D', async () => {
    const machine = new FakeMachine(shell)
    const text = `${'x'.repeat(300)}\nsecond\n`
    expect(await untilEnd(begun(machine, piped(text)))).toEqual({ kind: 'power-off' })
    expect(machine.got.join('')).toBe(`${text}\u0004`)
    expect(machine.most).toBeLessThanOrEqual(fifo)
  })

  test('gets the end of its last line where that is missing', async () => {
    const machine = new FakeMachine(shell)
    await untilEnd(begun(machine, piped('exit')))
    expect(machine.got.join('')).toBe('exit\n\u0004')
  })

  test('is held until something waits for it', async () => {
    const machine = new FakeMachine({ ...shell, says: 'no prompt yet\n' })
    const seen: number[] = []
    const attend = async () => {
      if (machine.got.length === 0) seen.push(machine.now())
    }
    await untilEnd(begun(machine, piped('a\n'), { attend }))
    expect(seen.at(-1)).toBeGreaterThan(2 * second)
  })

  test('sends Ctrl-D again to each who reads after the end', async () => {
    let shells = 3
    const machine = new FakeMachine({
      says: '# ',
      reads: (character, guest) => {
        if (character === '\u0004') shells -= 1
        if (shells === 0) guest.ended = powerOff
        else guest.say('\n# ')
      },
      tick: 4e6,
    })
    await untilEnd(begun(machine, piped('')))
    expect(machine.got).toEqual(['\u0004', '\u0004', '\u0004'])
  })

  test('reaches a guest that polls and is never idle', async () => {
    const machine = new FakeMachine({ ...shell, polls: true })
    expect(await untilEnd(begun(machine, piped('a\nb\n')))).toEqual({ kind: 'power-off' })
    expect(machine.got.join('')).toBe('a\nb\n\u0004')
  })

  test('that has not come yet is waited for in real time, not in the guest’s', async () => {
    const machine = new FakeMachine(shell)
    const input = new PipedInput()
    const running = begun(machine, input)
    setTimeout(() => {
      input.end()
      running.bell.ring()
    }, 100)
    const started = performance.now()
    await untilEnd(running)
    expect(performance.now() - started).toBeGreaterThan(95)
    expect(machine.now()).toBeLessThan(2 * second)
  })
})

describe('idle time', () => {
  const sleeper: Script = { says: '', tick: 3600 * second }
  const limits = { instructions: 3000, deadline: Number.POSITIVE_INFINITY, says: { instructions: '3000', time: '' } }

  test('passes at once on a virtual clock', async () => {
    const machine = new FakeMachine(sleeper)
    expect(await untilEnd(begun(machine, noInput, { limits }))).toMatchObject({ kind: 'instruction-limit' })
    expect(machine.now()).toBeGreaterThanOrEqual(2 * 3600 * second)
  })

  test('passes as on the wall on a real one', async () => {
    const machine = new FakeMachine({ says: '', tick: 50e6 })
    const started = performance.now()
    await untilEnd(begun(machine, noInput, { clock: 'real', limits }))
    expect(performance.now() - started).toBeGreaterThan(95)
  })

  test('ends when a key is pressed', async () => {
    const machine = new FakeMachine({ ...shell, tick: 3600 * second })
    const keyboard = new Keyboard({ quit: () => {}, help: () => {}, status: () => {} })
    const running = begun(machine, keyboard, { clock: 'real' })
    setTimeout(() => {
      keyboard.take(Buffer.from('\u0004'))
      running.bell.ring()
    }, 20)
    const started = performance.now()
    expect(await untilEnd(running)).toEqual({ kind: 'power-off' })
    expect(performance.now() - started).toBeLessThan(60_000)
  })

  test('that nothing can end is the end', async () => {
    const machine = new FakeMachine({})
    expect(await untilEnd(begun(machine, noInput))).toMatchObject({ kind: 'halted' })
  })

  test('with interrupts off is the end although timers go on', async () => {
    const machine = new FakeMachine({ tick: 1e6, canWake: false })
    const stuck = Object.defineProperty(machine, 'instructions', { get: () => 1, set: () => {} })
    expect(await untilEnd(begun(stuck, noInput))).toMatchObject({ kind: 'halted' })
    expect(machine.now()).toBeGreaterThan(10 * second)
  })

  test('ends with a wish from outside', async () => {
    const machine = new FakeMachine(shell)
    const ending: { wish: Wish | undefined } = { wish: undefined }
    const running = begun(machine, new PipedInput(), { ending })
    setTimeout(() => {
      ending.wish = { kind: 'quit' }
      running.bell.ring()
    }, 20)
    expect(await untilEnd(running)).toEqual({ kind: 'quit' })
  })
})

describe('a slow machine', () => {
  /** It computes, and looks for input at whole slices alone. */
  class Slow extends FakeMachine {
    readonly breath = 5000
    readonly asked: number[] = []
    override slice(instructions: number): SliceResult {
      this.asked.push(instructions)
      this.instructions += Math.min(instructions, this.breath)
      return { kind: 'running' }
    }
  }

  const quit: Wish = { kind: 'quit' }

  test('hears in the middle of a slice that it should end', async () => {
    const machine = new Slow({})
    const ending: { wish: Wish | undefined } = { wish: undefined }
    const attend = async () => {
      if (machine.asked.length === 3) ending.wish = quit
    }
    expect(await untilEnd(begun(machine, noInput, { ending, attend }))).toEqual(quit)
    expect(machine.asked).toEqual([2_000_000, 1_995_000, 1_990_000])
  })

  test('is offered input when another would be', async () => {
    const machine = new Slow({})
    const ending: { wish: Wish | undefined } = { wish: undefined }
    const offeredAt: number[] = []
    const input: Input = {
      ...noInput,
      offer: () => {
        if (offeredAt.push(machine.instructions) === 3) ending.wish = quit
        return 0
      },
    }
    expect(await untilEnd(begun(machine, input, { ending }))).toEqual(quit)
    expect(offeredAt).toEqual([2_000_000, 4_000_000, 6_000_000])
  })

  test('stops at a limit of instructions within a breath', async () => {
    const machine = new Slow({})
    const limits = { instructions: 12_345, deadline: Number.POSITIVE_INFINITY, says: { instructions: '', time: '' } }
    expect(await untilEnd(begun(machine, noInput, { limits }))).toMatchObject({ kind: 'instruction-limit' })
    expect(machine.instructions).toBe(12_345)
  })
})

describe('a guest that is suspended', () => {
  const asleep: Script = { ...shell, sleeps: true, tick: 3600 * second }

  test('wakes at the first key', async () => {
    const machine = new FakeMachine(asleep)
    const keyboard = new Keyboard({ quit: () => {}, help: () => {}, status: () => {} })
    const running = begun(machine, keyboard, { clock: 'real' })
    setTimeout(() => {
      keyboard.take(Buffer.from('\u0004'))
      running.bell.ring()
    }, 20)
    expect(await untilEnd(running)).toEqual({ kind: 'power-off' })
    expect(machine.suspended).toBe(false)
  })

  test('is not woken by what is piped in, as long as it will wake by itself', async () => {
    const machine = new FakeMachine(asleep)
    let slices = 0
    const attend = async () => {
      slices += 1
      if (slices === 3) machine.wake()
    }
    expect(await untilEnd(begun(machine, piped('a\n'), { attend }))).toEqual({ kind: 'power-off' })
    expect([machine.warps > 0, machine.got.join('')]).toEqual([true, 'a\n\u0004'])
  })

  test('is woken by what is piped in where nothing else would', async () => {
    const machine = new FakeMachine({ ...shell, sleeps: true, tick: Number.POSITIVE_INFINITY })
    expect(await untilEnd(begun(machine, piped('a\n')))).toEqual({ kind: 'power-off' })
    expect(machine.got.join('')).toBe('a\n\u0004')
  })

  test('has ended where nothing can wake it', async () => {
    const machine = new FakeMachine({ ...shell, sleeps: true, tick: Number.POSITIVE_INFINITY })
    expect(await untilEnd(begun(machine, noInput))).toMatchObject({ kind: 'halted' })
  })
})
