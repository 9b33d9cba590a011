import type { Value, Written } from './value.ts'

/** What a step changes: keys of reads that are no longer true, or everything there is. */
export type Changes = ReadonlySet<string> | 'everything'

/** One step of an instruction, in the order of the description. */
export type Step =
  /** A value comes to be. Whether it gets a name is decided when all its uses are known. */
  | { readonly kind: 'value'; readonly value: Value }
  /** Something happens. */
  | {
      readonly kind: 'act'
      readonly values: readonly Value[]
      readonly write: (values: readonly Written[]) => string
      readonly changes: Changes
    }
  | {
      readonly kind: 'if'
      readonly condition: Value
      readonly yes: readonly Step[]
      readonly no: readonly Step[]
    }
  | {
      readonly kind: 'while'
      readonly test: readonly Step[]
      readonly condition: Value
      readonly body: readonly Step[]
    }

export const nothing: Changes = new Set<string>()

/** Collects the steps of a description, block inside block, and knows values that are already there. */
export class Scroll {
  readonly steps: Step[] = []
  #open: Step[] = this.steps
  #known: Map<string, Value>[] = [new Map()]
  readonly #identities = new Map<Value, number>()
  readonly #taken = new Set<string>()

  /** A value without effect: the one that is known already, if its operator and parts are. */
  pure(value: Value): Value {
    if (value.number !== undefined) return value
    const key = `${value.width} ${value.operator} ${value.parts.map((part) => this.#identity(part)).join(' ')}`
    const known = this.#known.findLast((scope) => scope.has(key))?.get(key)
    if (known !== undefined) return known
    this.#known.at(-1)!.set(key, value)
    return this.read(value)
  }

  /** A value that is read from somewhere now. */
  read(value: Value): Value {
    this.#open.push({ kind: 'value', value })
    return value
  }

  act(step: Omit<Extract<Step, { kind: 'act' }>, 'kind'>): void {
    this.#open.push({ kind: 'act', ...step })
  }

  /** Runs `body` and gives its steps, which are in no block yet. */
  block(body: () => void): readonly Step[] {
    const outer = this.#open
    const steps: Step[] = []
    this.#open = steps
    this.#known.push(new Map())
    body()
    this.#known.pop()
    this.#open = outer
    return steps
  }

  push(step: Step): void {
    this.#open.push(step)
  }

  /** A name that nothing else has. */
  name(stem: string): string {
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? stem : `${stem}${number}`
      if (this.#taken.has(name)) continue
      this.#taken.add(name)
      return name
    }
  }

  #identity(value: Value): string {
    if (value.number !== undefined) return value.operator
    const known = this.#identities.get(value)
    if (known !== undefined) return `${known}`
    this.#identities.set(value, this.#identities.size)
    return `${this.#identities.size - 1}`
  }
}
