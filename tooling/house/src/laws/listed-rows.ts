import { dirname, join } from 'node:path/posix'
import type { Member, Source } from '../house.ts'
import type { Finding, Law } from '../law.ts'

/** A table that nobody lists would be silently absent. */
export const listedRows: Law = {
  name: 'listed-rows',
  says: 'The list is the directory: every table of every rows file is imported by the list of its folder, or by who reads it.',
  check: (house) =>
    house.members.flatMap((member) => {
      const rows = member.sources.filter(({ role }) => role === 'rows')
      return rows.flatMap((source) => unlisted(member, source))
    }),
}

function unlisted(member: Member, { file }: Source): readonly Finding[] {
  const importers = member.sources
    .filter(({ role }) => role !== 'test')
    .map((source) => [source, namesTaken(source, file.path)] as const)
  const list = importers.find(([source, taken]) => source.file.path.endsWith('/all.ts') && taken.size > 0)
  const taken = list?.[1] ?? new Set(importers.flatMap(([, names]) => [...names]))
  const where = list === undefined ? 'nobody imports it' : `${list[0].file.path} does not list it`
  return file.exports
    .filter(({ name, isType }) => !isType && !taken.has(name) && !taken.has('*'))
    .map(({ name, line }) => ({ file: file.path, line, says: `${name}: ${where}` }))
}

function namesTaken({ file }: Source, path: string): ReadonlySet<string> {
  const taken = file.references.filter(({ specifier }) => join(dirname(file.path), specifier) === path)
  return new Set(taken.flatMap(({ names }) => names))
}
