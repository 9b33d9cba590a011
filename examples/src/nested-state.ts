// Tells what the bytes of KVM_GET_NESTED_STATE say: `node examples/src/nested-state.ts FILE`, or those of a guest of a guest that has left for an OUT.
import { readFileSync } from 'node:fs'
import { nestedFlags } from '@vmm/kvm-uapi'
import {
  describeQualification,
  emptyNestedState,
  exitReasonOf,
  givenNestedStateOf,
  nestedHeaderBytes,
  toldNestedState,
  vmcs12Of,
  vmcs12Reader,
  vmcsRegionBytes,
} from '@vmm/nested-vmx'

const [path] = process.argv.slice(2)
const hex = (value: bigint) => `0x${value.toString(16)}`

function example(): Uint8Array {
  const left = { GUEST_RIP: 0x1234n, VM_EXIT_REASON: 30n, EXIT_QUALIFICATION: 0x3f8_0000n }
  const [vmcs12, regions] = [vmcs12Of(left), { vmxonAddress: 0x1000n, vmcs12Address: 0x2000n }]
  const state = { ...emptyNestedState('vmx'), vmxon: true, ...regions, vmcs12 }
  return toldNestedState(state, true, nestedHeaderBytes + vmcsRegionBytes)
}

const given = givenNestedStateOf('vmx', path === undefined ? example() : readFileSync(path))
const flags = Object.entries(nestedFlags.value).filter(([, bit]) => (given.flags & bit) !== 0)
console.log(`flags: ${flags.map(([name]) => name).join(', ') || 'none'}`)
console.log(`VMXON region ${hex(given.vmxonAddress)}, current VMCS ${hex(given.vmcs12Address)}`)
if (given.first !== undefined) {
  const read = vmcs12Reader(given.first)
  const reason = exitReasonOf(Number(read('VM_EXIT_REASON')))
  const name = typeof reason.basic === 'number' ? undefined : reason.basic
  const why = name === undefined ? '' : describeQualification(name, read('EXIT_QUALIFICATION'))
  console.log(`L2 was at ${hex(read('GUEST_RIP'))}, and left last for ${reason.basic}: ${why}`)
}
