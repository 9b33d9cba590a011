import { arrayOf, integer, record, type Schema, text } from './schema.ts'

/** The rows of one kind that a package ships as JSON. */
export interface Table {
  /** The package's folder: `packages/abi/kvm-uapi`. */
  readonly folder: string
  /** The file's name without `.json`. */
  readonly name: string
  /** What the rows are, as a sentence. */
  readonly says: string
  readonly row: Schema
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly rows: () => readonly object[]
}

// Raised when a reader of the old files would no longer understand the new ones.
const format = 1

/** A table's two files, by their paths from the root of the repository. */
export function filesOf(table: Table): Readonly<Record<string, string>> {
  const place = `${table.folder}/data/${table.name}`
  return {
    [`${place}.json`]: dataOf(table),
    [`${place}.schema.json`]: `${JSON.stringify(schemaOf(table), undefined, 1)}\n`,
  }
}

/** The schema of a table's file. */
export function schemaOf({
  name,
  says,
  row,
  $defs,
}: Table): Schema & { readonly $schema: string; readonly title: string } {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: name,
    description: says,
    ...record({
      $schema: text(),
      format: { ...integer('raised when readers must change'), const: format },
      rows: arrayOf(row),
    }),
    ...($defs === undefined ? {} : { $defs }),
  }
}

/** A row a line, so that a change of a row is a change of a line. */
function dataOf({ name, rows }: Table): string {
  const lines = rows().map((row) => JSON.stringify(row))
  const head = JSON.stringify({ $schema: `./${name}.schema.json`, format }).slice(0, -1)
  return `${head},"rows":[\n${lines.join(',\n')}\n]}\n`
}
