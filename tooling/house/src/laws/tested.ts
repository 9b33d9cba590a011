import { isPublished, packagesOf } from '../house.ts'
import type { Law } from '../law.ts'

/** A package arrives with what shows that it works. */
export const tested: Law = {
  name: 'tested',
  says: 'Every package has tests.',
  check: (house) =>
    packagesOf(house)
      .filter((member) => isPublished(member) && !member.sources.some(({ role }) => role === 'test'))
      .map(({ folder }) => ({ file: `${folder}/src/index.ts`, line: 1, says: 'nothing here is tested' })),
}
