import { dirname, join } from 'node:path/posix'
import { type House, isPublished, type Member, packagesOf, type Source } from '../house.ts'
import type { Finding, Law } from '../law.ts'

/** `src/index.ts` is the only way into a package, and it lists what the package has of its own. */
export const oneDoor: Law = {
  name: 'one-door',
  says: 'A package has one door: src/index.ts, named re-exports of its own names, and nothing else is imported from outside.',
  check: (house) => [
    ...house.members.flatMap((member) => member.sources.flatMap((source) => wrongWaysIn(house, member, source))),
    ...packagesOf(house).flatMap((member) => [...doorOf(house, member), ...otherDoors(member)]),
  ],
}

function wrongWaysIn(house: House, member: Member, { file }: Source): readonly Finding[] {
  return file.references.flatMap(({ specifier, line }): Finding[] => {
    const [, name, way] = /^(@vmm\/[^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
    const exported = house.members.find((each) => each.name === name)?.manifest.exports
    if (way !== undefined && !(typeof exported === 'object' && exported !== null && `./${way}` in exported))
      return [{ file: file.path, line, says: `imports ${specifier}, behind the door` }]
    if (!specifier.startsWith('.')) return []
    const target = join(dirname(file.path), specifier)
    if (target.startsWith(`${member.folder}/`)) return []
    return [{ file: file.path, line, says: `imports ${specifier}, which is outside ${member.folder}` }]
  })
}

function doorOf(house: House, member: Member): readonly Finding[] {
  const path = `${member.folder}/src/index.ts`
  const door = member.sources.find(({ file }) => file.path === path)?.file
  if (door === undefined) return isPublished(member) ? [{ file: path, line: 1, says: 'there is no door' }] : []
  const own = door.ownStatements.map(({ line }) => ({ file: path, line, says: 'holds something besides re-exports' }))
  const unnamed = door.exports
    .filter(({ name }) => name === '*')
    .map(({ line }) => ({ file: path, line, says: 're-exports all of a module: name the names' }))
  const foreign = door.exports.flatMap(({ name, line }): Finding[] => {
    const home = homeOf(house, path, name)
    return home?.startsWith('.') === false
      ? [{ file: path, line, says: `gives away ${name}, which belongs to ${home}` }]
      : []
  })
  const empty = door.exports.length === 0 ? [{ file: path, line: 1, says: 'gives nothing away' }] : []
  return [...own, ...unnamed, ...foreign, ...empty]
}

/** The other package that a name comes from, however many modules pass it on; `'.'` when it is our own. */
function homeOf(house: House, path: string, name: string): string | undefined {
  for (let at = path, wanted = name, steps = 0; steps < 20; steps++) {
    const file = house.members.flatMap(({ sources }) => sources).find((source) => source.file.path === at)?.file
    const from = file?.exports.find((each) => each.name === wanted)?.from
    if (from === undefined) return '.'
    if (!from.specifier.startsWith('.')) return from.specifier
    at = join(dirname(at), from.specifier)
    wanted = from.name
  }
  return undefined
}

function otherDoors(member: Member): readonly Finding[] {
  return member.sources
    .filter(({ file, role }) => role !== 'test' && file.path !== `${member.folder}/src/index.ts`)
    .flatMap(({ file }) =>
      file.references
        .filter(({ kind }) => kind === 're-export')
        .map(({ line }) => ({ file: file.path, line, says: 'passes names on: only index.ts does' })),
    )
}
