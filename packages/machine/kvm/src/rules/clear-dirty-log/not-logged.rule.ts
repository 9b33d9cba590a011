import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { allPages, type ClearDirtyLogRule } from './case.ts'

export const clearLogNotLogged: ClearDirtyLogRule = rule({
  id: 'clear-log-not-logged',
  catalogue: 'dirty-log-get',
  says: 'the slot is there, and its written pages are remembered',
  lifetime: always,
  errno: 'ENOENT',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_clear_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ logged }) => logged !== 'logged',
  witness: { refused: { ...allPages, logged: 'not logged' }, accepted: allPages },
})
