import { hostNamed } from '@vmm/cpu-models'
import { type CpuidTable, changeEntry, entry, type Host } from '@vmm/cpuid'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)

/** A Sapphire Rapids: 52 bits of physical address, AMX, SGX. */
export const host: Host = found.host

const vendor = { ebx: 0x756e_6547, ecx: 0x6c65_746e, edx: 0x4965_6e69 }
const widths = (virtual: number, physical: number) => ({ eax: (virtual << 8) | physical })

/** A small table: leaves 0, 1, 7, DH and 8000_0008H, 46 bits of physical address. */
export const table: CpuidTable = [
  entry(0, { eax: 0x12, ...vendor }),
  entry(1, { eax: 0x806f8, ecx: 1 << 26, edx: 1 << 9 }),
  entry(7, { ecx: 1 << 3 }, 0),
  entry(0xd, { eax: 7 }, 0),
  entry(0xd, { eax: 0b1010 }, 1),
  entry(0x8000_0000, { eax: 0x8000_0008 }),
  entry(0x8000_0008, widths(48, 46)),
]

/** The table with addresses of other widths. */
export function withWidths(virtual: number, physical: number): CpuidTable {
  return changeEntry(table, 0x8000_0008, 0, () => widths(virtual, physical))
}

/** The table with XCR0 of these bits. */
export function withStates(eax: number): CpuidTable {
  return changeEntry(table, 0xd, 0, () => ({ eax }))
}

/** The table of a guest that may have enclaves, of this many bits of leaf 12H, with this mask of states in them. */
export function withEnclaves(eax: number, xfrm = 3): CpuidTable {
  return [...table, entry(0x12, { eax }, 0), entry(0x12, { ecx: xfrm }, 1)]
}

/** The table with leaves of KVM's own at a base, and this word of features. */
export function withKvm(base: number, features: number): CpuidTable {
  const signature = { eax: base + 1, ebx: 0x4b4d_564b, ecx: 0x564b_4d56, edx: 0x4d }
  return [...table, entry(base, signature), entry(base + 1, { eax: features })]
}
