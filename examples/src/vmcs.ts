// Says which sentences a VMCS breaks, as a processor has it and as KVM 6.1 does: a legal guest in 64-bit mode with these fields.
// `node examples/src/vmcs.ts GUEST_RFLAGS=0 HOST_TR_SELECTOR=0`
import { check, nestedVcpu, soundVmcs, vmcsPlaces, vmcsRegionBytes, wholeProcessor, writeVmcs } from '@vmm/nested-vmx'
import { profileOf } from '@vmm/rule'

const words = process.argv.slice(2)
const region = new Uint8Array(vmcsRegionBytes)
writeVmcs(region, soundVmcs.long)
for (const word of words.length > 0 ? words : ['HOST_TR_SELECTOR=0', 'GUEST_RFLAGS=0']) {
  const [name, value = '0'] = word.split('=')
  const field = vmcsPlaces.find((place) => place.field === name)?.field
  if (field === undefined) console.log(`${name} is no field of a VMCS`)
  else writeVmcs(region, { [field]: BigInt(value) })
}

const vcpu = { ...nestedVcpu('vmx'), ...wholeProcessor }
for (const [who, asked] of [
  ['the processor', { as: 'processor' }],
  ['KVM 6.1', { as: 'kvm', kernel: profileOf('6.1.192') }],
] as const) {
  const verdict = check(region, vcpu, asked)
  console.log(verdict.kind === 'enters' ? `${who} enters it` : `${who} does not enter it:`)
  if (verdict.kind === 'fails') for (const { id, says } of verdict.failed) console.log(`  ${id}: ${says}`)
}
