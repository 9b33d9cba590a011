import { profileOf, resolve, run } from '@vmm/rule'
import { expect, test } from 'vitest'
import { setMceCall } from './index.ts'
import {
  allOnes,
  ctlP,
  overflow,
  raise,
  twoBanks,
  uncorrected,
  uncorrectedError,
  valid,
  withBank,
} from './machine-check.ts'

const set = (call: ReturnType<typeof raise>, kernel: Parameters<typeof profileOf>[0] = '6.12.0') =>
  run(resolve(setMceCall, profileOf(kernel)), call).state

test('an uncorrected error is forgotten where IA32_MCG_CTL or its bank is not all ones', () => {
  const disabled = raise({}, { mcgCtl: 0n })
  expect(set(disabled)).toBe(disabled)
  const bankOff = raise({}, { banks: [twoBanks.banks[0]!, [~1n & allOnes, 0n, 0n, 0n]] })
  expect(set(bankOff)).toBe(bankOff)
  expect(set(raise({}, { mcgCap: 2n, mcgCtl: 0n })).outcome).toBe('machine check')
  expect(twoBanks.mcgCap & ctlP).not.toBe(0n)
})

test('a machine check during another, or while CR4.MCE is clear, shuts the vCPU down and records nothing', () => {
  expect(set(raise({}, { mcgStatus: 4n }))).toMatchObject({ outcome: 'shutdown', state: { banks: twoBanks.banks } })
  expect(set({ ...raise({}), checksEnabled: false }).outcome).toBe('shutdown')
})

test('a second error sets OVER, and a corrected one never hides an uncorrected one', () => {
  const first = set(raise({})).state
  const again = set(raise({}, { ...first, mcgStatus: 0n })).state.banks[1]
  expect(again?.[1]).toBe(uncorrectedError.status | overflow)
  const corrected = set(raise({ status: valid, addr: 7n }, first)).state.banks[1]
  expect(corrected).toEqual([allOnes, uncorrectedError.status | overflow, 0x1000n, 0x8cn])
  expect(set(raise({ status: valid, addr: 7n })).state.banks[1]).toEqual([allOnes, valid, 7n, 0x8cn])
})

test('an error that needs no action was a machine check until 6.0, and interrupts since, if its bank asks for it', () => {
  const error = { status: valid | uncorrected, mcgStatus: 0n }
  expect(set(raise(error), '5.19.0').outcome).toBe('machine check')
  expect(set(raise(error)).outcome).toBeUndefined()
  const asking = raise(error, { ctl2: [0n, 1n << 30n] })
  expect(set(asking).outcome).toBe('corrected interrupt')
  expect(set({ ...asking, apicInKernel: false }).outcome).toBeUndefined()
})

test('a bank is changed alone', () => {
  expect(withBank(twoBanks, 0, () => [0n, 0n, 0n, 0n]).banks[1]).toEqual(twoBanks.banks[1])
})
