/** What a recording says of itself. */
export interface Recorded {
  readonly release: string
  /** Where the kernel is from. */
  readonly package: string
  readonly vendorModule: string
  readonly processor: string
  /** Options of the kernel's configuration, where they are known. */
  readonly kconfig?: Readonly<Record<string, boolean>>
}

/** A recording as `@vmm/msr` replays it: what it says of itself, and what was answered. */
export interface MsrAnswers extends Recorded {
  /** Parameters of the modules, `module.parameter`: switches and numbers. */
  readonly parameters: Readonly<Record<string, number>>
  readonly host: readonly string[]
  readonly supported: readonly string[]
  readonly saved: readonly string[]
  readonly features: readonly string[]
  readonly calls: readonly string[]
  readonly answers: readonly { readonly config: number; readonly msrs: string; readonly said: string }[]
}

const nothing = /eax=0x0{8} ebx=0x0{8} ecx=0x0{8} edx=0x0{8}$/

/**
 * Reads what `ask-msrs.c` printed, whatever a machine printed around it. MSRs that answered alike are told together.
 * @throws {RangeError} if it does not go from `begin` to `end`.
 */
export function readAnswers(text: string, recorded: Recorded): MsrAnswers {
  const lines = text.split(/\r?\n/)
  const begin = lines.findIndex((line) => line.startsWith('begin '))
  const end = lines.indexOf('end', begin)
  if (begin < 0 || end < 0) throw new RangeError('the answers do not go from begin to end')
  const told = lines.slice(begin + 1, end)
  const first = told.findIndex((line) => line.startsWith('config '))
  const general = told.slice(0, first)
  const of = (word: string) => general.filter((line) => line.startsWith(`${word} `))
  const listed = (which: number) => of(`list ${which}`).map((line) => line.split(' '))
  return {
    ...recorded,
    parameters: Object.fromEntries(of('param').flatMap(parameter)),
    host: leaves(of('cpuid')),
    supported: leaves(of('supported')),
    saved: listed(0).map(([, , index = '']) => index),
    features: listed(1).map(([, , index = '', , value = '']) => `${index} ${value}`),
    calls: ['short', 'system', 'bulk', 'filter', 'mask', 'mce'].flatMap(of),
    answers: grouped(told.slice(first)),
  }
}

function parameter(line: string): readonly (readonly [name: string, value: number])[] {
  const [, name = '', text = ''] = line.split(' ')
  const value = text === 'Y' ? 1 : text === 'N' ? 0 : Number(text)
  return Number.isNaN(value) ? [] : [[name, value]]
}

const leaves = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !nothing.test(line)).map((line) => line.replace(/^\w+\s+/, ''))

function grouped(lines: readonly string[]): MsrAnswers['answers'] {
  const said = new Map<string, { config: number; index: string; words: string[] }>()
  let config = 0
  for (const line of lines) {
    const [what = '', index = '', ...words] = line.split(' ')
    if (what === 'config') {
      config = Number(index)
      continue
    }
    const key = `${config} ${index}`
    const one = said.get(key) ?? { config, index, words: [] }
    one.words.push([what, ...words].join(' '))
    said.set(key, one)
  }
  const alike = Map.groupBy(said.values(), (one) => `${one.config} ${one.words.join('; ')}`)
  return [...alike.values()].map((ones) => ({
    config: ones[0]?.config ?? 0,
    msrs: ones.map(({ index }) => index).join(' '),
    said: ones[0]?.words.join('; ') ?? '',
  }))
}
