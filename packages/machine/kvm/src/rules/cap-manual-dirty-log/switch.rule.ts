import { rule, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { type ManualDirtyLogRule, manualProtect } from './case.ts'

export const manualSwitch: ManualDirtyLogRule = rule({
  id: 'cap-manual-dirty-log-switch',
  catalogue: 'dirty-log-get',
  says: 'clearing by hand is on or off',
  lifetime: until('5.7'),
  errno: 'EINVAL',
  sources: [commit('3c9bd4006bfc', 'KVM: x86: enable dirty log gradually in small chunks')],
  evidence: 'source',
  refuses: ({ options }) => (options & ~manualProtect) !== 0n,
  witness: { refused: { options: 3n }, accepted: { options: 1n } },
})
