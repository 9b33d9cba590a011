import type { Tree } from '../tree.ts'
import type { Refused, Template } from './create.ts'

const folder = 'packages/x86/x86-semantics/src'
const opcodes = 'packages/x86/x86-opcode-maps/src'
const groups = ['integer', 'system', 'vector', 'x87']
const usage = `pnpm new instruction MNEMONIC [${groups.join('|')}], for example: pnpm new instruction SERIALIZE system`

/** A description for an instruction that has opcode rows: one that is #UD until it is written. */
export function newInstruction(tree: Tree, [mnemonic = '', group = 'integer']: readonly string[]): Template | Refused {
  const refused = (says: string): Refused => ({ kind: 'refused', says })
  if (!/^[A-Z][A-Z0-9]*$/.test(mnemonic) || !groups.includes(group)) return refused(usage)
  const mentions = (place: string, quoted: string): string | undefined =>
    tree.paths.find((path) => path.startsWith(place) && path.endsWith('.ts') && tree.read(path).includes(quoted))
  const described = mentions(folder, `'${mnemonic}'`)
  if (described !== undefined) return refused(`${described} speaks of ${mnemonic} already`)
  if (mentions(opcodes, `'${mnemonic}'`) === undefined)
    return refused(`${mnemonic} has no opcode row yet: write that first, in ${opcodes}`)
  const slug = mnemonic.toLowerCase()
  const constant = /^\d/.test(slug) ? `x${slug}` : slug
  const path = `${folder}/${group}/${slug}.ts`
  if (tree.has(path)) return refused(`${path} is there already`)
  return {
    kind: 'files',
    files: {
      [path]: description(constant, mnemonic),
      [`${folder}/all.ts`]: listed(tree.read(`${folder}/all.ts`), constant, `./${group}/${slug}.ts`),
      [`.changeset/instruction-${slug}.md`]: `---\n"@vmm/x86-semantics": minor\n---\n\nDescribed ${mnemonic}.\n`,
    },
    next: `Now describe it in ${path}: read everything, then check everything, then write everything. Then give it cases in tooling/ins/cases.`,
  }
}

const description = (constant: string, mnemonic: string): string => `import { sdm } from '@vmm/source'
import type { Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'

/** ${mnemonic}. */
export const ${constant}: readonly Instruction[] = [
  instruction('${mnemonic}', sdm('2A', '3.3', '${mnemonic}'), (m: Machine) => m.fault('UD')),
]
`

/** The list with one family more, at its end; the formatter sorts the imports. */
function listed(list: string, constant: string, specifier: string): string {
  const lines = `import { ${constant} } from '${specifier}'\n${list}`.split('\n')
  const start = lines.findIndex((line) => line.startsWith('const families'))
  const end = lines.findIndex((line, at) => at > start && line.startsWith(']'))
  return lines.toSpliced(end, 0, `  ${constant},`).join('\n')
}
