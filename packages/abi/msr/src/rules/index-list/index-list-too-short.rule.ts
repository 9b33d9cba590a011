import { always, rule } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'
import { type IndexListCall, roomForTwo } from './call.ts'

export const indexListTooShort = rule<IndexListCall>({
  id: 'index-list-too-short',
  catalogue: 'msr-index-list',
  says: 'a list that has too little room gets the count alone',
  lifetime: always,
  errno: 'E2BIG',
  sources: [
    kernelDoc('Documentation/virt/kvm/api.rst', '4.3 KVM_GET_MSR_INDEX_LIST'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12'),
  ],
  evidence: 'recorded',
  refuses: ({ room, list }) => room < list.length,
  witness: { refused: { ...roomForTwo, room: 1 }, accepted: roomForTwo },
})
