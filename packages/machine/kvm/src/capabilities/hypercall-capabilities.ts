import { exitHypercallPipeline } from '@vmm/hypercall'
import { resolve, run } from '@vmm/rule'
import { done } from '../answer.ts'
import type { VmCapabilities } from './enable-cap.ts'

/** Which hypercalls are for user space. */
export const hypercallCapabilities: VmCapabilities = {
  KVM_CAP_EXIT_HYPERCALL: ({ kvm, processor: { vcpu } }, [asked]) => {
    const outcome = run(resolve(exitHypercallPipeline, kvm.profile), { asked, exits: BigInt(vcpu.hypercallExits) })
    if (outcome.kind === 'refused') return outcome.refusal
    vcpu.hypercallExits = Number(outcome.state.exits)
    return done(0, outcome.unread)
  },
}
