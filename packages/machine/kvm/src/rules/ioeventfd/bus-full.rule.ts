import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bytesOfPort, type IoeventfdRule, ties } from './case.ts'

export const ioeventfdBusFull: IoeventfdRule = rule({
  id: 'ioeventfd-bus-full',
  catalogue: 'io-bus-limit',
  says: 'a bus that has 1000 devices takes no eventfd either',
  lifetime: always,
  errno: 'ENOSPC',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_io_bus_register_dev', '6.12.117'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_io_bus_register_dev', '6.1.192'),
  ],
  evidence: 'source',
  refuses: (call) => ties(call) && call.devices > 999,
  witness: { refused: { ...bytesOfPort, devices: 1000 }, accepted: { ...bytesOfPort, devices: 999 } },
})
