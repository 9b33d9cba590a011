import type { Device, Saved } from './device.ts'
import { savedText } from './saved.ts'

/** A reproducible stream of 24-bit numbers for tests that poke at a device. */
export function pseudoRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
}

/**
 * The test that every device must pass: `before` brings it into some state, which is saved; `after` then gives the
 * same answers as it gives again once that state has been taken back, and so does the state at the end.
 * `after` must bring back by itself whatever is not the device's, such as the clock.
 * Returns a sentence about the first difference, or `undefined`.
 */
export function replayDifference(
  device: Pick<Device, 'name' | 'save' | 'restore'>,
  before: () => void,
  after: () => readonly unknown[],
): string | undefined {
  before()
  const saved = device.save()
  const first = after()
  const end = device.save()
  device.restore(saved)
  const taken = differenceOf(saved, device.save())
  if (taken !== undefined) return `${device.name}: what restore took is not what save gave: ${taken}`
  const second = after()
  for (const [index, answer] of first.entries()) {
    if (!Object.is(answer, second[index])) {
      return `${device.name}: answer ${index} was ${String(answer)}, then ${String(second[index])}`
    }
  }
  const left = differenceOf(end, device.save())
  return left === undefined ? undefined : `${device.name}: the two runs ended differently: ${left}`
}

function differenceOf(left: Saved, right: Saved): string | undefined {
  const [a, b] = [savedText(left), savedText(right)]
  return a === b ? undefined : `${a} and ${b}`
}
