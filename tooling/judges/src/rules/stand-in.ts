import { isDeepStrictEqual } from 'node:util'
import { addGroup, addTest } from './collected-tests.ts'

type Body = (...given: readonly unknown[]) => unknown

const rowOf = (row: unknown): readonly unknown[] => (Array.isArray(row) ? row : [row])

const each = (add: typeof addTest) => (rows: readonly unknown[]) => (title: string, body: Body) => {
  for (const [nth, row] of rows.entries()) add(`${title} #${nth}`, body, rowOf(row))
}

/** `test` and `describe`, as far as tests of rules use them. */
export const test = Object.assign((title: string, body: Body) => addTest(title, body), { each: each(addTest) })
export const describe = Object.assign((title: string, body: Body) => addGroup(title, body), { each: each(addGroup) })

/** Values that a comparison takes something else for. */
class Like {
  readonly fits: (value: unknown) => boolean

  constructor(fits: (value: unknown) => boolean) {
    this.fits = fits
  }
}

/** Whether a value is what is expected: what is not defined is not there. */
function equals(value: unknown, expected: unknown): boolean {
  if (expected instanceof Like) return expected.fits(value)
  if (typeof expected !== 'object' || expected === null || typeof value !== 'object' || value === null)
    return Object.is(value, expected)
  if (Array.isArray(expected) !== Array.isArray(value)) return false
  if (!isPlain(expected) || !isPlain(value)) return isDeepStrictEqual(value, expected)
  const names = new Set([...Object.keys(expected), ...Object.keys(value)])
  return [...names].every((name) => equals(Reflect.get(value, name), Reflect.get(expected, name)))
}

/** Whether a value has at least what is expected. */
function matches(value: unknown, expected: unknown): boolean {
  if (expected instanceof Like || typeof expected !== 'object' || expected === null) return equals(value, expected)
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(expected))
    return (
      Array.isArray(value) &&
      value.length === expected.length &&
      expected.every((item, nth) => matches(value[nth], item))
    )
  if (!isPlain(expected)) return equals(value, expected)
  return Object.keys(expected).every((name) => matches(Reflect.get(value, name), Reflect.get(expected, name)))
}

const isPlain = (value: object): boolean =>
  Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null

const contains = (whole: unknown, part: unknown): boolean =>
  typeof whole === 'string'
    ? whole.includes(String(part))
    : [...(whole as Iterable<unknown>)].some((item) => Object.is(item, part))

function throws(act: unknown, expected: unknown): boolean {
  try {
    ;(act as () => unknown)()
    return false
  } catch (error) {
    const { message } = error as Error
    if (expected === undefined) return true
    if (expected instanceof RegExp) return expected.test(message)
    return typeof expected === 'string' ? message.includes(expected) : error instanceof (expected as new () => unknown)
  }
}

const matchers: Readonly<Record<string, (value: never, expected: never) => boolean>> = {
  toBe: (value: unknown, expected: unknown) => Object.is(value, expected),
  toEqual: equals,
  toStrictEqual: equals,
  toMatchObject: matches,
  toContain: contains,
  toContainEqual: (whole: Iterable<unknown>, part: unknown) => [...whole].some((item) => equals(item, part)),
  toBeUndefined: (value: unknown) => value === undefined,
  toBeDefined: (value: unknown) => value !== undefined,
  toBeTruthy: (value: unknown) => Boolean(value),
  toThrow: throws,
  toMatch: (text: string, expected: RegExp | string) =>
    typeof expected === 'string' ? text.includes(expected) : expected.test(text),
  toHaveLength: (value: { length: number }, length: number) => value.length === length,
  toBeGreaterThan: (value: number, limit: number) => value > limit,
  toBeGreaterThanOrEqual: (value: number, limit: number) => value >= limit,
  toBeLessThan: (value: number, limit: number) => value < limit,
  toBeLessThanOrEqual: (value: number, limit: number) => value <= limit,
}

type Assertions = Readonly<Record<string, (expected?: unknown) => void>>

function assertions(value: unknown, wanted: boolean): Assertions {
  const named = Object.entries(matchers).map(([name, holds]) => {
    const assert = (expected?: unknown) => {
      if (holds(value as never, expected as never) !== wanted) throw new Error(`${wanted ? '' : 'not '}${name}`)
    }
    return [name, assert] as const
  })
  return Object.fromEntries(named)
}

/** `expect`, as far as tests of rules use it. */
export const expect = Object.assign(
  (value: unknown) => ({ ...assertions(value, true), not: assertions(value, false) }),
  {
    stringContaining: (part: string) => new Like((value) => typeof value === 'string' && value.includes(part)),
    stringMatching: (form: RegExp) => new Like((value) => typeof value === 'string' && form.test(value)),
    any: (kind: unknown) => new Like((value) => typeof value === String((kind as { name: string }).name).toLowerCase()),
    anything: () => new Like((value) => value !== undefined && value !== null),
  },
)
