import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { bundled } from './bundled.ts'
import { type House, type Member, packagesOf, shortName } from './house.ts'

/** A package and every one of ours that it needs, itself last: what a project that takes it alone gets. */
export function closureOf(house: House, name: string): readonly Member[] | undefined {
  const members = new Map(packagesOf(house).map((member) => [member.name, member]))
  const first = packagesOf(house).find((member) => shortName(member) === name || member.name === name)
  if (first === undefined) return undefined
  const found = new Set<Member>()
  const visit = (member: Member): void => {
    if (found.has(member)) return
    for (const needed of Object.keys(member.manifest.dependencies ?? {})) {
      const own = members.get(needed)
      if (own !== undefined) visit(own)
    }
    found.add(member)
  }
  visit(first)
  return [...found]
}

/** Builds packages, makes one file of each, and packs them into a folder that is there; says which tarballs that made. */
export async function packInto(
  root: string,
  members: readonly Member[],
  destination: string,
): Promise<readonly string[]> {
  const filters = members.map(({ name }) => `--filter=${name}`)
  execFileSync('turbo', ['run', 'build', '--output-logs=errors-only', ...filters], { cwd: root, stdio: 'inherit' })
  for (const { folder } of members) await bundled(join(root, folder))
  return members.map(({ folder }) => {
    const words = ['pack', '--json', '--pack-destination', destination]
    const answer = execFileSync('pnpm', words, { cwd: join(root, folder), encoding: 'utf8' })
    return (JSON.parse(answer) as { readonly filename: string }).filename
  })
}
