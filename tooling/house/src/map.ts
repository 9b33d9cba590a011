import { type House, type Member, shortName } from './house.ts'

interface Storey {
  readonly folder: string
  readonly says: string
  readonly members: readonly Member[]
}

/** The map of the house: floors from the top, each with what stands on it. */
export function mapOf(house: House): string {
  const width = Math.max(...house.members.map((member) => shortName(member).length), 'packages/foundation/'.length)
  const row = (name: string, says: string): string => `${name.padEnd(width + 4)}${says}`.trimEnd()
  return storeysOf(house)
    .map(({ folder, says, members }) =>
      [row(folder, says), ...members.map((each) => row(`  ${shortName(each)}`, each.manifest.description ?? ''))].join(
        '\n',
      ),
    )
    .join('\n\n')
}

/** The same with names alone, for a page. */
export function briefMapOf(house: House): string {
  return storeysOf(house)
    .flatMap(({ folder, says, members }) => {
      const [first = '', ...more] = wrapped(members.map(shortName), 66)
      const margin = ' '.repeat(22 + 32)
      return [`${folder.padEnd(22)}${says.padEnd(32)}${first}`.trimEnd(), ...more.map((line) => `${margin}${line}`)]
    })
    .join('\n')
}

const mapInPage = /(## The house\n[\s\S]*?```text\n)([\s\S]*?)(\n```)/

/** The map that a page holds under its heading, if it holds one. */
export function mapIn(page: string): string | undefined {
  return mapInPage.exec(page)?.[2]
}

/** The page with this map in it. */
export function withMap(page: string, map: string): string {
  return page.replace(mapInPage, (_, before: string, __, after: string) => `${before}${map}${after}`)
}

function storeysOf(house: House): readonly Storey[] {
  const at = (place: Member['place']): Member[] => house.members.filter((member) => member.place === place)
  const floors = Object.entries(house.plan.floors).map(([floor, says]) => {
    const members = at('package').filter((member) => member.floor === floor)
    return { folder: `packages/${floor}/`, says, members }
  })
  return [
    { folder: 'apps/', says: 'wiring only', members: at('app') },
    ...floors.reverse(),
    { folder: 'tooling/', says: 'never shipped', members: at('tooling') },
  ]
}

function wrapped(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = []
  for (const word of words) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
