import { catalogue } from './catalogue.rows.ts'
import { notYet, toldElsewhere } from './catalogue-gaps.ts'
import { unrecorded } from './unrecorded.ts'

/** A name of the catalogue. */
export type CatalogueId = (typeof catalogue)[keyof typeof catalogue][number]

/** Every name of the catalogue, in its order. */
const catalogueIds: readonly CatalogueId[] = Object.values(catalogue).flat()

/** What of the catalogue is not as it should be, a sentence each, given the names that promises belong to. */
export function catalogueFaults(promised: ReadonlySet<string>, promises: ReadonlySet<string>): readonly string[] {
  const known = new Set<string>(catalogueIds)
  const told = new Map<string, string>(toldElsewhere.map(({ id, why }) => [id, why]))
  const waiting = new Set<string>(notYet)
  const missing = catalogueIds.filter((id) => !promised.has(id) && !told.has(id) && !waiting.has(id))
  const unnamed = [...told].flatMap(([id, why]) =>
    [...why.matchAll(/`([a-z0-9]+(?:-[a-z0-9]+)+)`/g)]
      .map(([, named = '']) => named)
      .filter((named) => !promises.has(named))
      .map((named) => `${id}: no promise is called ${named}`),
  )
  return [
    ...[...promised].filter((id) => !known.has(id)).map((id) => `${id}: not in the catalogue`),
    ...missing.map((id) => `${id}: no promise, and no reason why`),
    ...[...waiting]
      .filter((id) => promised.has(id) || told.has(id))
      .map((id) => `${id}: there by now: no longer waiting`),
    ...[...told.keys()].filter((id) => promised.has(id)).map((id) => `${id}: has a promise of its own by now`),
    ...unnamed,
  ]
}

/** Entries without a recorded answer that have no reason, and reasons that are not needed any more. */
export function unrecordedFaults(promised: ReadonlySet<string>, recorded: ReadonlySet<string>): readonly string[] {
  const reasoned = unrecorded.flatMap(({ ids }) => ids)
  const missing = [...promised].filter((id) => !recorded.has(id) && !reasoned.some((each) => each === id))
  return [
    ...missing.map((id) => `${id}: no recorded answer, and no reason why`),
    ...reasoned.filter((id) => recorded.has(id)).map((id) => `${id}: recorded by now`),
    ...reasoned.filter((id, at) => reasoned.indexOf(id) !== at).map((id) => `${id}: has two reasons`),
    ...reasoned.filter((id) => !promised.has(id)).map((id) => `${id}: has no promise`),
  ]
}

/** What the page of promises says of entries whose answers no kernel has been recorded giving. */
export function unrecordedText(): readonly string[] {
  const rows = unrecorded.map(({ why, ids }) => `| ${ids.map((id) => `\`${id}\``).join(', ')} | ${why} |`)
  return [
    '## Entries of the catalogue without a recorded answer, and why',
    ['| entries | why |', '|---|---|', ...rows].join('\n'),
  ]
}

/** What the page of promises says of entries without one. */
export function catalogueText(): readonly string[] {
  const parts = ['## Entries of the catalogue without a promise of their own, and why']
  if (toldElsewhere.length > 0) {
    const rows = inOrder(toldElsewhere).map(({ id, why }) => `| \`${id}\` | ${why} |`)
    parts.push(['| entry | why |', '|---|---|', ...rows].join('\n'))
  }
  if (notYet.length > 0) parts.push(`Not yet: ${notYet.map((id) => `\`${id}\``).join(', ')}.`)
  return parts
}

/** In the catalogue's order, whatever order the list has. */
function inOrder(rows: typeof toldElsewhere): typeof toldElsewhere {
  return rows.toSorted((one, other) => catalogueIds.indexOf(one.id) - catalogueIds.indexOf(other.id))
}
