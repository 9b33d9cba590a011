import {
  compareVersions,
  type Entry,
  type KernelVersion,
  knownSeries,
  numbers,
  profileOf,
  readProfile,
  seriesOf,
} from '@vmm/rule'

/** A line of the table: what a rule's witness is answered, and from which releases on. */
export interface RefusalLine {
  readonly call: string
  readonly rule: string
  /** `EINVAL old` (as old as the call), `EINVAL old -5.6`, `EINVAL +5.17 ?5.18`, `EBUSY in 5.4+proposal`. */
  readonly told: string
}

/** Reads a table: a call on a line of its own behind `=`, below it its rules in order, `#` for people. */
export function readRefusals(text: string): readonly RefusalLine[] {
  let call = ''
  const lines: RefusalLine[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('= ')) call = line.slice(2)
    else if (line !== '' && !line.startsWith('#')) {
      const [rule = '', ...told] = line.trim().split(/ +/)
      lines.push({ call, rule, told: told.join(' ') })
    }
  }
  return lines
}

/** The same of the rule as it is, asked in each series, and around the releases that the line names. */
export function historyOf(entry: Entry, { told }: RefusalLine): string {
  const proposal = / in (\S+)$/.exec(told)?.[1]
  if (proposal !== undefined) return `${errnoUnder(entry, proposal)} in ${proposal}`
  const named = [...told.matchAll(/[-+?](\d+\.[\d.]+)/g)].flatMap(([, release = '']) => around(release))
  const asked = [...new Set([...knownSeries().map(mainline), ...named])].sort(compareVersions)
  const errors = new Set<string>()
  let before = '-'
  const changes = asked.flatMap((release, at) => {
    const answer = entry.answer(profileOf(release))
    const own = answer.kind === 'refused' && answer.rule === entry.id
    if (own) errors.add(answer.errno)
    const sign = own ? '+' : answer.kind === 'unread' ? '?' : '-'
    if (sign === before) return []
    before = sign
    return at === 0 && own ? ['old'] : [`${sign}${release.replace(/\.0$/, '')}`]
  })
  return [[...errors].join('|'), ...changes].join(' ')
}

function errnoUnder(entry: Entry, text: string): string {
  const read = readProfile(text)
  const answer = entry.answer(read.kind === 'profile' ? read.profile : profileOf('6.1.0'))
  return answer.kind === 'refused' && answer.rule === entry.id ? answer.errno : answer.kind
}

const mainline = (series: string): KernelVersion => `${series}.0` as KernelVersion

function around(release: string): readonly KernelVersion[] {
  const { major, minor, patch } = numbers(release as KernelVersion)
  const series = seriesOf(`${major}.${minor}`)
  const at = `${series}.${patch}` as KernelVersion
  return patch === 0 ? [at] : [`${series}.${patch - 1}` as KernelVersion, at]
}
