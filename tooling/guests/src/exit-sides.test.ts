import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  executedVmxMsrs,
  exitNumbers,
  exitRoutes,
  pinControls,
  primaryControls,
  secondaryControls,
} from '@vmm/nested-vmx'
import { describe, expect, test } from 'vitest'
import { unable } from './deviations.rows.ts'
import { kernels } from './kernels/all.ts'
import { knownDeviations } from './known-deviations.ts'
import type { Tried } from './vmx/exit-sides.rows.ts'
import { absentExits, type TriedExit, triedExits } from './vmx/exit-sides.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const expectations = new Map<string, ReadonlyMap<string, string>>()
function expectedOf([kernel, check]: Tried): string | undefined {
  const known =
    expectations.get(kernel) ?? new Map(kernels[kernel]?.().checks.map((each) => [each.name, each.expected]))
  expectations.set(kernel, known)
  return known.get(check)
}

const isTestFile = ([where]: Tried): boolean => where.endsWith('.test.ts')
const told = new Map<string, string>()
function isTitleOf([file, title]: Tried): boolean {
  const path = `${root}${file}`
  const text = told.get(file) ?? (existsSync(path) ? readFileSync(path, 'utf8') : '')
  told.set(file, text)
  return text.includes(`test('${title}'`)
}

/** Who runs a check and is not known to have another answer than the manual. */
const answering = ([kernel, check]: Tried): readonly string[] =>
  ['vmm', 'bochs'].filter(
    (host) =>
      !unable.some((each) => each.host === host && each.kernel === kernel) &&
      !knownDeviations.some((each) => each.host === host && each.kernel === kernel && each.check === check),
  )

describe('each exit that there can be is tried from both sides, by somebody who answers as the manual does', () => {
  test.each(triedExits)('$reason', ({ reason, leaves, stays }) => {
    const number = exitNumbers[reason]
    for (const side of [leaves, stays]) {
      expect([side, isTestFile(side) ? isTitleOf(side) : expectedOf(side) !== undefined]).toEqual([side, true])
      if (!isTestFile(side)) expect([side, answering(side)]).not.toEqual([side, []])
    }
    if (isTestFile(leaves)) return
    const failed = (0x8000_0000 + number).toString(16)
    expect(expectedOf(leaves)?.split(' ')).toSatisfy((words: readonly string[]) =>
      words.some((word) => word === number.toString(16) || word === failed),
    )
    expect(expectedOf(stays)?.split(' ')).not.toContain(number.toString(16))
  })
})

test('an exit that there cannot be is one whose control cannot be set, or that no control is about', () => {
  const msrs = executedVmxMsrs({ has: () => true })
  const offers = (msr: number, bit: bigint): boolean => (((msrs.get(msr) ?? 0n) >> 32n) & bit) !== 0n
  const isOffered = (reason: TriedExit['reason']): boolean => {
    const route = exitRoutes[reason]
    if (route.l1Wants !== 'with') return false
    if ('pin' in route) return offers(0x48d, pinControls[route.pin])
    return 'primary' in route
      ? offers(0x48e, primaryControls[route.primary])
      : offers(0x48b, secondaryControls[route.secondary])
  }
  expect(absentExits.filter(isOffered)).toEqual([])
  for (const control of [
    'ENCLS_EXITING',
    'USER_WAIT_PAUSE',
    'SUB_PAGE_WRITE',
    'ENCLV_EXITING',
    'PASID_TRANSLATION',
  ] as const)
    expect([control, offers(0x48b, secondaryControls[control])]).toEqual([control, false])
  for (const control of ['BUS_LOCK_DETECTION', 'INSTRUCTION_TIMEOUT', 'PCONFIG'] as const)
    expect([control, offers(0x48b, secondaryControls[control])]).toEqual([control, false])
  expect(offers(0x48e, primaryControls.TERTIARY_CONTROLS)).toBe(false)
})

test('every reason that the manual has is there', () => {
  const known = [...triedExits.map(({ reason }) => reason), ...absentExits]
  expect(known.toSorted()).toEqual(Object.keys(exitNumbers).toSorted())
})
