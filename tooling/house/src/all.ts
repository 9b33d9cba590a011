import type { Law } from './law.ts'
import { arrows } from './laws/arrows.ts'
import { changesets } from './laws/changesets.ts'
import { docstrings } from './laws/docstrings.ts'
import { listedRows } from './laws/listed-rows.ts'
import { manifests } from './laws/manifests.ts'
import { names } from './laws/names.ts'
import { noNode } from './laws/no-node.ts'
import { oneDoor } from './laws/one-door.ts'
import { readme } from './laws/readme.ts'
import { sizes } from './laws/sizes.ts'
import { sourcedRows } from './laws/sourced-rows.ts'
import { tested } from './laws/tested.ts'
import { words } from './laws/words.ts'

/** The laws, in the order they are printed. */
export const laws: readonly Law[] = [
  arrows,
  oneDoor,
  manifests,
  names,
  sizes,
  noNode,
  sourcedRows,
  listedRows,
  readme,
  docstrings,
  tested,
  changesets,
  words,
]
