import { kernelDoc, mail } from '@vmm/source'
import { describe, expect, test } from 'vitest'
import { auditBehaviour, auditPipeline, auditRule } from './audit.ts'
import { behaviour, deedInForce, deedOf, versionInForce } from './behaviour.ts'
import { differencesBetween, entryInForce } from './compare.ts'
import { pipelineEntries } from './entry.ts'
import type { KernelVersion } from './kernel-version.ts'
import { always, between, since, until } from './lifetime.ts'
import { type Pipeline, refusalOf, resolve, run } from './pipeline.ts'
import { profileOf } from './profile.ts'
import { returnOf } from './refusal.ts'
import { rule } from './rule.ts'

interface Till {
  readonly coins: number
  readonly paid: number
  readonly closed: boolean
}

const open: Till = { coins: 10, paid: 3, closed: false }
const written = { sources: [kernelDoc('Documentation/till.rst', '1')], evidence: 'source' } as const

const noCoins = rule<Till>({
  id: 'till-empty',
  catalogue: 'till',
  says: 'an empty till pays nothing',
  lifetime: always,
  errno: 'ENOSPC',
  ...written,
  refuses: ({ coins, paid }) => coins < paid,
  witness: { refused: { ...open, coins: 2 }, accepted: { ...open, coins: 3 } },
})

const overdrawn = rule<Till>({
  ...noCoins,
  id: 'till-overdrawn',
  refuses: ({ coins }) => coins < 0,
  witness: { refused: { ...open, coins: -1 }, accepted: open },
})

const shut = rule<Till>({
  id: 'till-shut',
  catalogue: 'till',
  says: 'a closed till refuses every call',
  lifetime: between('5.16', '5.17', { '5.16': { until: '5.16.3' } }),
  errno: 'EINVAL',
  bug: { says: 'it refused what it should pay', fixedBy: 'till-shut-but-for-nothing' },
  ...written,
  refuses: ({ closed }) => closed,
  witness: { refused: { ...open, closed: true }, accepted: open },
})

const shutButForNothing = rule<Till>({
  id: 'till-shut-but-for-nothing',
  catalogue: 'till',
  says: 'a closed till pays nothing out',
  lifetime: since('5.17', { '5.16': '5.16.3' }),
  errno: 'EINVAL',
  ...written,
  refuses: ({ closed, paid }) => closed && paid > 0,
  witness: { refused: { ...open, closed: true }, accepted: { ...open, closed: true, paid: 0 } },
})

const pays = behaviour<Till, Till>({
  id: 'till-pays',
  catalogue: 'till',
  says: 'paying takes the coins from the till',
  ...written,
  versions: [
    {
      lifetime: until('6.1'),
      bug: 'one coin fell aside',
      does: (till) => ({ ...till, coins: till.coins - till.paid - 1 }),
      witness: { in: open, out: { ...open, coins: 6 } },
    },
    {
      lifetime: since('6.1'),
      does: (till) => ({ ...till, coins: till.coins - till.paid }),
      witness: { in: open, out: { ...open, coins: 7 } },
    },
    {
      lifetime: { proposal: 'rfc-free', proposed: mail('1@example.org', 'RFC'), on: '6.1' },
      does: (till) => till,
      witness: { in: open, out: open },
    },
  ],
})

const nothingToPay = behaviour<Till, boolean>({
  id: 'till-nothing',
  catalogue: 'till',
  says: 'paying nothing changes nothing',
  ...written,
  versions: [{ lifetime: always, does: ({ paid }) => paid === 0, witness: { in: open, out: false } }],
})

/** The check for coins came after the payment until 5.11, and half a payment stayed. */
const pay: Pipeline<Till> = {
  call: 'PAY',
  steps: [
    { kind: 'check', rule: shut },
    { kind: 'check', rule: shutButForNothing },
    { kind: 'end', behaviour: nothingToPay },
    { kind: 'check', rule: noCoins, lifetime: since('5.11') },
    { kind: 'act', behaviour: pays },
    {
      kind: 'check',
      rule: overdrawn,
      lifetime: until('5.11'),
    },
  ],
}

