#!/usr/bin/env node
import { join } from 'node:path'
import { laws } from './all.ts'
import { houseOnDisk } from './house.ts'
import { mapOf } from './map.ts'
import { spreads } from './medians.ts'

const root = join(import.meta.dirname, '../../..')

/** Prints the map, the medians and every finding; the status says whether there is any. */
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

const commands: Readonly<Record<string, () => Promise<number>>> = {
  inspect,
  map: () => Promise.resolve((console.log(mapOf(houseOnDisk(root))), 0)),
}

const [command = 'inspect'] = process.argv.slice(2)
process.exitCode = (await commands[command]?.()) ?? 2
