import type { Tree } from '../tree.ts'
import type { Refused, Template } from './create.ts'

const folder = 'packages/abi/msr/src'
const usage = 'pnpm new msr NAME INDEX [FAMILY], for example: pnpm new msr IA32_TSX_CTRL 0x122 speculation'

/** A row for an MSR, in the family whose indexes surround it, or in the one that is named. */
export function newMsr(tree: Tree, [name = '', indexText = '', family]: readonly string[]): Template | Refused {
  const refused = (says: string): Refused => ({ kind: 'refused', says })
  const index = Number(indexText)
  if (!/^[A-Z][A-Za-z0-9_]+$/.test(name) || !/^0x[0-9a-f]{1,8}$/i.test(indexText)) return refused(usage)
  const families = tree.paths.filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.rows.ts'))
  const rows = families.flatMap((path) => rowsIn(path, tree.read(path)))
  const taken = rows.find((row) => row.index === index || row.name === name)
  if (taken !== undefined) return refused(`${taken.path}:${taken.line} has ${taken.name} already`)
  const below = rows.filter((row) => row.index < index).sort((a, b) => b.index - a.index)[0]
  const path = family === undefined ? below?.path : families.find((each) => each === `${folder}/${family}.rows.ts`)
  if (path === undefined)
    return refused(
      `there is no family ${family}: ${families.map((each) => each.slice(folder.length + 1, -8)).join(', ')}`,
    )
  const text = tree.read(path)
  const source = /^const (\w+) = (?:sdm|apm|kernelSource)\(/m.exec(text)?.[1]
  if (source === undefined) return refused(`${path} has no source that its rows share: add the row by hand`)
  const row = `  msr(0x${index.toString(16).padStart(3, '0')}, '${name}', ${source}, 'plain'),`
  const slug = name.toLowerCase().replaceAll('_', '-')
  return {
    kind: 'files',
    files: {
      [path]: inserted(text, rowsIn(path, text).find((each) => each.index > index)?.line, row),
      [`.changeset/${slug}.md`]: `---\n"@vmm/msr": minor\n---\n\nAdded ${name}.\n`,
    },
    next: `Now say in ${path} which section ${name} is written in, what it needs, and what its fields are.`,
  }
}

interface Row {
  readonly path: string
  readonly index: number
  readonly name: string
  /** From 1. */
  readonly line: number
}

function rowsIn(path: string, text: string): readonly Row[] {
  return text.split('\n').flatMap((line, at) => {
    const [, index, name = ''] = /^ {2}msr\((0x[0-9a-f_]+), '(\w+)'/.exec(line) ?? []
    return index === undefined ? [] : [{ path, index: Number(index.replaceAll('_', '')), name, line: at + 1 }]
  })
}

/** The text with a row before this line, or at the end of its last list. */
function inserted(text: string, before: number | undefined, row: string): string {
  const lines = text.split('\n')
  const at = before === undefined ? lines.findLastIndex((line) => /^\]/.test(line)) : before - 1
  return lines.toSpliced(at, 0, row).join('\n')
}
