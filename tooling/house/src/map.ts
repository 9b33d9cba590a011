import { type House, type Member, shortName } from './house.ts'

/** The map of the house: floors from the top, each with what stands on it. */
export function mapOf(house: House): string {
  const floors = Object.entries(house.plan.floors).reverse()
  const width = Math.max(...house.members.map((member) => shortName(member).length))
  const storey = (title: string, says: string, members: readonly Member[]): string[] => {
    const lines = members.map((member) => `  ${shortName(member).padEnd(width)}  ${member.manifest.description ?? ''}`)
    return [`${title.padEnd(width + 4)}${says}`, ...lines.map((line) => line.trimEnd()), '']
  }
  const at = (place: Member['place']): Member[] => house.members.filter((member) => member.place === place)
  return [
    ...storey('apps/', 'wiring only', at('app')),
    ...floors.flatMap(([floor, says]) =>
      storey(`packages/${floor}/`, says, at('package').filter((member) => member.floor === floor)),
    ),
    ...storey('tooling/', 'for building this, never shipped', at('tooling')),
  ]
    .join('\n')
    .trimEnd()
}
