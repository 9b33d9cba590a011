import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { InsCase } from '../case.ts'
import { caseFiles, casesOfFile } from '../files.ts'
import { caseText } from '../write.ts'
import { askCpu, cpuName } from './cpu.ts'

const canAsk = process.platform === 'linux' && process.arch === 'x64' && spawnSync('gcc', ['--version']).status === 0
const recorded = caseFiles()
  .flatMap(casesOfFile)
  .filter(({ source }) => source.startsWith('cpu '))
/** Another model may fill in reserved and approximate bits in its own way. */
const mine = canAsk ? recorded.filter(({ source }) => source === `cpu ${cpuName()}`) : []

test.skipIf(mine.length === 0)('the CPU that answered once answers the same again', () => {
  const text = (one: InsCase) => `${one.place} ${one.text} ${caseText(one)}`
  expect(askCpu(mine).map(text)).toEqual(mine.map(text))
})
