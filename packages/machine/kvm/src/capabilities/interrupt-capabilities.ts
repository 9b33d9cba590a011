import { resolve, run } from '@vmm/rule'
import { done } from '../answer.ts'
import { apicBusCyclesPipeline } from '../rules/apic-bus-cycles/index.ts'
import { x2apicApiPipeline } from '../rules/x2apic-api/index.ts'
import type { VmCapabilities } from './enable-cap.ts'

const x2apicApi = { number: 129, longIds: 1n, withoutBroadcastQuirk: 2n } as const

/** Which interrupt controllers are in the kernel, and how they are. */
export const interruptCapabilities: VmCapabilities = {
  KVM_CAP_SPLIT_IRQCHIP: ({ interrupts }, [pins]) => interrupts.split(pins),
  KVM_CAP_X2APIC_API: (vm, [flags]) => {
    const { interrupts, kvm } = vm
    const known = BigInt(kvm.checkExtension(x2apicApi.number))
    const outcome = run(resolve(x2apicApiPipeline, kvm.profile), { flags, known, irqchip: interrupts.mode })
    if (outcome.kind === 'refused') return outcome.refusal
    if ((flags & x2apicApi.longIds) !== 0n) interrupts.destinations = 'thirty-two bits'
    if ((flags & x2apicApi.withoutBroadcastQuirk) !== 0n) interrupts.apics.broadcastsByte = false
    return done(0, outcome.unread)
  },
  KVM_CAP_X86_APIC_BUS_CYCLES_NS: ({ interrupts, kvm, vcpus }, [nanoseconds]) => {
    const asked = { nanoseconds, irqchip: interrupts.mode, vcpus: vcpus.length }
    const outcome = run(resolve(apicBusCyclesPipeline, kvm.profile), asked)
    if (outcome.kind === 'refused') return outcome.refusal
    interrupts.apics.busNanoseconds = Number(nanoseconds)
    return done(0, outcome.unread)
  },
}
