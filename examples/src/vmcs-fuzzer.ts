// Flips each bit of a legal VMCS alone, and counts who refuses what comes of it: KVM 6.1, or only the processor behind it.
// `node examples/src/vmcs-fuzzer.ts HOST_` flips bits of fields whose names begin so.
import {
  check,
  compileEntryChecks,
  nestedVcpu,
  plainFacts,
  soundVmcs,
  vmcs12Places,
  vmcsRegionBytes,
  wholeProcessor,
  writeVmcs,
} from '@vmm/nested-vmx'
import { profileOf } from '@vmm/rule'

const [beginning = 'GUEST_CR'] = process.argv.slice(2)
const region = new Uint8Array(vmcsRegionBytes)
writeVmcs(region, soundVmcs.long)
const processor = compileEntryChecks(wholeProcessor)
const vcpu = { ...nestedVcpu('vmx'), ...wholeProcessor }
const kvm = { as: 'kvm', kernel: profileOf('6.1.192') } as const

const refused = new Map<string, number>()
let flipped = 0
for (const { field, offset, bytes } of vmcs12Places.filter(({ field }) => field.startsWith(beginning)))
  for (let bit = 0; bit < 8 * bytes; bit += 1, flipped += 1) {
    const before = region[offset + (bit >> 3)] ?? 0
    region[offset + (bit >> 3)] = before ^ (1 << (bit & 7))
    const byKvm = check(region, vcpu, kvm)
    const id = processor.failure(new DataView(region.buffer), plainFacts)?.id
    const who = byKvm.kind === 'fails' ? `KVM: ${byKvm.failed[0]?.id}` : id && `only the processor: ${id}`
    if (who !== undefined) refused.set(`${field}, ${who}`, (refused.get(`${field}, ${who}`) ?? 0) + 1)
    region[offset + (bit >> 3)] = before
  }
for (const [what, times] of refused) console.log(`${times}\t${what}`)
console.log(`${flipped}\tbits were flipped`)
