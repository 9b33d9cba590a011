import { basename } from 'node:path'
import { engineVariants, madeOtherwise } from '@vmm/processors'
import { describe, expect, test } from 'vitest'
import { EngineSubject } from './engine-subject.ts'
import { caseFiles, casesOfFile } from './files.ts'
import { judge } from './judge.ts'
import { isFollowed } from './selection.ts'

const inBlocks = [engineVariants[0], ...madeOtherwise].map(
  (variant) => [variant.name, new EngineSubject(variant, 'in a block')] as const,
)

describe.each(caseFiles().map((path) => [basename(path), path] as const))('%s', (_name, path) => {
  test.for(inBlocks)('the engine does what every case says at the beginning of a block: %s', ([, subject]) => {
    const followed = casesOfFile(path).filter(isFollowed)
    const complaints = followed.flatMap((one) =>
      judge(one, subject).map((says) => `${one.place}: ${one.mode} ${one.text}: ${says}`),
    )
    expect(complaints).toEqual([])
  })
})
