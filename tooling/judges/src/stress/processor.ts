import { buildTable } from '@vmm/cpuid'
import { CheckedEngine, type Difference, OracleEngine } from '@vmm/oracle-engine'
import { type EngineVariant, engineOf } from '@vmm/processors'
import { type EnginePorts, Vcpu, type VcpuOptions } from '@vmm/vcpu'
import { type Engine, GuestMachine } from '@vmm/wasm-engine'
import { assembler } from '@vmm/x86-assembler'
import type { StateField } from '@vmm/x86-registers'
import { at } from './layout.ts'
import { StressMachine } from './machine.ts'
import type { Program } from './program.ts'
import { beginnings, furnish } from './scenery.ts'

type Restored = Engine | OracleEngine | CheckedEngine

const table = buildTable({ model: 'max' })
if (table.kind !== 'table') throw new Error(table.says)
const { entries } = table
const slots = [{ address: 0, bytes: at.end }] as const
const codeSizes = { real: 16, protected: 32, long: 64 } as const

/** A processor about to run a program, in a machine of its own. */
export interface Subject {
  readonly name: string
  readonly vcpu: Vcpu
  readonly machine: StressMachine
  /** What comes before each slice. */
  readonly between: () => void
}

/** An engine that serves one program after another: to make one takes longer than most programs run. */
class Lasting<E extends Restored> {
  readonly engine: E
  readonly #empty
  #ports: EnginePorts | undefined

  constructor(create: (ports: EnginePorts) => E) {
    const answers = (name: keyof EnginePorts) => (name in this.#asked() ? this.#asked()[name] : undefined)
    this.engine = create(new Proxy({} as EnginePorts, { get: (_, name) => answers(name as keyof EnginePorts) }))
    this.#empty = this.engine.save()
  }

  #asked(): EnginePorts {
    return this.#ports ?? ({} as EnginePorts)
  }

  /** The engine as it was when it was new, for whom it asks from now on. */
  renewed(ports: EnginePorts): E {
    this.#ports = ports
    this.engine.restore(this.#empty)
    this.engine.takeDebugHits()
    this.engine.takeDelivered()
    this.engine.breakInstead(undefined)
    this.engine.eventPending = false
    return this.engine
  }
}

const oracle = new Lasting((ports) => new OracleEngine({ machine: new GuestMachine({ slots }), ports }))
const engines = new Map<EngineVariant, Lasting<Engine>>()

function lastingOf(variant: EngineVariant): Lasting<Engine> {
  const known = engines.get(variant)
  if (known !== undefined) return known
  const made = new Lasting((ports) => engineOf(variant, { slots, ports }))
  engines.set(variant, made)
  return made
}

/** One that a variant of the engine runs, until the variant is asked for again. */
export function compiled(program: Program, variant: EngineVariant): Subject {
  const lasting = lastingOf(variant)
  const subject = prepared(program, variant.name, (ports) => lasting.renewed(ports))
  return { ...subject, between: () => variant.between?.(lasting.engine) }
}

/** One that the oracle runs, until it is asked for again. */
export function judging(program: Program): Subject {
  return prepared(program, 'oracle', (ports) => oracle.renewed(ports))
}

/** One that runs again, by the oracle, every slice of so many instructions; differences go to `found`. */
export function checking(
  program: Program,
  length: number,
  found: Difference[],
  options: EngineVariant['options'] = {},
): Subject {
  return prepared(program, 'checked', (ports) => {
    const machine = new GuestMachine({ slots, ...options })
    const onDifference = (difference: Difference) => void found.push(difference)
    return new CheckedEngine({ machine, ports, every: 1, length, onDifference })
  })
}

function prepared(program: Program, name: string, createEngine: VcpuOptions['createEngine']): Subject {
  const { stores = [] } = program
  const machine = new StressMachine({ vcpu: () => vcpu, stores, code: deviceCode(program) })
  const vcpu: Vcpu = new Vcpu({ cpuid: entries, createEngine, machine: machine.port })
  vcpu.engine.writePhysical(0, memoryOf(program))
  begin(vcpu, program)
  return { name, vcpu, machine, between: () => {} }
}

function memoryOf({ mode, write, elsewhere = [], memory = [] }: Program): Uint8Array {
  const codeSize = codeSizes[mode]
  const bytes = new Uint8Array(at.end)
  // offsets of real mode are those in its segment
  const base = mode === 'real' ? at.code : 0
  const a = assembler({ origin: at.code - base, codeSize })
  write(a)
  const { bytes: code, labels } = a.finish()
  furnish(bytes, mode, (vector) => {
    const own = labels.get(`vector${vector}`)
    return own === undefined ? at.halt : Number(own) + base
  })
  bytes.set(code, at.code)
  for (const piece of elsewhere) {
    const other = assembler({ origin: piece.address - base, codeSize: piece.codeSize ?? codeSize })
    piece.write(other)
    bytes.set(other.finish().bytes, piece.address)
  }
  for (const [address, content] of memory) bytes.set(content, address)
  return bytes
}

function begin({ engine }: Vcpu, { mode, fields = {}, rflags = 2n }: Program): void {
  const ofReal = mode === 'real' ? { 'CS.base': BigInt(at.code), 'CS.selector': BigInt(at.code >>> 4), RIP: 0n } : {}
  // what resets leave, for nobody looks at it
  const left = { SHADOW_KIND: 0n, UNSTEPPED: 0n }
  const all = { ...left, CPL: 0n, RIP: BigInt(at.code), XCR0: 3n, ...beginnings[mode], ...ofReal, ...fields }
  for (const [field, value] of Object.entries(all)) engine.set(field as StateField, value)
  for (let index = 0; index < 16; index += 1) engine.setGpr(index, 0n)
  engine.setGpr(4, BigInt(mode === 'real' ? 0x8000 : at.stack))
  for (let index = 0; index < 32; index += 1) engine.vector(index).fill(0)
  for (let index = 0; index < 8; index += 1) engine.x87(index).fill(0)
  engine.setRflags(rflags)
  engine.flushTranslations()
  engine.modeChanged()
}

function deviceCode({ deviceCode: write, mode }: Program): Uint8Array {
  if (write === undefined) return new Uint8Array()
  const a = assembler({ origin: at.codeDevice, codeSize: codeSizes[mode] })
  write(a)
  return a.finish().bytes
}
