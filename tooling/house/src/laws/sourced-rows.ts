import type { House } from '../house.ts'
import type { Finding, Law } from '../law.ts'
import type { Export, SourceFile } from '../source-file.ts'

/** A fact is stated with the place it can be read at. */
export const sourcedRows: Law = {
  name: 'sourced-rows',
  says: 'Every row has a source: a `source` of its own, or one `Source: …` in the docstring of its table.',
  check: async (house) => {
    const files = house.members.flatMap(({ sources }) => sources.filter(({ role }) => role === 'rows'))
    return (await Promise.all(files.map(({ file }) => unsourced(house, file)))).flat()
  },
}

async function unsourced(house: House, file: SourceFile): Promise<readonly Finding[]> {
  const asked = file.exports.filter(({ documentation }) => !/\bSource: \S/.test(documentation ?? ''))
  if (asked.length === 0) return []
  const values = await house.load(file.path)
  return asked.flatMap((table) => judge(file, table, values[table.name]))
}

function judge(file: SourceFile, { name, line }: Export, table: unknown): readonly Finding[] {
  const at = (says: string): Finding => ({ file: file.path, line, says })
  if (table === undefined) return [] // a type
  if (typeof table === 'function') return [at(`${name} is a function: words and rows are different files`)]
  if (typeof table !== 'object' || table === null) return [at(`${name} is no table, and cites nothing`)]
  if (hasSource(table)) return []
  const rows = Object.entries(table)
  if (rows.length === 0) return [at(`${name} has no rows`)]
  const bare = rows.filter(([, row]) => !hasSource(row)).map(([key]) => key)
  return bare.length === 0 ? [] : [at(`${name}: ${bare.length} rows have no source, the first is ${bare[0]}`)]
}

function hasSource(row: unknown): boolean {
  if (typeof row !== 'object' || row === null || !('source' in row)) return false
  const { source } = row
  return typeof source === 'object' && source !== null && 'kind' in source
}
