import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import {
  actionRequired,
  allOnes,
  cmciEnable,
  cmciP,
  contextCorrupt,
  ctlP,
  inProgress,
  overflow,
  raise,
  type SetMceCall,
  signaled,
  twoBanks,
  uncorrected,
  uncorrectedError,
  valid,
  withBank,
} from './machine-check.ts'

const noAction = raise({ status: valid | uncorrected, mcgStatus: 0n })
const recorded = withBank(twoBanks, 1, () => [allOnes, uncorrectedError.status, 0x1000n, 0x8cn])

/** What becomes of an error: recorded, delivered, forgotten, or the end of the vCPU's run. */
export const mceInjected = behaviour<SetMceCall, SetMceCall>({
  id: 'mce-injected',
  catalogue: 'mce-inject',
  says: 'an uncorrected error is recorded and delivered where its bank is enabled, a corrected one is recorded if nothing worse is',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_mce', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.0'),
      does: inject,
      witness: {
        in: raise({}),
        out: { ...raise({}), state: { ...recorded, mcgStatus: 5n }, outcome: 'machine check' },
      },
    },
    {
      lifetime: since('6.0'),
      says: 'an uncorrected error that needs no action never is a machine check: it fills its bank, and interrupts if asked to',
      sources: [commit('aebc3ca19063', 'KVM: x86: Enable CMCI capability by default and handle injected UCNA errors')],
      does: (call) => (needsNoAction(call) ? recordNoAction(call) : inject(call)),
      witness: {
        in: noAction,
        out: { ...noAction, state: withBank(twoBanks, 1, () => [allOnes, valid | uncorrected, 0x1000n, 0x8cn]) },
      },
    },
  ],
})

function needsNoAction({ error }: SetMceCall): boolean {
  const { status } = error
  const signals = contextCorrupt | signaled | actionRequired
  return error.mcgStatus === 0n && (status & signals) === 0n && (status & uncorrected) !== 0n
}

function recordNoAction(call: SetMceCall): SetMceCall {
  const { error, state, apicInKernel } = call
  const next = withBank({ ...state, mcgStatus: error.mcgStatus }, error.bank, ([ctl]) => [
    ctl,
    error.status,
    error.addr,
    error.misc,
  ])
  const interrupts =
    (state.mcgCap & cmciP) !== 0n && ((state.ctl2[error.bank] ?? 0n) & cmciEnable) !== 0n && apicInKernel
  return interrupts ? { ...call, state: next, outcome: 'corrected interrupt' } : { ...call, state: next }
}

function inject(call: SetMceCall): SetMceCall {
  return (call.error.status & uncorrected) === 0n ? injectCorrected(call) : injectUncorrected(call)
}

function injectUncorrected(call: SetMceCall): SetMceCall {
  const { error, state, checksEnabled } = call
  const [ctl = 0n, before = 0n] = state.banks[error.bank] ?? []
  if ((state.mcgCap & ctlP) !== 0n && state.mcgCtl !== allOnes) return call
  if (ctl !== allOnes) return call
  if ((state.mcgStatus & inProgress) !== 0n || !checksEnabled) return { ...call, outcome: 'shutdown' }
  const status = (before & valid) === 0n ? error.status : error.status | overflow
  const next = withBank({ ...state, mcgStatus: error.mcgStatus }, error.bank, () => [
    ctl,
    status,
    error.addr,
    error.misc,
  ])
  return { ...call, state: next, outcome: 'machine check' }
}

function injectCorrected(call: SetMceCall): SetMceCall {
  const { error, state } = call
  const worseIsThere = ((state.banks[error.bank]?.[1] ?? 0n) & (valid | uncorrected)) === (valid | uncorrected)
  const next = withBank(state, error.bank, ([ctl, before, addr, misc]) => {
    if (worseIsThere) return [ctl, before | overflow, addr, misc]
    return [ctl, (before & valid) === 0n ? error.status : error.status | overflow, error.addr, error.misc]
  })
  return { ...call, state: next }
}
