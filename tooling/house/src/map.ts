import { type House, type Member, shortName } from './house.ts'

/** The map of the house: floors from the top, each with what stands on it. */
export function mapOf(house: House): string {
  const floors = Object.entries(house.plan.floors).reverse()
  const width = Math.max(...house.members.map((member) => shortName(member).length), 'packages/foundation/'.length)
  const row = (name: string, says: string): string => `${name.padEnd(width + 4)}${says}`.trimEnd()
  const storey = (title: string, says: string, members: readonly Member[]): readonly string[] => [
    row(title, says),
    ...members.map((each) => row(`  ${shortName(each)}`, each.manifest.description ?? '')),
    '',
  ]
  const at = (place: Member['place']): Member[] => house.members.filter((member) => member.place === place)
  return [
    ...storey('apps/', 'wiring only', at('app')),
    ...floors.flatMap(([floor, says]) =>
      storey(
        `packages/${floor}/`,
        says,
        at('package').filter((member) => member.floor === floor),
      ),
    ),
    ...storey('tooling/', 'for building this, never shipped', at('tooling')),
  ]
    .join('\n')
    .trimEnd()
}

const mapInReadme = /(## The map of the house\n[\s\S]*?```text\n)[\s\S]*?(\n```)/

/** The map that a README holds under its heading, if it holds one. */
export function mapIn(readme: string): string | undefined {
  const found = mapInReadme.exec(readme)
  return found?.[0].slice(found[1]?.length, -(found[2]?.length ?? 0))
}

/** The README with this map in it. */
export function withMap(readme: string, map: string): string {
  return readme.replace(mapInReadme, (_, before: string, after: string) => `${before}${map}${after}`)
}
