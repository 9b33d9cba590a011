import type { Pipeline } from '@vmm/rule'
import type { IoBusCase } from './case.ts'
import { ioBusLimit } from './limit.rule.ts'

/** What every call goes through that puts a device on a bus: KVM_CREATE_IRQCHIP, KVM_REGISTER_COALESCED_MMIO and others. */
export const ioBusPipeline: Pipeline<IoBusCase> = {
  call: 'kvm_io_bus_register_dev',
  steps: [{ kind: 'check', rule: ioBusLimit }],
}
