/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import { type KernelVersion, profileOf, resolve, run } from '@vmm/rule'
import { expect, test } from 'vitest'
import { setMceCall, setupMceCall } from './index.ts'
import { cmciP, ctlP, lmceP, raise, serP, twoBanks } from './machine-check.ts'
import { mceSetUp } from './mce-set-up.rule.ts'

const folder = new URL('../../../cases/machine-check/', import.meta.url)
const linesOf = (name: string) =>
  readFileSync(new URL(name, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
const recordings = readdirSync(folder).filter((name) => name.startsWith('kvm_'))

/** As a vCPU is made: with 32 banks. */
const made = {
  ...twoBanks,
  mcgCap: 32n,
  banks: Array.from({ length: 32 }, () => twoBanks.banks[0]!),
  ctl2: Array.from({ length: 32 }, () => 0n),
}

test.each(recordings)('%s answers as we do', (name) => {
  const kernel = /kvm_\w+-([\d.]+\d)/.exec(name)?.[1] ?? ''
  const profile = profileOf(kernel as KernelVersion)
  const [setUp, set] = [resolve(setupMceCall, profile), resolve(setMceCall, profile)]
  let state: typeof twoBanks = made
  const ours = linesOf('scenarios.txt').map((step) => {
    const [verb, ...words] = step.split(' ')
    const [first = 0n, status = 0n] = words.map((word) => BigInt(`0x${word}`))
    if (verb === 'setupmce') {
      const call = { mcgCap: first, supported: ctlP | cmciP | serP | lmceP, state } as const
      const outcome = run(setUp, call)
      if (outcome.kind === 'done') state = mceSetUp.versions[0].does(call)
      return `setupmce ${outcome.kind === 'refused' ? outcome.refusal.errno : '0'}`
    }
    const outcome = run(set, { ...raise({ bank: Number(first), status }), state })
    return `mce ${outcome.kind === 'refused' ? outcome.refusal.errno : '0'}`
  })
  expect(ours).toEqual(linesOf(name))
})
