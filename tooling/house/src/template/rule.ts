import type { Tree } from '../tree.ts'
import type { Refused, Template } from './create.ts'

const usage =
  "pnpm new rule PACKAGE/CALL NAME 'WHAT IT SAYS', for example: pnpm new rule msr/filter filter-too-long 'a bitmap has at most 1536 bytes'"

/** A rule beside those of its call, and behind one of them in their pipeline. It refuses nothing yet. */
export function newRule(tree: Tree, [where = '', name = '', ...says]: readonly string[]): Template | Refused {
  const refused = (reason: string): Refused => ({ kind: 'refused', says: reason })
  const [, pack = '', call = ''] = /^([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(where) ?? []
  const sentence = says.join(' ')
  if (call === '' || !/^[a-z][a-z0-9-]*$/.test(name) || sentence === '' || /['\\\n]/.test(sentence))
    return refused(usage)
  const inFolder = (path: string): boolean => path.includes(`/${pack}/src/rules/${call}/`) && path.endsWith('.rule.ts')
  const siblings = tree.paths.filter(inFolder)
  const folder = siblings[0]?.slice(0, siblings[0].lastIndexOf('/'))
  if (folder === undefined) return refused(`${where} has no rules yet: write its pipeline and the first one by hand`)
  const path = `${folder}/${name}.rule.ts`
  if (tree.has(path)) return refused(`${path} is there already`)
  const neighbour = siblings
    .flatMap((sibling) => neighbourAt(tree, `${folder.split('/src/')[0]}/src/`, sibling) ?? [])
    .at(-1)
  if (neighbour === undefined)
    return refused(`no check of ${where} has a plain witness to begin with: copy one by hand`)
  const constant = camelCase(name)
  return {
    kind: 'files',
    files: {
      [path]: ruleFile({ name, constant, sentence }, neighbour),
      [neighbour.pipeline]: listed(tree.read(neighbour.pipeline), constant, name, neighbour),
      [`.changeset/rule-${name}.md`]: `---\n"@vmm/${pack}": minor\n---\n\nStated the rule ${name}.\n`,
    },
    next: `Now say in ${path} when it refuses, since when, with which error, and where that is written; give it a witness, and put it into ${neighbour.pipeline} where the kernel asks. The package's tests say what is missing.`,
  }
}

/** A rule to begin like: how it is typed, a call that it accepts, and where its pipeline lists it. */
interface Neighbour {
  readonly constant: string
  readonly file: string
  /** What stands behind the constant's name, and behind `rule`: one of them is a type. */
  readonly typed: readonly [constant: string, rule: string]
  readonly accepted: string
  readonly errno: string
  readonly imports: readonly string[]
  readonly pipeline: string
}

function neighbourAt(tree: Tree, source: string, path: string): Neighbour | undefined {
  const text = tree.read(path)
  const [, constant = '', ofConstant = '', ofRule = ''] =
    /^export const (\w+)(: \w+)? = rule(<\w+>)?\(/m.exec(text) ?? []
  const accepted = /^ {2}witness: .*accepted: (.*) \},$/m.exec(text)?.[1]
  const errno = /^ {2}errno: '(\w+)',$/m.exec(text)?.[1]
  if (constant === '' || accepted === undefined || errno === undefined) return undefined
  const names = [...`${ofConstant}${ofRule} ${accepted}`.matchAll(/\w+/g)].map(([word]) => word)
  const ownNames = [...text.matchAll(/^(?:export )?(?:const|function) (\w+)/gm)].map(([, own]) => own)
  const file = path.slice(path.lastIndexOf('/') + 1)
  const pipeline = tree.paths.find(
    (each) => each.startsWith(source) && !each.endsWith('.test.ts') && stepOf(constant).test(tree.read(each)),
  )
  if (pipeline === undefined || names.some((name) => ownNames.includes(name))) return undefined
  return { constant, file, typed: [ofConstant, ofRule], accepted, errno, imports: importsOf(text, names), pipeline }
}

/** The line of a list that has this rule. */
const stepOf = (constant: string): RegExp =>
  new RegExp(`^ +[^'\n]*\\b${constant}\\b[^'\n]*,$|^ +.*\\brule: ${constant} \\},$`, 'm')

/** The import lines of a file, with nothing but these names in them. */
function importsOf(text: string, names: readonly string[]): readonly string[] {
  return [...text.matchAll(/^import (type )?\{([^}]*)\} from '(\.[^']*)'$/gm)].flatMap(
    ([, type = '', list = '', from]) => {
      const kept = list.split(',').filter((each) => names.includes(each.trim().replace(/^type /, '')))
      return kept.length === 0 ? [] : [`import ${type}{${kept.join(',')}} from '${from}'`]
    },
  )
}

const ruleFile = (
  { name, constant, sentence }: { readonly name: string; readonly constant: string; readonly sentence: string },
  { typed, accepted, errno, imports }: Neighbour,
): string => `import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
${imports.join('\n')}

export const ${constant}${typed[0]} = rule${typed[1]}({
  id: '${name}',
  catalogue: '${name}',
  says: '${sentence}',
  lifetime: always,
  errno: '${errno}',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12')],
  evidence: 'memory',
  refuses: () => false,
  witness: { refused: ${accepted}, accepted: ${accepted} },
})
`

/** The pipeline with one step more, behind the neighbour; the formatter sorts the imports. */
function listed(text: string, constant: string, name: string, { constant: before, file }: Neighbour): string {
  const from = new RegExp(`from '(\\.[^']*/)${file.replaceAll('.', '\\.')}'`).exec(text)?.[1] ?? './'
  const steps = text.replace(
    stepOf(before),
    (step) => `${step}\n${step.replace(new RegExp(`\\b${before}\\b`), constant)}`,
  )
  return `import { ${constant} } from '${from}${name}.rule.ts'\n${steps}`
}

const camelCase = (name: string): string => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
