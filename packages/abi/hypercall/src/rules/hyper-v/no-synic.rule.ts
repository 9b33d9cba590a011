import { always, rule } from '@vmm/rule'
import { readConnection } from '../../hyper-v-input.ts'
import { type HyperVCase, type HyperVRule, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'

/** Whether user space is asked: for every message, and for events of connections that KVM was not told of. */
export function isForUserSpace(made: HyperVCase): boolean {
  const { call, context } = made
  const name = hyperVRowOf(made)?.name
  if (name === 'HVCALL_POST_MESSAGE') return true
  if (name !== 'HVCALL_SIGNAL_EVENT') return false
  const connection = readConnection(call, context.input) ?? 0n
  return connection >= 1n << 32n || !context.hasEvent(Number(connection))
}

export const hyperVNoSynic: HyperVRule = rule({
  id: 'hv-hc-no-synic',
  catalogue: 'hv-hc-exit',
  says: 'user space is not asked about messages and events while the synthetic interrupt controller is off',
  lifetime: always,
  errno: 'HV_STATUS_INVALID_HYPERCALL_INPUT',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: (made) => isForUserSpace(made) && made.context.synic === 'off',
  witness: {
    refused: hyperVMade('HVCALL_POST_MESSAGE', {}, { synic: 'off' }),
    accepted: hyperVMade('HVCALL_SIGNAL_EVENT', { input: 7n }, { synic: 'off', hasEvent: (id) => id === 7 }),
  },
})
