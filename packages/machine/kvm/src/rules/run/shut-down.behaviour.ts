import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'

/** A triple fault has ended a guest. */
export interface ShutDown {
  readonly driver: 'vmx' | 'svm' | 'software'
  /** CR0.PG, as the guest left it. */
  readonly paging: boolean
}

/** What there is left of its vCPU. */
export interface LeftAtShutdown {
  readonly registers: 'all' | 'the general ones' | 'none'
  /** Whether KVM's own page tables are still where the processor looks for them. */
  readonly pageTables: 'there' | 'lost'
}

const untouched: LeftAtShutdown = { registers: 'all', pageTables: 'there' }
const unpaged: ShutDown = { driver: 'svm', paging: false }

export const shutDown: Behaviour<ShutDown, LeftAtShutdown> = behaviour({
  id: 'run-shut-down',
  catalogue: 'run-return',
  says: 'kvm_amd begins a guest anew that has shut down: a processor leaves nothing of it that could be told',
  sources: [
    kernelSource('arch/x86/kvm/svm/svm.c', 'shutdown_interception', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'shutdown_interception', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_reset', '6.1.192'),
    commit('265e43530cb2', 'KVM: SVM: Emulate #INIT in response to triple fault shutdown'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.15'),
      says: 'all but its general registers',
      does: ({ driver }) => (driver === 'svm' ? { registers: 'the general ones', pageTables: 'there' } : untouched),
      witness: { in: unpaged, out: { registers: 'the general ones', pageTables: 'there' } },
    },
    {
      lifetime: since('5.15'),
      says: 'as INIT does; one without paging then has no page tables, and goes nowhere until KVM makes them anew',
      does: ({ driver, paging }) =>
        driver === 'svm' ? { registers: 'none', pageTables: paging ? 'there' : 'lost' } : untouched,
      witness: { in: unpaged, out: { registers: 'none', pageTables: 'lost' } },
    },
  ],
})
