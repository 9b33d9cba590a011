import { mail } from '@vmm/source'
import { describe, expect, test } from 'vitest'
import { compareVersions, type KernelVersion, knownSeries, readVersion } from './kernel-version.ts'
import { always, between, inForce, type Lifetime, since, tellLifetime, until } from './lifetime.ts'
import { profileOf, readProfile, tellProfile } from './profile.ts'
import { releases } from './releases.rows.ts'

const backported = since('5.17', { '5.16': '5.16.3' })
const oneRelease = between('5.16', '5.17', { '5.16': { until: '5.16.3' } })
const unread = since({ absentIn: '6.1.192', presentIn: '6.12.117' })
const ended = until({ absentIn: '6.12', presentIn: '6.18' })
const inTwoParts = between('5.17', '5.17', { '5.16': { since: '5.16.3', until: '5.16.5' } })
const notLooked = since('6.5', { '6.1': 'unread' })

test.each<[string, Lifetime, KernelVersion, string]>([
  ['is always', always, '4.13.0', 'yes'],
  ['starts with a mainline release', since('5.17'), '5.17.0', 'yes'],
  ['is not there before it', since('5.17'), '5.16.20', 'no'],
  ['counts minors as numbers', since('6.9'), '6.10.0', 'yes'],
  ['came back to a stable series', backported, '5.16.3', 'yes'],
  ['was not in the release before that', backported, '5.16.2', 'no'],
  ['did not come to other series', backported, '5.15.197', 'no'],
  ['holds in its own release', oneRelease, '5.16.2', 'yes'],
  ['ended with a stable release', oneRelease, '5.16.3', 'no'],
  ['was in stable releases only', inTwoParts, '5.16.4', 'yes'],
  ['was not in them any longer', inTwoParts, '5.16.5', 'no'],
  ['was never in mainline', inTwoParts, '5.17.0', 'no'],
  ['ended with a mainline release', oneRelease, '5.17.0', 'no'],
  ['was not in what was read first', unread, '6.1.192', 'no'],
  ['is unknown between two readings', unread, '6.6.0', 'unknown'],
  ['is unknown in the earlier releases of a series that was read late', unread, '6.12.116', 'unknown'],
  ['was in what was read last', unread, '6.12.117', 'yes'],
  ['is unknown after a stable release of another series', unread, '6.13.0', 'unknown'],
  ['still held in what was read first', ended, '6.12.0', 'yes'],
  ['may have ended between two readings', ended, '6.15.0', 'unknown'],
  ['had ended in what was read last', ended, '6.19.0', 'no'],
  ['is unknown in a series that nobody looked at', notLooked, '6.1.100', 'unknown'],
  ['is known in mainline all the same', notLooked, '6.5.0', 'yes'],
])('a lifetime %s: %o in %s → %s', (_what, lifetime, kernel, expected) => {
  expect(inForce(lifetime, profileOf(kernel))).toBe(expected)
})

describe('a proposal', () => {
  const proposed: Lifetime = { proposal: 'rfc-busy', proposed: mail('1@example.org', 'RFC'), on: '5.4' }
  const released: Lifetime = { mainline: { since: '5.4' }, without: ['rfc-busy'] }
  const on = { kernel: '5.4.302', bugs: 'as-released', proposals: ['rfc-busy'] } as const

  test('is in no release', () => {
    for (const series of knownSeries()) expect(inForce(proposed, profileOf(`${series}.0` as KernelVersion))).toBe('no')
  })
  test('is in force where its name is switched on', () => {
    expect(inForce(proposed, on)).toBe('yes')
  })
  test('takes back what it replaces', () => {
    expect(inForce(released, on)).toBe('no')
    expect(inForce(released, profileOf('5.4.302'))).toBe('yes')
  })
})

test.each([
  ['6.1', '6.1.192'],
  ['6.1.0', '6.1.0'],
  ['5.16.3', '5.16.3'],
])('the release %s is read as %s', (text, version) => {
  expect(readVersion(text)).toEqual({ kind: 'version', version })
})

test.each([
  ['6', 'expected X.Y or X.Y.Z'],
  ['6.1-rc3', 'expected X.Y or X.Y.Z'],
  ['', 'expected X.Y or X.Y.Z'],
  ['3.99', 'kernel 3.99 is not known'],
])('the release "%s" is refused with what was expected', (text, says) => {
  expect(readVersion(text)).toMatchObject({ kind: 'bad-version', says: expect.stringContaining(says) })
})

test('a profile names a release and the proposals over it, and reads back', () => {
  const read = readProfile('5.4+rfc-busy+rfc-other')
  if (read.kind !== 'profile') throw new Error(read.says)
  expect(read.profile).toEqual({ kernel: '5.4.302', bugs: 'as-released', proposals: ['rfc-busy', 'rfc-other'] })
  expect(tellProfile(read.profile)).toBe('5.4.302+rfc-busy+rfc-other')
  expect(readProfile('5.4+')).toMatchObject({ kind: 'bad-version' })
})

test.each<[Lifetime, string]>([
  [always, 'in every release'],
  [backported, 'since 5.17 and 5.16.3'],
  [between('5.13', '6.4'), 'from 5.13 until 6.4'],
  [until('5.11'), 'until 5.11'],
  [inTwoParts, 'from 5.16.3 until 5.16.5'],
  [ended, 'until some release after 6.12, at the latest 6.18'],
])('a lifetime is told in words: %o', (lifetime, words) => {
  expect(tellLifetime(lifetime)).toBe(words)
})

test('the releases are listed once each, in order, with a source', () => {
  const series = knownSeries()
  expect([...series].sort(compareVersions)).toEqual(series)
  expect(new Set(series).size).toBe(series.length)
  for (const { newest, source } of releases) {
    expect(newest).toBeGreaterThanOrEqual(0)
    expect(source.kind).not.toBe('')
  }
})
