import { always, type Check, inForce, type Lifetime, profileOf, rule, type Sources, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetNestedState } from '../rules/set-nested-state/call.ts'
import { aSetL2, aSetSvm } from '../rules/set-nested-state/witness.ts'
import { vmcbReader } from '../vmcb12/vmcb12.ts'
import { vmcs12Reader } from '../vmcs12/vmcs12.ts'
import { askedSvm, askedVmx } from '../where-recorded.ts'
import type { VmcbCheck } from './vmcb-check.ts'
import type { L2Entry, VmcsCheck } from './vmcs-check.ts'

const nothing = new Uint8Array(0)

/** What the checks of a VMCS look at, of a call that has come as far. */
function vmcsEntry({ given, vcpu, state }: SetNestedState): L2Entry {
  return { read: vmcs12Reader(given.first ?? nothing), vcpu, runPending: state.runPending }
}

/** Rows of checks of a VMCS as steps of KVM_SET_NESTED_STATE. */
export function vmcsSteps(rows: Readonly<Record<string, VmcsCheck>>): readonly Check<SetNestedState>[] {
  return Object.entries(rows).map(([id, row]) => {
    const { says, where, lifetime = always, by, fails, broken, around, unasked = false } = row
    const vcpu = around ?? {}
    const asked = around === undefined && !unasked && isAskedOf(lifetime)
    const accepted = aSetL2({}, { given: { flags: 3 } })
    return {
      kind: 'check',
      rule: rule<SetNestedState>({
        id,
        catalogue: 'nested-set-vmx',
        says: `to enter L2, ${says}`,
        lifetime,
        errno: 'EINVAL',
        sources: [...sourcesOf('vmx', where, by), ...(asked ? [askedVmx] : [])],
        evidence: asked ? 'recorded' : 'source',
        refuses: (call) => fails(vmcsEntry(call)),
        witness: { refused: { ...aSetL2(broken, { given: { flags: 3 }, vcpu }), state: pending(accepted) }, accepted },
      }),
    }
  })
}

/** Rows of checks of a VMCB as steps of KVM_SET_NESTED_STATE. */
export function vmcbSteps(rows: Readonly<Record<string, VmcbCheck>>): readonly Check<SetNestedState>[] {
  return Object.entries(rows).map(([id, row]) => {
    const { says, where, lifetime = svmSince, by, fails, broken, around } = row
    const vcpu = around ?? {}
    return {
      kind: 'check',
      rule: rule<SetNestedState>({
        id,
        catalogue: 'nested-set-svm',
        says: `to enter L2, ${says}`,
        lifetime,
        errno: 'EINVAL',
        sources: [...sourcesOf('svm', where, by), ...(around === undefined ? [askedSvm] : [])],
        evidence: around === undefined ? 'recorded' : 'source',
        refuses: ({ given, vcpu: checked }) => fails({ read: vmcbReader(given.first ?? nothing), vcpu: checked }),
        witness: { refused: aSetSvm(broken, { vcpu }), accepted: aSetSvm() },
      }),
    }
  })
}

/** Kernels that were asked. Source: `askedVmx`. */
const askedKernels = [profileOf('6.1.192'), profileOf('6.12.117')]
const isAskedOf = (lifetime: Lifetime): boolean => askedKernels.some((profile) => inForce(lifetime, profile) === 'yes')

/** KVM gives and takes the nested state of SVM since then. */
const svmSince: Lifetime = since('5.8')

function sourcesOf(vendor: 'vmx' | 'svm', where: string, by: VmcsCheck['by']): Sources {
  const path = `arch/x86/kvm/${vendor}/nested.c`
  const read = kernelSource(path, where, '6.12.117')
  return by === undefined ? [read] : [read, commit(...by)]
}

/** L2 has been entered when the checks are made: whether its EFER counts follows from that. */
function pending(call: SetNestedState): SetNestedState['state'] {
  return { ...call.state, runPending: true }
}
