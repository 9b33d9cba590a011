import { exitHypercallPipeline } from '@vmm/hypercall'
import { resolve, run } from '@vmm/rule'
import { done } from '../answer.ts'
import type { VmCapabilities } from './enable-cap.ts'

/** Which hypercalls are for user space. */
export const hypercallCapabilities: VmCapabilities = {
  KVM_CAP_EXIT_HYPERCALL: (vm, [asked]) => {
    const exits = BigInt(vm.enabled.hypercallExits)
    const outcome = run(resolve(exitHypercallPipeline, vm.kvm.profile), { asked, exits })
    if (outcome.kind === 'refused') return outcome.refusal
    vm.enable({ hypercallExits: Number(outcome.state.exits) })
    return done(0, outcome.unread)
  },
}