describe('a pipeline', () => {
  test('acts when nobody refuses', () => {
    expect(run(resolve(pay, profileOf('6.1.0')), open)).toEqual({
      kind: 'done',
      state: { ...open, coins: 7 },
      unread: [],
    })
  })
  test('refuses with the first rule in the order of the release, and says so in one line', () => {
    const outcome = run(resolve(pay, profileOf('5.17.0')), { coins: 0, paid: 3, closed: true })
    if (outcome.kind !== 'refused') throw new Error('it paid')
    expect(outcome.refusal.says).toBe(
      'PAY: EINVAL: a closed till pays nothing out (till-shut-but-for-nothing, since 5.17 and 5.16.3; Documentation/till.rst §1)',
    )
    expect(returnOf(outcome.refusal.errno)).toBe(-22)
  })
  test('tells who refuses, where that is all that counts', () => {
    const till = resolve(pay, profileOf('5.17.0'))
    expect(refusalOf(till, { ...open, closed: true })?.rule).toBe('till-shut-but-for-nothing')
    expect(refusalOf(till, open)).toBe(undefined)
  })
  test('leaves what an earlier step had done where nothing puts it back', () => {
    const outcome = run(resolve(pay, profileOf('5.10.0')), { ...open, coins: 1 })
    expect(outcome).toMatchObject({ kind: 'refused', state: { coins: -3 } })
  })
  test('puts back what its undo says', () => {
    const undo = behaviour<{ before: Till; at: Till }, Till>({
      ...pays,
      id: 'till-undo',
      versions: [
        { lifetime: always, does: ({ before }) => before, witness: { in: { before: open, at: open }, out: open } },
      ],
    })
    const outcome = run(resolve({ ...pay, undo }, profileOf('5.10.0')), { ...open, coins: 1 })
    expect(outcome).toMatchObject({ kind: 'refused', state: { coins: 1 } })
  })
  test('ends early where an end says so', () => {
    const still = { ...open, paid: 0, closed: true }
    expect(run(resolve(pay, profileOf('6.1.0')), still)).toMatchObject({ kind: 'done', state: still })
  })
  test('reproduces a released bug, or its repair', () => {
    const still = { ...open, paid: 0, closed: true }
    const released = profileOf('5.16.0')
    expect(run(resolve(pay, released), still)).toMatchObject({ refusal: { rule: 'till-shut' } })
    expect(run(resolve(pay, { ...released, bugs: 'fixed' }), still)).toMatchObject({ kind: 'done' })
    expect(run(resolve(pay, { ...released, bugs: 'fixed' }), open)).toMatchObject({ state: { coins: 7 } })
    expect(run(resolve(pay, { ...released, bugs: 'fixed' }), { ...open, closed: true })).toMatchObject({
      refusal: { rule: 'till-shut-but-for-nothing' },
    })
  })
  test('acts as a proposal says where it is switched on', () => {
    const proposed = { ...profileOf('6.1.0'), proposals: ['rfc-free'] }
    expect(run(resolve(pay, proposed), open)).toMatchObject({ state: open })
  })
  test('names the rules that might have spoken in a release that nobody read', () => {
    const edge = { absentIn: '6.1.192', presentIn: '6.12' } as const
    const unread: Pipeline<Till> = {
      call: 'PAY',
      steps: [{ kind: 'check', rule: { ...noCoins, lifetime: since(edge) } }],
    }
    const poor = { ...open, coins: 0 }
    expect(run(resolve(unread, profileOf('6.6.0')), poor)).toMatchObject({
      kind: 'done',
      unread: [{ id: 'till-empty' }],
    })
    expect(run(resolve(unread, profileOf('6.6.0')), open)).toMatchObject({ kind: 'done', unread: [] })
  })
  test('acts as the older version of a behaviour between two readings, and says so', () => {
    const edge = { absentIn: '6.1.192', presentIn: '6.12' } as const
    const [older, newer] = [
      { ...pays.versions[0], lifetime: until(edge) },
      { ...pays.versions[1], lifetime: since(edge) },
    ]
    const between = { ...pays, versions: [older, newer as typeof older] } as const
    expect(versionInForce(between, profileOf('6.6.0'))).toMatchObject({ kind: 'unknown' })
    const outcome = run(
      resolve({ call: 'PAY', steps: [{ kind: 'act', behaviour: between }] }, profileOf('6.6.0')),
      open,
    )
    expect(outcome).toMatchObject({ state: { coins: 6 }, unread: [{ id: 'till-pays' }] })
    expect(deedOf(between, profileOf('6.6.0'))(open)).toEqual(older.witness.out)
  })
  test('does what it first did where a release has nothing of it, if it is asked to all the same', () => {
    const late = { ...pays, versions: [{ ...pays.versions[0], lifetime: since('6.1') }] } as const
    expect(deedInForce(late, profileOf('5.15.0'))).toBeUndefined()
    expect(deedOf(late, profileOf('5.15.0'))(open)).toEqual(late.versions[0].witness.out)
  })
  test('does what the version in force does', () => {
    expect(deedOf(pays, profileOf('5.15.0'))(open)).toEqual({ ...open, coins: 6 })
    expect(deedOf(pays, profileOf('6.12.117'))(open)).toEqual({ ...open, coins: 7 })
  })
})

