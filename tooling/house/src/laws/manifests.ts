import { isDeepStrictEqual } from 'node:util'
import { type House, isPublished, type Manifest, type Member, packagesOf, shortName } from '../house.ts'
import type { Finding, Law } from '../law.ts'
import { packageManifest } from '../template/package.ts'

/** One shape for all packages, so that nothing is forgotten in one of them. */
export const manifests: Law = {
  name: 'manifests',
  says: 'Every package.json and tsconfig of packages/ has the shape that `pnpm new package` writes, named after its folder.',
  check: (house) => [...packagesOf(house).flatMap((member) => misshapen(house, member)), ...twins(house)],
}

const free = new Set(['version', 'description', 'keywords', 'dependencies', 'devDependencies', 'peerDependencies'])

function misshapen(house: House, member: Member): readonly Finding[] {
  if (!isPublished(member)) return []
  const file = `${member.folder}/package.json`
  const at = (says: string): Finding => ({ file, line: 1, says })
  const shipsData = house.tree.paths.some((path) => path.startsWith(`${member.folder}/data/`))
  const wanted = packageManifest({ name: shortName(member), description: '', shipsData })
  const keys = new Set([...Object.keys(wanted), ...Object.keys(member.manifest)].filter((key) => !free.has(key)))
  const differs = [...keys].filter((key) => !isDeepStrictEqual(get(member.manifest, key), get(wanted, key)))
  const described = /^\S.*[^.]$/.test(member.manifest.description ?? '')
  const configs = ['tsconfig.json', 'tsconfig.build.json'].filter((name) => !house.tree.has(`${member.folder}/${name}`))
  return [
    ...differs.map((key) => at(`“${key}” is not what the template says: ${JSON.stringify(get(wanted, key))}`)),
    ...(described ? [] : [at('“description” is a phrase without a full stop')]),
    ...(/^[1-9]\d*\./.test(member.manifest.version ?? '') ? [] : [at('versions start at 1.0.0')]),
    ...configs.map((name) => at(`there is no ${name} beside it`)),
    ...foreignRanges(member.manifest).map((says) => at(says)),
  ]
}

const get = (manifest: Manifest, key: string): unknown => (manifest as Readonly<Record<string, unknown>>)[key]

function foreignRanges({ dependencies = {}, devDependencies = {} }: Manifest): readonly string[] {
  const own = Object.entries(dependencies).filter(
    ([name, range]) => name.startsWith('@vmm/') && range !== 'workspace:^',
  )
  const others = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([name, range]) => !name.startsWith('@vmm/') && range !== 'catalog:',
  )
  return [
    ...own.map(([name]) => `${name} is depended on as “workspace:^”`),
    ...others.map(([name]) => `${name} has its version in the catalog of pnpm-workspace.yaml: write “catalog:”`),
  ]
}

function twins(house: House): readonly Finding[] {
  const folders = new Map<string, string>()
  return house.members.flatMap(({ name, folder }): Finding[] => {
    const other = folders.get(name)
    folders.set(name, folder)
    if (other === undefined && name !== '') return []
    return [{ file: `${folder}/package.json`, line: 1, says: `${name} is also the name of ${other ?? 'nothing'}` }]
  })
}
