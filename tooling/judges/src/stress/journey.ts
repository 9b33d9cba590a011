import { hash } from 'node:crypto'
import type { Vcpu } from '@vmm/vcpu'
import { type StateField, stateFields } from '@vmm/x86-registers'
import type { Random } from '../cpu/random.ts'
import { at } from './layout.ts'
import type { Subject } from './processor.ts'
import type { Happening, Program } from './program.ts'

/** Where a run is looked at, and what happens to it. The same for whoever is compared. */
export interface Course {
  /** Counts of instructions, ascending. */
  readonly looks: readonly number[]
  readonly happens: readonly Happening[]
}

const limitUnlessTold = 20_000
const fields = Object.keys(stateFields) as StateField[]

/** A program's usual course, with looks by chance. */
export function courseOf(program: Program, random: Random, more: readonly Happening[] = []): Course {
  const limit = program.limit ?? limitUnlessTold
  // most programs end long before their limit: looks lie close at first
  const looks = Array.from({ length: 32 }, () => 1 + random.below(2 ** (4 + random.below(10)))).filter((n) => n < limit)
  const happens = [...(program.happens ?? []), ...more].sort((a, b) => a.at - b.at)
  return { looks: [...new Set([...looks, limit])].sort((a, b) => a - b), happens }
}

/** Runs a program to its end. Gives a line for every stop: where it was, why, and a hash of all that there is to see. */
export function journey(subject: Subject, course: Course, slice: () => number): string[] {
  const { vcpu, machine } = subject
  const { engine } = vcpu
  const lines: string[] = []
  const say = (why: string) =>
    lines.push(`${engine.retired()} ${why} RIP ${engine.get('RIP').toString(16)} ${seen(subject)}`)
  const looks = [...course.looks]
  const happens = [...course.happens]
  const end = looks.at(-1) ?? 0
  while (engine.retired() < end) {
    while (looks[0] !== undefined && looks[0] <= engine.retired()) {
      looks.shift()
      say('look')
    }
    machine.look()
    for (; happens[0] !== undefined && happens[0].at <= engine.retired(); happens.shift()) happen(subject, happens[0])
    const next = Math.min(looks[0] ?? end, machine.deadline, happens[0]?.at ?? end)
    subject.between()
    const exit = vcpu.run({ budget: Math.max(1, Math.min(next - engine.retired(), slice())) })
    if (exit.kind === 'intr') continue
    say(exit.kind)
    // who has lowered the priority goes on behind it
    if (exit.kind === 'set-tpr') continue
    if (exit.kind !== 'hlt' || !engine.interruptible) return [...lines, ...machine.asked]
    if (machine.deadline < Number.POSITIVE_INFINITY) machine.fire()
    else if (happens[0] !== undefined) happen(subject, happens.shift()!)
    else return [...lines, ...machine.asked]
  }
  say('limit')
  return [...lines, ...machine.asked]
}

function happen({ vcpu, machine }: Subject, what: Happening): void {
  if (what.kind === 'interrupt') machine.interrupt(what.vector)
  else if (what.kind === 'nmi') vcpu.injectNmi()
  else vcpu.engine.writePhysical(what.address, what.bytes)
}

/** All that a guest, or a debugger, could see: a hash. */
function seen({ vcpu: { engine }, machine }: Subject): string {
  const values = fields.map((field) => (field === 'SHADOW' ? engine.shadowed : engine.get(field)))
  const gprs = Array.from({ length: 16 }, (_, index) => engine.gpr(index))
  const vectors = Array.from({ length: 16 }, (_, index) => engine.vector(index).subarray(0, 16).join())
  const x87 = Array.from({ length: 8 }, (_, index) => engine.x87(index).join())
  const registers = [...values, ...gprs, engine.rflags(), ...vectors, ...x87, machine.asked.length].join(' ')
  return hash('sha1', `${registers} ${hash('sha1', engine.physical(0)!.subarray(0, at.end))}`).slice(0, 16)
}

/** What two runs do not have in common: the first few lines, and what came before them. */
export function firstDifference(mine: readonly string[], theirs: readonly string[]): string | undefined {
  const index = mine.findIndex((line, at) => line !== theirs[at])
  const where = index < 0 && theirs.length > mine.length ? mine.length : index
  if (where < 0) return undefined
  return `behind ${mine[where - 1] ?? 'the beginning'}: ${mine[where] ?? 'the end'} and not ${theirs[where] ?? 'the end'}`
}

/** The registers at a count of instructions, for who wants to know what differs. */
export function registersOf({ engine }: Vcpu): Record<string, string> {
  const named = fields.map((field) => [field, engine.get(field).toString(16)] as const)
  const gprs = Array.from({ length: 16 }, (_, index) => [`gpr ${index}`, engine.gpr(index).toString(16)] as const)
  return Object.fromEntries([...named, ...gprs, ['RFLAGS whole', engine.rflags().toString(16)]])
}
