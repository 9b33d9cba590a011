import { type House, isPublished, type Member } from '../house.ts'
import type { Finding, Law } from '../law.ts'

/** What changed is told to those who depend on it. */
export const changesets: Law = {
  name: 'changesets',
  says: 'Every published package that changed since versions were last written is named by a changeset: one sentence, in the past tense.',
  check: (house) => [...untold(house), ...pages(house).flatMap((page) => misnamed(house, page))],
}

interface Page {
  readonly path: string
  readonly names: readonly string[]
  readonly sentence: string
}

function pages(house: House): readonly Page[] {
  const paths = house.tree.paths.filter((path) => /^\.changeset\/(?!README).*\.md$/.test(path))
  return paths.map((path) => {
    const [, front = '', sentence = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(house.tree.read(path)) ?? []
    const names = [...front.matchAll(/^["']?(@[\w-]+\/[\w-]+)["']?: (?:major|minor|patch)$/gm)].map(
      ([, name = '']) => name,
    )
    return { path, names, sentence: sentence.trim() }
  })
}

function untold(house: House): readonly Finding[] {
  const told = new Set(pages(house).flatMap(({ names }) => names))
  const touched = house.touched()
  const changed = (member: Member): boolean =>
    touched === undefined
      ? !house.tree.has(`${member.folder}/CHANGELOG.md`)
      : touched.some((path) => path.startsWith(`${member.folder}/`) && ships(path))
  return house.members
    .filter((member) => isPublished(member) && !told.has(member.name) && changed(member))
    .map(({ folder, name }) => ({ file: `${folder}/package.json`, line: 1, says: `no changeset names ${name}` }))
}

const ships = (path: string): boolean => /\/(src\/.*|README\.md)$/.test(path) && !/\.(test|bench|fuzz)\.ts$/.test(path)

function misnamed(house: House, { path, names, sentence }: Page): readonly Finding[] {
  const known = new Set(house.members.filter(isPublished).map(({ name }) => name))
  const at = (says: string): Finding => ({ file: path, line: 1, says })
  return [
    ...(names.length === 0 ? [at('names no package, or not in the form "@vmm/name": minor')] : []),
    ...names.filter((name) => !known.has(name)).map((name) => at(`names ${name}, which is not published`)),
    ...(/^[A-Z][^\n]*\.$/.test(sentence.replaceAll(/(?<!\n)\n(?!\n)/g, ' ')) ? [] : [at('is not one sentence')]),
  ]
}