describe('an audit', () => {
  test('has nothing to say of what is right', () => {
    expect([noCoins, shut, shutButForNothing].flatMap(auditRule)).toEqual([])
    expect([...auditBehaviour(pays), ...auditBehaviour(nothingToPay), ...auditPipeline(pay)]).toEqual([])
  })
  test.each([
    [{ ...noCoins, refuses: () => false }, 'it accepts the call that its witness says it refuses'],
    [{ ...noCoins, refuses: () => true }, 'it refuses the call that its witness says it accepts'],
    [{ ...noCoins, id: 'Till' }, 'its id "Till" is not in kebab case'],
    [{ ...noCoins, catalogue: '' }, 'it names no entry of the catalogue'],
    [{ ...noCoins, lifetime: between('6.1', '5.4') }, 'it ends before it begins'],
    [{ ...noCoins, lifetime: since('6.1', { '5.16': '5.15.2' }) }, '5.15.2 is not of the series 5.16'],
    [{ ...noCoins, lifetime: since('3.3') }, 'nobody listed a release 3.3.0'],
  ])('finds a rule that is not so: %o', (wrong, finding) => {
    expect(auditRule(wrong)).toContain(finding)
  })
  test('finds releases in which two versions of a behaviour hold, or none', () => {
    const [older, newer] = pays.versions
    expect(auditBehaviour({ ...pays, versions: [{ ...older, lifetime: always }, newer as typeof older] })).toContain(
      'in 6.1.0 2 versions hold',
    )
    expect(
      auditBehaviour({ ...pays, versions: [{ ...older, lifetime: until('6.0') }, newer as typeof older] }),
    ).toContain('in 6.0.0 no version holds')
  })
  test('finds a version whose witness is not so', () => {
    const wrong = { ...pays.versions[0], witness: { in: open, out: open } }
    expect(auditBehaviour({ ...pays, versions: [wrong] })).toContain('version 0 does not do what its witness says')
  })
  test('finds a rule that an earlier one never lets speak', () => {
    const deaf: Pipeline<Till> = {
      call: 'PAY',
      steps: [
        { kind: 'check', rule: noCoins },
        { kind: 'check', rule: { ...noCoins, id: 'late' } },
      ],
    }
    expect(auditPipeline(deaf)).toEqual(['late: in 4.13.0 till-empty refuses its witness'])
  })
})

test('a list of promises has each once, in the order of the steps, with what is wrong with it', () => {
  const twice: Pipeline<Till> = { ...pay, steps: [...pay.steps, { kind: 'check', rule: noCoins }] }
  const entries = pipelineEntries(twice)
  expect(entries.map(({ id }) => id)).toEqual([
    'till-shut',
    'till-shut-but-for-nothing',
    'till-nothing',
    'till-empty',
    'till-pays',
    'till-overdrawn',
  ])
  expect(pipelineEntries(pay).flatMap(({ audit }) => audit())).toEqual([])
  expect(entries.find(({ id }) => id === 'till-empty')?.audit()).toHaveLength(1)
})

test('two releases differ in what began, ended or changed between them', () => {
  const entries = pipelineEntries(pay)
  const differences = (from: KernelVersion, to: KernelVersion) =>
    differencesBetween(entries, profileOf(from), profileOf(to)).map(({ entry, change }) => `${entry.id} ${change}`)
  expect(differences('5.16.2', '5.16.3')).toEqual(['till-shut ends', 'till-shut-but-for-nothing begins'])
  expect(differences('6.0.0', '6.1.0')).toEqual(['till-pays changes'])
  expect(differences('6.1.0', '6.2.0')).toEqual([])
  expect(entries.map((entry) => entryInForce(entry, profileOf('6.1.0')))).toEqual([
    'no',
    'yes',
    'yes',
    'yes',
    'yes',
    'yes',
  ])
})
