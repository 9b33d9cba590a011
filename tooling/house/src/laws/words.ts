import type { House } from '../house.ts'
import type { Finding, Law } from '../law.ts'

/** The house speaks of itself, in words that last. */
export const words: Law = {
  name: 'words',
  says: 'No page and no comment has a word that house.json replaces, a path of somebody’s machine, or a link to a host it does not list.',
  check: (house) =>
    house.tree.paths
      .filter((path) => spoken.test(path) && path !== 'house.json' && path !== 'LICENSE')
      .flatMap((path) => spokenIn(house, path)),
}

const spoken = /(\.(ts|md|json|ya?ml)|\.ci\/run)$|^[A-Z]+$/
const machinePath = /(?<![\w./-])\/(?:work|home|Users)\/\w+/

function spokenIn(house: House, path: string): readonly Finding[] {
  if (path === 'pnpm-lock.yaml') return []
  const text = house.tree.read(path)
  return text.split('\n').flatMap((line, index): Finding[] => {
    const at = (says: string): Finding => ({ file: path, line: index + 1, says })
    const said = Object.entries(house.plan.words).filter(([word]) => new RegExp(`\\b${word}s?\\b`).test(line))
    const hosts = [...line.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host = '']) => host)
    return [
      ...said.map(([word, instead]) => at(`says “${word}”: ${instead}`)),
      ...(machinePath.test(line) ? [at('holds a path of somebody’s machine')] : []),
      ...hosts
        .filter((host) => !house.plan.hosts.includes(host))
        .map((host) => at(`leads to ${host}, which house.json does not list`)),
    ]
  })
}
