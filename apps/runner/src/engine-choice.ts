import type { CreateEngine, KvmOptions } from '@vmm/kvm'
import { CheckedEngine, type Difference, OracleEngine } from '@vmm/oracle-engine'
import { shown } from './printable.ts'
import { parseWhole } from './run-options.ts'
import { UsageError } from './usage-error.ts'

/** What runs a guest's instructions, and whether it is looked after. */
export interface EngineChoice {
  readonly engine: EngineName
  /** Runs of a block after which it is compiled. */
  readonly jitThreshold: number | undefined
  /** One slice of so many is run again by the oracle. */
  readonly check: number | undefined
}

/** The oracle takes some tenths of a second for so many, at first a second. */
const oracleBreath = 1000

const engineNames = ['cold', 'hot', 'oracle'] as const
type EngineName = (typeof engineNames)[number]

/** The flags as they were given. */
interface GivenEngine {
  readonly engine?: string | undefined
  readonly 'jit-threshold'?: string | undefined
  readonly check?: string | undefined
}

/** @throws {UsageError} for an engine that there is not, and for what does not go together. */
export function parseEngine({ engine: name = 'hot', 'jit-threshold': threshold, check }: GivenEngine): EngineChoice {
  const engine = engineNames.find((known) => known === name)
  if (engine === undefined) throw new UsageError(`--engine ${shown(name)}: expected ${engineNames.join(', ')}`)
  if (threshold !== undefined && engine !== 'hot') throw new UsageError('--jit-threshold goes with --engine hot')
  if (check !== undefined && engine === 'oracle') throw new UsageError('--check: the oracle has nobody to check it')
  const jitThreshold = threshold === undefined ? undefined : parseThreshold(threshold)
  return { engine, jitThreshold, check: check === undefined ? undefined : parseShare(check) }
}

/** Nothing is compiled later than at once. */
function parseThreshold(text: string): number {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text)
  throw new UsageError(`--jit-threshold ${shown(text)}: expected a whole number`)
}

/** `1/1000`, or `1000`. */
function parseShare(text: string): number {
  const every = /^(?:1\/)?(\d+)$/.exec(text.trim())?.[1]
  if (every === undefined) throw new UsageError(`--check ${shown(text)}: expected a share of slices such as 1/1000`)
  return parseWhole('--check', every)
}

/** The engines of a run's processors. */
export class Engines {
  /** Left out, the engine is the one that KVM makes by itself. */
  readonly create: CreateEngine | undefined
  /** When code is compiled; left out, as the engine does by itself. */
  readonly hot: KvmOptions['hot']
  /** Instructions that take as long as a person may wait for an answer, where that is less than a slice. */
  readonly breath: number | undefined
  readonly #checked: CheckedEngine[] = []

  constructor({ engine, jitThreshold, check }: EngineChoice, onDifference: (difference: Difference) => void) {
    this.hot = engine !== 'hot' ? false : jitThreshold === undefined ? undefined : { threshold: jitThreshold }
    const breath = engine === 'oracle' ? oracleBreath : undefined
    this.breath = breath
    if (engine === 'oracle') this.create = (made) => new OracleEngine({ ...made, breath })
    else if (check !== undefined)
      this.create = (made) => this.#check(new CheckedEngine({ ...made, every: check, onDifference }))
  }

  /** Slices that the oracle has run again; undefined where it is not asked to. */
  get checkedSlices(): number | undefined {
    if (this.#checked.length === 0) return undefined
    return this.#checked.reduce((sum, { checked }) => sum + checked, 0)
  }

  #check(engine: CheckedEngine): CheckedEngine {
    this.#checked.push(engine)
    return engine
  }
}
