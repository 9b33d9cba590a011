import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type House, shortName } from './house.ts'

/** What the last `packed` of each package said of its size, one line a package. */
export function bundleSizes(root: string, house: House): readonly string[] {
  return house.members.flatMap((member) => {
    const log = join(root, member.folder, '.turbo/turbo-packed.log')
    const said = existsSync(log) ? /in a browser .*/.exec(readFileSync(log, 'utf8'))?.[0] : undefined
    return said === undefined ? [] : [`${shortName(member).padEnd(16)}${said}`]
  })
}
