import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { tables } from './all.ts'
import { checksPage, checksText } from './nested-vmx/entry-checks.ts'
import { promisesPage, promisesText } from './promises.ts'
import { filesOf } from './table.ts'
import { coveragePage, coverageText } from './x86-decoder/coverage-page.ts'
import { packedRowFiles } from './x86-opcodes/packed-rows.ts'

const root = new URL('../../../', import.meta.url)

for (const table of tables) {
  for (const [path, text] of Object.entries(filesOf(table))) {
    const file = new URL(path, root)
    mkdirSync(dirname(file.pathname), { recursive: true })
    writeFileSync(file, text)
  }
  console.log(`${table.folder}/data/${table.name}.json: ${table.rows().length} rows`)
}

writeFileSync(new URL(promisesPage, root), promisesText())
writeFileSync(new URL(checksPage, root), checksText())
writeFileSync(new URL(coveragePage, root), coverageText())
for (const [path, text] of Object.entries(packedRowFiles())) writeFileSync(new URL(path, root), text)
