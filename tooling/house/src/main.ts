#!/usr/bin/env node
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { laws } from './all.ts'
import { bundleSizes } from './bundle-sizes.ts'
import { check } from './check.ts'
import { closureOf, packInto } from './closure.ts'
import { type House, houseOnDisk, packagesOf } from './house.ts'
import { briefMapOf, mapOf, withMap } from './map.ts'
import { spreads } from './medians.ts'
import { create } from './template/create.ts'

const root = join(import.meta.dirname, '../../..')

/** Prints the map, how long things are, and every place where a law is broken. */
async function inspect(): Promise<number> {
  const house = houseOnDisk(root)
  console.log(`${mapOf(house)}\n`)
  for (const { what, count, median, longest } of spreads(house))
    console.log(`${String(count).padStart(5)} ${what}, median ${median} lines, longest ${longest}`)
  let broken = 0
  for (const law of laws) {
    const findings = await law.check(house)
    broken += findings.length
    if (findings.length > 0) console.log(`\n${law.name}: ${law.says}`)
    for (const { file, line, says } of findings) console.log(`  ${file}:${line}  ${says}`)
  }
  console.log(broken === 0 ? `\n${laws.length} laws kept` : `\n${broken} places where a law is broken`)
  return broken === 0 ? 0 : 1
}

/** Prints the map; with `--write`, puts its names into the README. */
function map([option]: readonly string[]): number {
  const house = houseOnDisk(root)
  console.log(mapOf(house))
  if (option === '--write') drawMap(house)
  return 0
}

function drawMap(house: House): void {
  writeFileSync(join(root, 'README.md'), withMap(house.tree.read('README.md'), briefMapOf(house)))
}

/** Packs the package of the current folder; says what is wrong with it, and its size with all that it imports. */
async function pack(): Promise<number> {
  const { packed } = await import('./packed.ts')
  const { complaints, size } = await packed(process.cwd())
  for (const complaint of complaints) console.error(complaint)
  const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1).padStart(7)} kB`
  if (size !== undefined)
    console.log(`in a browser ${kilobytes(size.minified)} minified, ${kilobytes(size.gzipped)} gzipped`)
  return complaints.length === 0 ? 0 : 1
}

/** Makes one file of each built package. */
async function bundle(): Promise<number> {
  const { bundled } = await import('./bundled.ts')
  for (const { folder } of packagesOf(houseOnDisk(root))) await bundled(join(root, folder))
  return 0
}

/** Packs a package and all of ours that it needs into a folder, so that it can be installed alone. */
async function closure([name, destination]: readonly string[]): Promise<number> {
  if (name === undefined || destination === undefined) {
    console.error('usage: pnpm pack:closure PACKAGE FOLDER')
    return 2
  }
  const members = closureOf(houseOnDisk(root), name)
  if (members === undefined) {
    console.error(`there is no package ${name} (pnpm map prints them)`)
    return 2
  }
  try {
    mkdirSync(destination, { recursive: true })
  } catch (error) {
    console.error(`${destination} cannot be a folder: ${error instanceof Error ? error.message : error}`)
    return 2
  }
  for (const tarball of await packInto(root, members, resolve(destination))) console.log(tarball)
  return 0
}

/** Prints how large each package was in a browser when it was last packed. */
function sizes(): number {
  for (const line of bundleSizes(root, houseOnDisk(root))) console.log(line)
  return 0
}

/** Writes files from a template and says which; a new package is on the README's map at once. */
function make(words: readonly string[]): number {
  const made = create(root, words)
  if (made.kind === 'refused') {
    console.error(made.says)
    return 2
  }
  drawMap(houseOnDisk(root))
  for (const path of made.written) console.log(path)
  console.log(made.next)
  return 0
}

const commands: Readonly<Record<string, (words: readonly string[]) => number | Promise<number>>> = {
  inspect,
  map,
  packed: pack,
  bundle,
  closure,
  sizes,
  new: make,
  check: () => check(root),
}

const [command = 'inspect', ...words] = process.argv.slice(2)
const run = commands[command]
if (run === undefined) console.error(`house: no command ${command}; there are ${Object.keys(commands).join(', ')}`)
process.exitCode = (await run?.(words)) ?? 2
