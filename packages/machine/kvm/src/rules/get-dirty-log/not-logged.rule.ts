import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aLog, type GetDirtyLogRule } from './case.ts'

export const getLogNotLogged: GetDirtyLogRule = rule({
  id: 'dirty-log-not-logged',
  catalogue: 'dirty-log-get',
  says: 'the slot is there, and its written pages are remembered',
  lifetime: always,
  errno: 'ENOENT',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_get_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ logged }) => logged !== 'logged',
  witness: { refused: { ...aLog, logged: 'not logged' }, accepted: aLog },
})
