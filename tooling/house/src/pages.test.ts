import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { houseOnDisk, isPublished, packagesOf } from './house.ts'
import { blocksOf } from './markdown.ts'
import { useProgram } from './use-block.ts'

const root = join(import.meta.dirname, '../../..')
const house = houseOnDisk(root)

/** A page may show its package beside one of a higher floor; from the examples' folder both can be had. */
function placeFor(code: string, { folder, name, manifest }: (typeof house.members)[number]): string {
  const known = new Set([name, ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })])
  const others = Array.from(code.matchAll(/from '(@vmm\/[^'/]+)/g), (match) => match[1] ?? '')
  return others.every((other) => known.has(other)) ? folder : 'examples'
}

/** Runs a block of a page with Node, in a folder from which its imports resolve. */
async function run(code: string, folder: string): Promise<void> {
  const child = promisify(execFile)(process.execPath, ['--input-type=module-typescript'], { cwd: join(root, folder) })
  child.child.stdin?.end(code)
  await child
}

const pages = packagesOf(house).filter((member) => isPublished(member) && house.tree.has(`${member.folder}/README.md`))

describe.concurrent('what a README says under Use is true', () => {
  test.for(pages.map((member) => [member.name, member] as const))('%s', async ([, member]) => {
    const { folder } = member
    const blocks = blocksOf(house.tree.read(`${folder}/README.md`)).filter(({ under }) => under === 'Use')
    expect(blocks).toHaveLength(1)
    for (const { code } of blocks) {
      const program = useProgram(code)
      expect(program.checks, 'values after an arrow').toBeGreaterThan(0)
      await run(program.code, placeFor(code, member))
    }
  })
})

test('what the README says about using one package alone is true', async () => {
  const blocks = blocksOf(house.tree.read('README.md')).filter(({ language }) => language === 'ts')
  expect(blocks.length).toBeGreaterThan(0)
  for (const { code } of blocks) {
    const program = useProgram(code)
    expect(program.checks, 'values after an arrow').toBeGreaterThan(0)
    await run(program.code, 'examples')
  }
})
