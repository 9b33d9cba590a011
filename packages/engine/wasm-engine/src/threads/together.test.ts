import { afterEach, expect, test, vi } from 'vitest'
import { mapOfThread } from '../memory-map.ts'
import { guestBytes, shareGuest } from './shared-guest.ts'
import { type ForOthers, Together } from './together.ts'

const guest = shareGuest({ threads: 2, memoryBytes: 0x1_0000 })
const { buffer } = guest.memory
const page = guestBytes(guest).byteOffset + 0x3000
const instruction = 15

function joined(index: number) {
  const forgotten: number[] = []
  const act: ForOthers = { guard: () => {}, forget: (stale) => void forgotten.push(stale), forgetAll: () => {} }
  const map = mapOfThread(index, guest)
  const { shared } = map
  if (shared === undefined) throw new TypeError('a thread’s map has what is shared')
  return { together: new Together({ ...map, shared }, buffer, guest, act), forgotten, meeting: shared.meeting >>> 2 }
}

afterEach(() => void vi.restoreAllMocks())

test('code that another stores over while it is alone is forgotten before anybody goes on', () => {
  const [writer, runner] = [joined(0), joined(1)]
  runner.together.announce(page)
  runner.together.mark(page, instruction)(instruction)
  // the runner sleeps
  writer.together.stop()
  writer.together.storing(page, 4, () => {})
  writer.together.go()
  runner.together.unpark()
  expect(runner.forgotten).toEqual([page])
  runner.together.park()
})

test('so it is where the other stops being alone just as somebody looks whether it still is', () => {
  const [writer, runner] = [joined(0), joined(1)]
  runner.together.announce(page)
  runner.together.mark(page, instruction)(instruction)
  writer.together.stop()
  const stopped = runner.meeting + 1
  const load = Atomics.load
  let isOver = false
  vi.spyOn(Atomics, 'load').mockImplementation(((words: Int32Array, index: number) => {
    if (!isOver && words.buffer === buffer && words.BYTES_PER_ELEMENT === 4 && index === stopped) {
      isOver = true
      writer.together.storing(page, 4, () => {})
      writer.together.go()
    }
    return load(words, index)
  }) as typeof Atomics.load)
  runner.together.unpark()
  expect(isOver).toBe(true)
  expect(runner.forgotten).toEqual([page])
  runner.together.park()
})
