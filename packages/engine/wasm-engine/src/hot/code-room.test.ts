import { expect, test } from 'vitest'
import { CodeRoom } from './code-room.ts'

const kilobyte = 1024

/** Modules of ten kilobytes of WebAssembly, of two parts each. */
function roomWith(atMost: number, modules: number) {
  const room = new CodeRoom<string>(atMost)
  for (let module = 0; module < modules; module += 1) room.made(10 * kilobyte, [`${module}a`, `${module}b`])
  return room
}

const each = roomWith(0, 1).bytes
const never = () => false

test('native code is several times as long as WebAssembly, and no module is free', () => {
  expect(each).toBeGreaterThan(2.3 * 10 * kilobyte)
  const empty = new CodeRoom<string>(0)
  empty.made(0, ['nothing'])
  expect(empty.bytes).toBeGreaterThan(0)
})

test('a module is there until its last part has gone', () => {
  const room = roomWith(0, 2)
  room.gone('0a')
  expect(room.bytes).toBe(2 * each)
  room.gone('0b')
  room.gone('0b')
  expect(room.bytes).toBe(each)
})

test('there is room as long as there is no more than there may be', () => {
  const room = roomWith(4 * each, 4)
  expect(room.isFull).toBe(false)
  room.made(0, ['one more'])
  expect(room.isFull).toBe(true)
})

test('what has not been used goes first, then what has been least, the oldest first', () => {
  const used = new Set(['0a', '0b', '2a'])
  const room = roomWith(4 * each, 4)
  const going = (parts: number) => room.leastUseful((part) => used.has(part), parts)
  expect(going(2)).toEqual(['1a', '1b'])
  expect(going(3)).toEqual(['1a', '1b', '3a', '3b'])
  expect(going(6)).toEqual(['1a', '1b', '3a', '3b', '2a', '2b'])
})

test('room is made for more than the next module', () => {
  const room = roomWith(4 * each, 5)
  for (const part of room.leastUseful(never, 0)) room.gone(part)
  expect(room.bytes).toBe(3 * each)
})

test('as many parts go as are needed, if there are so many', () => {
  expect(roomWith(100 * each, 3).leastUseful(never, 3)).toHaveLength(4)
  expect(roomWith(100 * each, 3).leastUseful(never, 7)).toHaveLength(6)
})
