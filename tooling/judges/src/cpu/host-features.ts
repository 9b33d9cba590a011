import { type CpuidEntry, type Feature, features, featuresOf, KVM_CPUID_FLAG_SIGNIFCANT_INDEX } from '@vmm/cpuid'
import type { NativeCpu } from './native.ts'
import { place, type Snippet } from './snippet.ts'

const cpuid = Uint8Array.of(0x0f, 0xa2)
/** LAR EAX, ECX. */
const lar = Uint8Array.of(0x0f, 0x02, 0xc1)
const firstLocal = 0xfn
const ZF = 0x40n
/** Leaves that have features, or may have. */
const leaves = [
  ...Array.from({ length: 0x25 }, (_, leaf) => leaf),
  ...Array.from({ length: 0x22 }, (_, leaf) => 0x8000_0000 + leaf),
]
const indices = [0, 1, 2]

/** The features that CPUID of this machine's processor tells a program of, asked as any other instruction is. */
export function hostFeatures(native: NativeCpu): ReadonlySet<Feature> {
  const asked = leaves.flatMap((leaf) => indices.map((index) => ({ leaf, index })))
  const answers = native.run(asked.map(({ leaf, index }) => question(cpuid, BigInt(leaf), BigInt(index))))
  const entries = answers.flatMap((answer, at): CpuidEntry[] => {
    if (answer === undefined || answer.vector !== undefined) return []
    const { leaf, index } = asked[at]!
    const [eax, ecx, edx, ebx] = Array.from(answer.gprs.subarray(0, 4), Number) as [number, number, number, number]
    return [{ function: leaf, index, flags: KVM_CPUID_FLAG_SIGNIFCANT_INDEX, eax, ebx, ecx, edx }]
  })
  const found = new Set(featuresOf(entries, features))
  // a feature that the system has not switched on
  if (!found.has('OSPKE')) found.delete('PKU')
  return found
}

/** Whether the program that asks got the local descriptor table that it asked for. */
export function hasLocalTable(native: NativeCpu): boolean {
  const [answer] = native.run([question(lar, 0n, firstLocal)])
  return answer !== undefined && answer.vector === undefined && (answer.rflags & ZF) !== 0n
}

function question(code: Uint8Array, rax: bigint, rcx: bigint): Snippet {
  const fx = new Uint8Array(512)
  fx.set([0x7f, 0x03])
  fx.set([0x80, 0x1f], 24)
  const gprs = new BigUint64Array(16)
  gprs[0] = rax
  gprs[1] = rcx
  return { code, gprs, rflags: 0x202n, fx, data: new Uint8Array(place.dataBytes) }
}
