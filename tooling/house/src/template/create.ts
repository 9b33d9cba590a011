import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Tree, treeOnDisk } from '../tree.ts'
import { newInstruction } from './instruction.ts'
import { newLeaf } from './leaf.ts'
import { newMsr } from './msr.ts'
import { newPackage } from './package.ts'
import { newRule } from './rule.ts'

/** Files to write, by path, and what is left to do by hand. */
export interface Template {
  readonly kind: 'files'
  readonly files: Readonly<Record<string, string>>
  readonly next: string
}

/** Why nothing is written. */
export interface Refused {
  readonly kind: 'refused'
  readonly says: string
}

/** What there is to be made, and how it is asked for. */
const templates: Readonly<Record<string, (tree: Tree, words: readonly string[]) => Template | Refused>> = {
  package: newPackage,
  msr: newMsr,
  leaf: newLeaf,
  rule: newRule,
  instruction: newInstruction,
}

/** What the words ask for, as files, nothing written yet. */
export function plan(tree: Tree, [kind = '', ...words]: readonly string[]): Template | Refused {
  const template = templates[kind]
  if (template !== undefined) return template(tree, words)
  return { kind: 'refused', says: `pnpm new ${Object.keys(templates).join('|')} …` }
}

/** Writes what the words ask for into the house, formatted. */
export function create(
  root: string,
  words: readonly string[],
): Refused | { kind: 'made'; written: string[]; next: string } {
  const planned = plan(treeOnDisk(root), words)
  if (planned.kind === 'refused') return planned
  const written = Object.keys(planned.files)
  for (const [path, text] of Object.entries(planned.files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const formatted = written.filter((path) => /\.(ts|json)$/.test(path))
  if (formatted.length > 0)
    execFileSync('biome', ['check', '--write', ...formatted], {
      cwd: root,
      stdio: 'ignore',
      shell: process.platform === 'win32',
    })
  return { kind: 'made', written, next: planned.next }
}
