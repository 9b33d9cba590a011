import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { IoBusRule } from './case.ts'

export const ioBusLimit: IoBusRule = rule({
  id: 'io-bus-limit',
  catalogue: 'io-bus-limit',
  says: 'a bus in the kernel has at most 1000 devices, eventfds not counted',
  lifetime: always,
  errno: 'ENOSPC',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_io_bus_register_dev', '6.12.117'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_io_bus_register_dev', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ devices }) => devices > 999,
  witness: { refused: { devices: 1000 }, accepted: { devices: 999 } },
})
