/** Something that is asked of a kernel, step by step, each in a line; every scenario begins with nothing open. */
export interface Scenario {
  readonly name: string
  /** Whether it enters a guest: what a machine that only answers calls leaves out. */
  readonly runs: boolean
  /** The only module that it is asked of: what is a processor's own. */
  readonly of: 'any' | 'amd' | 'intel'
  readonly steps: readonly string[]
}

/**
 * Reads a text of scenarios. `= NAME` begins one, `= NAME runs` one that enters a guest, `= NAME amd` one for
 * that module alone; `let WORD …` lets `$WORD` stand
 * for the rest of its line, in which `;` is between steps; `for 0 9 STEP` is the step with each of these numbers in the
 * place of `@`, `for 0 90 by 10 STEP` with every tenth; `#` begins a remark.
 * @throws {RangeError} if a name is there twice, or a `$WORD` is not there.
 */
export function scenariosIn(text: string): readonly Scenario[] {
  const words = new Map<string, string>()
  const made: { name: string; runs: boolean; of: Scenario['of']; steps: string[] }[] = []
  for (const line of text.split('\n').map((each) => each.replace(/(^|\s)#.*$/, '').trim())) {
    const [first = '', second = '', ...rest] = line.split(/\s+/)
    if (first === '') continue
    if (first === 'let') words.set(second, expanded(rest.join(' '), words))
    else if (first === '=') made.push({ name: second, runs: rest.includes('runs'), of: moduleIn(rest), steps: [] })
    else made.at(-1)?.steps.push(...stepsOf(expanded(line, words)).flatMap(repeated))
  }
  const names = made.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new RangeError(`two scenarios are called ${twice}`)
  return made
}

function expanded(line: string, words: ReadonlyMap<string, string>): string {
  return line.replace(/\$(\w+)/g, (_, name: string) => {
    const meant = words.get(name)
    if (meant === undefined) throw new RangeError(`$${name} stands for nothing`)
    return meant
  })
}

const stepsOf = (line: string): readonly string[] =>
  line
    .split(';')
    .map((step) => step.trim())
    .filter((step) => step !== '')

/** `for 0 9 STEP`, `for 0 90 by 10 STEP`. */
function repeated(step: string): readonly string[] {
  const [, from, to, by = '1', repeats] = /^for (\d+) (\d+)(?: by (\d+))? (.*)$/.exec(step) ?? []
  if (repeats === undefined) return [step]
  const count = Math.floor((Number(to) - Number(from)) / Number(by)) + 1
  return Array.from({ length: count }, (_, nth) => repeats.replaceAll('@', String(Number(from) + nth * Number(by))))
}

const moduleIn = (words: readonly string[]): Scenario['of'] =>
  words.includes('amd') ? 'amd' : words.includes('intel') ? 'intel' : 'any'
