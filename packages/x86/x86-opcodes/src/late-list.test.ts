import { describe, expect, test } from 'vitest'
import { lateList } from './late-list.ts'

function squares() {
  const made: number[] = []
  const list = lateList(4, (at) => {
    made.push(at)
    return { square: at * at }
  })
  return { list, made }
}

describe('a late list', () => {
  test('makes an item when it is asked for, and once', () => {
    const { list, made } = squares()
    expect(list).toHaveLength(4)
    expect(made).toEqual([])
    expect(list[3]).toBe(list[3])
    expect(made).toEqual([3])
  })

  test('is read as any other list', () => {
    const { list } = squares()
    const all = [{ square: 0 }, { square: 1 }, { square: 4 }, { square: 9 }]
    expect([...list]).toEqual(all)
    expect(squares().list).toEqual(all)
    expect(Object.keys(squares().list)).toEqual(['0', '1', '2', '3'])
    expect(squares().list.map(({ square }) => square)).toEqual([0, 1, 4, 9])
    expect(squares().list.find(({ square }) => square > 1)).toEqual({ square: 4 })
    expect(squares().list.at(-1)).toEqual({ square: 9 })
    expect(Array.isArray(list)).toBe(true)
  })

  test('has nothing beyond its end', () => {
    const { list, made } = squares()
    expect(list[4]).toBeUndefined()
    expect('4' in list).toBe(false)
    expect(made).toEqual([])
  })
})
