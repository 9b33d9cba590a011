import { setState } from '@vmm/processors'
import type { StateField } from '@vmm/x86-registers'
import type { InsCase } from './case.ts'
import { type Environment, environments } from './environments.ts'
import { gprName, hexText } from './items.ts'
import { after, before, flagMask, type State } from './state.ts'
import type { Subject, Surroundings } from './subject.ts'
import { endingText } from './write.ts'

/** Runs a case on a subject. Gives what differs from what the case says, in words; nothing if all is as it says. */
export function judge(one: InsCase, subject: Subject): readonly string[] {
  const environment = environments[one.mode]
  subject.enter(environment)
  load(subject, environment, before(one, environment), one)
  const surroundings = surroundingsOf(one)
  const ending = subject.run(surroundings)
  const [wanted, got] = [endingText(one.ending), endingText(ending)]
  if (wanted.join() !== got.join())
    return [`ends with ${got.join() || 'nothing'} instead of ${wanted.join() || 'nothing'}`]
  return [...compare(subject, environment, after(one, environment), one), ...compareSurroundings(one, surroundings)]
}

function load(subject: Subject, environment: Environment, state: State, one: InsCase): void {
  for (const { address, bytes } of environment.windows) subject.write(address, new Uint8Array(bytes))
  for (const { address, bytes } of environment.tables) subject.write(address, bytes)
  subject.write(environment.code, one.bytes)
  for (const [address, byte] of state.memory) subject.write(address, Uint8Array.of(byte))
  setState(subject.state, state)
}

function surroundingsOf(one: InsCase): Surroundings {
  const answers = new Map<string, bigint>()
  for (const item of one.before) {
    if (item.kind === 'port' || item.kind === 'msr') answers.set(`${item.kind} ${item.number}`, item.value)
  }
  return { answers, told: new Map() }
}

function compareSurroundings(one: InsCase, { told }: Surroundings): readonly string[] {
  const wanted = new Map<string, bigint>()
  for (const item of one.after) {
    if (item.kind === 'port' || item.kind === 'msr') wanted.set(`${item.kind} ${item.number}`, item.value)
  }
  return [...new Set([...wanted.keys(), ...told.keys()])]
    .filter((key) => wanted.get(key) !== told.get(key))
    .map((key) => different(key, told.get(key), wanted.get(key)))
}

const hex = (value: bigint | undefined): string => (value === undefined ? 'nothing' : value.toString(16))
const different = (what: string, got: bigint | undefined, wanted: bigint | undefined): string =>
  `${what} is ${hex(got)} instead of ${hex(wanted)}`

/** RF is for debuggers; fields that count or mark are no state of a program. */
const uncompared: ReadonlySet<StateField> = new Set<StateField>([
  'SHADOW',
  'SHADOW_KIND',
  'UNSTEPPED',
  'REPEATING',
  'CR4_ALLOWED',
  'PHYSICAL_MASK',
])

/** What the x87 remembers of its last instruction: AMD's processors tell only after an exception, so no CPU is asked. */
const x87Pointers: ReadonlySet<StateField> = new Set<StateField>(['FIP', 'FDP', 'FOP', 'FCS', 'FDS'])

function compare(subject: Subject, environment: Environment, wanted: State, one: InsCase): readonly string[] {
  const found: string[] = []
  const { state } = subject
  const same = (what: string, got: bigint, want: bigint) => {
    if (got !== want) found.push(different(what, got, want))
  }
  const wide = environment.codeSize === 64
  const asked = one.source.startsWith('cpu')
  wanted.gprs.forEach((value, index) => {
    // what 64-bit registers hold above what other code can see is nobody's business
    const mask = wide ? -1n : 0xffff_ffffn
    same(gprName({ index, width: 64, highByte: false }), state.gpr(index) & mask, value & mask)
  })
  wanted.vectors.forEach((value, index) => {
    same(`ymm${index}`, state.vector(index), value)
  })
  wanted.x87.forEach((value, index) => {
    same(`x87 register ${index}`, state.x87(index), value)
  })
  for (const [field, value] of wanted.fields)
    if (!uncompared.has(field) && !(asked && x87Pointers.has(field))) same(field, state.get(field), value)
  const ignored = [...one.undefinedFlags].reduce((mask, flag) => mask | flagMask(flag), flagMask('RF'))
  same('rflags', state.rflags() & ~ignored, wanted.rflags & ~ignored)
  return [...found, ...compareMemory(subject, environment, wanted)]
}

function compareMemory(subject: Subject, environment: Environment, wanted: State): readonly string[] {
  const found: string[] = []
  for (const { address, bytes } of environment.windows) {
    const want = new Uint8Array(bytes)
    for (const table of environment.tables) {
      if (table.address >= address && table.address < address + bytes)
        want.set(table.bytes.subarray(0, address + bytes - table.address), table.address - address)
    }
    for (const [at, byte] of wanted.memory) if (at >= address && at < address + bytes) want[at - address] = byte
    const got = subject.read(address, bytes)
    if (Buffer.compare(want, got) === 0) continue
    const first = want.findIndex((byte, at) => byte !== got[at])
    const last = want.findLastIndex((byte, at) => byte !== got[at]) + 1
    const end = Math.min(last, first + 32)
    found.push(
      `[${(address + first).toString(16)}] is ${hexText(got.subarray(first, end))} instead of ${hexText(want.subarray(first, end))}`,
    )
  }
  return found
}
