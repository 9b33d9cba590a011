import { dirname, join } from 'node:path/posix'
import { type Member, packagesOf } from '../house.ts'
import type { Finding, Law } from '../law.ts'
import type { Export, SourceFile } from '../source-file.ts'

/** What is public says what it is. */
export const docstrings: Law = {
  name: 'docstrings',
  says: 'Every name that index.ts gives away has a docstring where it is declared.',
  check: (house) => packagesOf(house).flatMap(undocumented),
}

function undocumented(member: Member): readonly Finding[] {
  const files = new Map(member.sources.map(({ file }) => [file.path, file]))
  const door = files.get(`${member.folder}/src/index.ts`)
  return (door?.exports ?? []).flatMap((given): Finding[] => {
    const home = declarationOf(files, door, given)
    if (home === undefined || home.export.documentation !== undefined) return []
    return [{ file: home.file.path, line: home.export.line, says: `${home.export.name} has no docstring` }]
  })
}

interface Home {
  readonly file: SourceFile
  readonly export: Export
}

type Files = ReadonlyMap<string, SourceFile>

function declarationOf(files: Files, file: SourceFile | undefined, given: Export): Home | undefined {
  if (file === undefined) return undefined
  if (given.from === undefined) return { file, export: given }
  const target = files.get(join(dirname(file.path), given.from.specifier))
  const next = target?.exports.find(({ name }) => name === given.from?.name)
  return next === undefined ? undefined : declarationOf(files, target, next)
}
