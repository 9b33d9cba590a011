import type { Tree } from '../tree.ts'
import type { Refused, Template } from './create.ts'

const folder = 'packages/abi/cpuid/src'
const usage =
  "pnpm new leaf NUMBER 'NAME', for example: pnpm new leaf 0x23 'Architectural Performance Monitoring Extended'"

/** A rows file for a CPUID leaf, and its place in the list. */
export function newLeaf(tree: Tree, [numberText = '', ...nameWords]: readonly string[]): Template | Refused {
  const name = nameWords.join(' ')
  const refused = (says: string): Refused => ({ kind: 'refused', says })
  if (!/^0x[0-9a-f]{1,8}$/i.test(numberText) || name === '' || /['\\\n]/.test(name)) return refused(usage)
  const number = Number(numberText)
  const hex = number.toString(16).padStart(2, '0')
  const constant = `leaf${hex.toUpperCase()}`
  const path = `${folder}/leaf-${hex}.rows.ts`
  const list = tree.read(`${folder}/all.ts`)
  if (tree.has(path) || new RegExp(`\\b${constant}\\b`).test(list)) return refused(`${constant} is there already`)
  return {
    kind: 'files',
    files: {
      [path]: rowsFile(constant, number, hex, name),
      [`${folder}/all.ts`]: listed(list, constant, number, `./leaf-${hex}.rows.ts`),
      [`.changeset/cpuid-leaf-${hex}.md`]: `---\n"@vmm/cpuid": minor\n---\n\nAdded CPUID leaf ${hex.toUpperCase()}H.\n`,
    },
    next: `Now name the bits of ${path}, in the manual's order and words, and the section they are written in.`,
  }
}

const rowsFile = (
  constant: string,
  number: number,
  hex: string,
  name: string,
): string => `import { sdm } from '@vmm/source'
import { leaf } from './leaf.ts'

export const ${constant} = leaf(0x${number > 0xffff ? `${hex.slice(0, 4)}_${hex.slice(4)}` : hex}, 'any', '${name}', sdm('2A', '3.3', 'CPUID—CPU Identification'), {})
`

/** The list with one leaf more, before the first of a higher number; the formatter sorts the imports. */
function listed(list: string, constant: string, number: number, specifier: string): string {
  const lines = `import { ${constant} } from '${specifier}'\n${list}`.split('\n')
  const start = lines.findIndex((line) => line.startsWith('export const leaves'))
  const after = lines.findIndex((line, at) => at > start && (numberOf(line) > number || line.startsWith(']')))
  return lines.toSpliced(after, 0, `  ${constant},`).join('\n')
}

function numberOf(line: string): number {
  const digits = /^ {2}leaf((?:4|8)[0-9A-F]{7}|[0-9A-F]{2})/.exec(line)?.[1]
  return digits === undefined ? -1 : Number.parseInt(digits, 16)
}
