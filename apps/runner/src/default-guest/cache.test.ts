import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { cacheDirectory } from './cache.ts'

test.each([
  ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/cache', HOME: '/people/me' }, '/cache/vmm'],
  ['the home', { HOME: '/people/me' }, '/people/me/.cache/vmm'],
  [
    'the home where XDG_CACHE_HOME is relative',
    { XDG_CACHE_HOME: 'cache', HOME: '/people/me' },
    '/people/me/.cache/vmm',
  ],
  ['the home where XDG_CACHE_HOME is empty', { XDG_CACHE_HOME: '', HOME: '/people/me' }, '/people/me/.cache/vmm'],
])('the cache is below %s', (_, env, expected) => {
  expect(cacheDirectory(env)).toBe(expected)
})

test('the list of users knows the home of who has none in the environment, if it knows the user', () => {
  const expected = known() === undefined ? undefined : `${known()}/.cache/vmm`
  expect([{}, { HOME: '' }, { HOME: 'here' }].map(cacheDirectory)).toEqual([expected, expected, expected])
})

function known(): string | undefined {
  try {
    return userInfo().homedir
  } catch {
    return undefined
  }
}
