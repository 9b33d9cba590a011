import { packagesOf } from '../house.ts'
import type { Law } from '../law.ts'

/** Packages are for browsers too. */
export const noNode: Law = {
  name: 'no-node',
  says: 'Packages import nothing of Node, except where house.json lists the file and the reason.',
  check: (house) =>
    packagesOf(house).flatMap(({ sources }) =>
      sources
        .filter(({ file, role }) => role !== 'test' && !(file.path in house.plan.node))
        .flatMap(({ file }) =>
          file.references
            .filter(({ specifier }) => specifier.startsWith('node:'))
            .map(({ specifier, line }) => ({ file: file.path, line, says: `imports ${specifier}` })),
        ),
    ),
}
