import { type House, type Member, type Plan, packagesOf, shortName } from '../house.ts'
import type { Finding, Law } from '../law.ts'

/** Packages import lower floors; inside a floor, what `house.json` lists. */
export const arrows: Law = {
  name: 'arrows',
  says: 'Arrows go down: apps, machine, engine, abi, x86, foundation; inside a floor only where house.json lists them.',
  check: (house) => [...house.members.flatMap((member) => wrongArrows(house, member)), ...planErrors(house)],
}

const ours = (specifier: string): string | undefined => /^@vmm\/[^/]+/.exec(specifier)?.[0]

function wrongArrows(house: House, member: Member): readonly Finding[] {
  const byName = new Map(house.members.map((each) => [each.name, each]))
  const manifestPath = `${member.folder}/package.json`
  const lines = house.tree.read(manifestPath).split('\n')
  const declared = { ...member.manifest.dependencies, ...member.manifest.devDependencies }
  const inManifest = Object.keys(declared).flatMap((name): Finding[] => {
    const line = lines.findIndex((text) => text.includes(`"${name}":`)) + 1
    return refusal(house.plan, member, name, byName).map((says) => ({ file: manifestPath, line, says }))
  })
  const inSources = member.sources.flatMap(({ file, role }) =>
    file.references.flatMap(({ specifier, line }): Finding[] => {
      const name = ours(specifier)
      if (name === undefined || name === member.name) return []
      const known = role === 'test' ? declared : (member.manifest.dependencies ?? {})
      if (name in known || (member.place !== 'package' && name in declared)) return []
      return [{ file: file.path, line, says: `imports ${name}, which package.json does not list under dependencies` }]
    }),
  )
  return [...inManifest, ...inSources]
}

function refusal(plan: Plan, from: Member, name: string, members: ReadonlyMap<string, Member>): readonly string[] {
  if (ours(name) === undefined) return []
  const to = members.get(name)
  if (to === undefined) return [`depends on ${name}, which does not exist`]
  const arrow = `${shortName(from)} → ${shortName(to)}`
  if (name === '@vmm/tsconfig' || from.place === 'tooling' || from.place === 'examples') return []
  if (to.place !== 'package') return [`${arrow}: ${from.place}s depend on packages alone`]
  if (from.place === 'app') return []
  const floors = Object.keys(plan.floors)
  const [above, below] = [floors.indexOf(from.floor ?? ''), floors.indexOf(to.floor ?? '')]
  if (below < above) return []
  if (below > above) return [`${arrow} goes up, from ${from.floor} to ${to.floor}`]
  const listed = plan.arrows[from.floor ?? '']?.[shortName(from)] ?? []
  return listed.includes(shortName(to)) ? [] : [`${arrow} inside ${from.floor} is not listed in house.json`]
}

/** Arrows listed in vain, arrows in a circle, floors that are not planned. */
function planErrors(house: House): readonly Finding[] {
  const at = (word: string): number =>
    house.tree
      .read('house.json')
      .split('\n')
      .findIndex((line) => line.includes(`"${word}"`)) + 1
  const finding = (word: string, says: string): Finding => ({ file: 'house.json', line: at(word), says })
  const unknown = packagesOf(house)
    .filter(({ floor }) => !(floor !== undefined && floor in house.plan.floors))
    .map((member) => finding('floors', `${member.folder} stands on no floor of the plan`))
  const listed = Object.entries(house.plan.arrows).flatMap(([floor, arrowsOfFloor]) =>
    Object.entries(arrowsOfFloor).flatMap(([from, targets]) => targets.map((to) => ({ floor, from, to }))),
  )
  const unused = listed
    .filter(({ floor, from, to }) => {
      const member = house.members.find(({ folder }) => folder === `packages/${floor}/${from}`)
      return !(`@vmm/${to}` in { ...member?.manifest.dependencies, ...member?.manifest.devDependencies })
    })
    .map(({ from, to }) => finding(from, `${from} → ${to} is listed, but nobody uses it`))
  const circles = Object.entries(house.plan.arrows).flatMap(([floor, graph]) =>
    Object.keys(graph)
      .filter((start) => reaches(graph, start, start))
      .map((start) => finding(start, `${start} reaches itself inside ${floor}`)),
  )
  return [...unknown, ...unused, ...circles]
}

function reaches(graph: Readonly<Record<string, readonly string[]>>, from: string, goal: string): boolean {
  const seen = new Set<string>()
  const ahead = [...(graph[from] ?? [])]
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (next === goal) return true
    if (seen.has(next)) continue
    seen.add(next)
    ahead.push(...(graph[next] ?? []))
  }
  return false
}
