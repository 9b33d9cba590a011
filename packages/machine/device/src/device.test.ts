import { describe, expect, it } from 'vitest'
import { copySaved, likeSaved, nanosecondsAt, replayDifference, type Saved, ticksAt } from './index.ts'

describe('saved state', () => {
  const example = { count: 3, on: true, fifo: new Uint8Array(2), list: [1, 2], deep: { name: 'x', at: 5n, none: null } }

  it('comes back equal and shares nothing with what was given', () => {
    const saved = copySaved(example)
    const restored = likeSaved('thing', example, saved)
    expect(restored).toEqual(example)
    saved.fifo[0] = 9
    saved.list[0] = 9
    expect(restored.fifo[0]).toBe(0)
    expect(restored.list[0]).toBe(1)
  })

  const wrong: readonly (readonly [string, Saved, string])[] = [
    ['another kind of value', { ...example, count: '3' }, 'count'],
    ['a missing field', { count: 3, on: true, fifo: new Uint8Array(2), list: [1, 2] }, 'not its own'],
    ['one field too many', { ...example, more: 1 }, 'not its own'],
    ['bytes of another length', { ...example, fifo: new Uint8Array(3) }, 'fifo'],
    ['a list of another length', { ...example, list: [1] }, 'list'],
    ['not a number', { ...example, count: Number.NaN }, 'count'],
    ['a number for a record', 7, 'not its own'],
    ['a wrong field deep inside', { ...example, deep: { name: 'x', at: 5, none: null } }, 'deep.at'],
    ['an inherited name', { ...example, deep: { name: 'x', toString: 5, none: null } }, 'deep.at'],
  ]
  it.each(wrong)('%s is refused with a RangeError that names the device', (_, saved, where) => {
    expect(() => likeSaved('thing', example, saved)).toThrow(RangeError)
    expect(() => likeSaved('thing', example, saved)).toThrow('thing')
    expect(() => likeSaved('thing', example, saved)).toThrow(where)
  })
})

describe('ticks', () => {
  it.each([1_193_182, 3_579_545, 32_768])(
    'of %i Hz turn into the first nanosecond that shows them, and back',
    (hertz) => {
      for (const base of [0, 1, 17, hertz - 1, hertz, hertz * 3600 + 5, hertz * 8_000_000 + 77]) {
        for (let ticks = base; ticks < base + 300; ticks++) {
          const at = nanosecondsAt(hertz, ticks)
          expect(ticksAt(hertz, at)).toBe(ticks)
          if (ticks > 0) expect(ticksAt(hertz, at - 1)).toBe(ticks - 1)
        }
      }
    },
  )
})

describe('the replay test', () => {
  it('finds a device that forgets to save something', () => {
    let kept = 0
    let forgotten = 0
    const device = {
      name: 'leaky',
      save: () => ({ kept }),
      restore: (saved: Saved) => {
        kept = likeSaved('leaky', { kept }, saved).kept
      },
    }
    const run = () => [++kept, ++forgotten]
    expect(replayDifference(device, () => run(), run)).toContain('answer 1 was 2, then 3')
    expect(
      replayDifference(
        device,
        () => undefined,
        () => [++kept],
      ),
    ).toBeUndefined()
  })
})
