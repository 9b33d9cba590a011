import { describe, expect, test } from 'vitest'
import { travel } from './cross-check.ts'
import { hostileSceneOf } from './hostile-scene.ts'
import { region } from './image.ts'
import { modes } from './scene.ts'
import { EngineSubject, OracleSubject, type Subject } from './subjects.ts'

/** Cases of each mode, and the instructions that each may run. */
const [count, budget] = [400, 24]
const guard = 0xa5

/** What was wrong after a hostile case: nothing should be. */
function harm(subject: Subject, seed: number, mode: (typeof modes)[number]): string[] {
  try {
    subject.load(hostileSceneOf({ seed, mode }))
    const { stops } = travel(subject, budget)
    const lost = [region.guardBefore, region.guardBehind].filter((index) =>
      subject.memory(index).some((byte) => byte !== guard),
    )
    return [
      ...stops.filter((stop) => stop.startsWith('no progress')),
      ...lost.map((index) => `region ${index} was written`),
    ]
  } catch (error) {
    return [(error as Error).stack ?? String(error)]
  }
}

/** Linear memory around the guest's: what lies before it, and the first page, which nobody may touch. */
function surroundings(engine: EngineSubject): Uint8Array[] {
  const { buffer, byteOffset } = engine.memory(region.guardBefore)
  return [new Uint8Array(buffer, byteOffset - 0x1_0000, 0x1_0000), new Uint8Array(buffer, 0, 4088)]
}

describe.for(['oracle', 'engine'] as const)('hostile bytes in the %s', (name) => {
  const subject = name === 'oracle' ? new OracleSubject() : new EngineSubject()

  test.for(modes)(
    `throw nothing, hang nothing and stay inside memory in ${count} cases that begin in %s mode`,
    (mode) => {
      const found: string[] = []
      for (let seed = 1; seed <= count && found.length < 5; seed += 1)
        found.push(...harm(subject, seed, mode).map((line) => `seed ${seed}: ${line}`))
      expect(found).toEqual([])
      if (subject instanceof EngineSubject)
        expect(surroundings(subject).map((bytes) => bytes.findIndex((byte) => byte !== 0))).toEqual([-1, -1])
    },
  )
})
