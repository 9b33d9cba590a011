import type { Law } from '../law.ts'

const empty = new Set(['utils', 'util', 'common', 'helpers', 'types', 'base', 'core', 'misc', 'shared'])
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/
const suffixes = /^(\.(rows|test|bench|fuzz|rule|behaviour|long\.test))?\.ts$/

/** A name says what is inside; a suffix says what kind of file it is. */
export const names: Law = {
  name: 'names',
  says: 'Nothing is called utils, common, helpers, types, base or core; files are kebab-case, with suffixes that are queries.',
  check: (house) =>
    house.members.flatMap(({ folder, sources }) =>
      sources.flatMap(({ file }) => {
        const parts = file.path.slice(folder.lastIndexOf('/') + 1).split('/')
        const [name = '', suffix = ''] = split(parts.pop() ?? '')
        const says = [...parts, name].filter((part) => empty.has(part)).map((part) => `“${part}” says nothing`)
        if (!kebab.test(name)) says.push(`${name} is not kebab-case`)
        if (!suffixes.test(suffix)) says.push(`${suffix} is no suffix of ours`)
        return says.map((each) => ({ file: file.path, line: 1, says: each }))
      }),
    ),
}

function split(file: string): readonly [string, string] {
  const dot = file.indexOf('.')
  return [file.slice(0, dot), file.slice(dot)]
}
