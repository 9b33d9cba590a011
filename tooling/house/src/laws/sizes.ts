import type { House, Member } from '../house.ts'
import type { Finding, Law } from '../law.ts'

/** The longest function, in lines. */
const functionLimit = 60
/** The longest file that holds functions, in lines. */
const fileLimit = 400

/** Hard limits, on everything but tests and rows. */
export const sizes: Law = {
  name: 'sizes',
  says: `No function is over ${functionLimit} lines and no file of functions over ${fileLimit}, unless a page in decisions/ defends it.`,
  check: (house) => [...house.members.flatMap((member) => tooLong(house, member)), ...vainDefences(house)],
}

function tooLong(house: House, member: Member): readonly Finding[] {
  return member.sources.flatMap(({ file, role }): Finding[] => {
    if (role !== 'words' || file.path in house.plan.defended) return []
    const long = file.functions
      .filter(({ lines }) => lines > functionLimit)
      .map(({ name, line, lines }) => ({ file: file.path, line, says: `${name} has ${lines} lines` }))
    if (file.functions.length === 0 || file.lines <= fileLimit) return long
    return [...long, { file: file.path, line: fileLimit + 1, says: `the file has ${file.lines} lines` }]
  })
}

function vainDefences(house: House): readonly Finding[] {
  return Object.entries(house.plan.defended).flatMap(([path, page]): Finding[] => {
    const missing = [path, page].filter((each) => !house.tree.has(each))
    return missing.map((each) => ({ file: 'house.json', line: 1, says: `defends with ${each}, which does not exist` }))
  })
}
