import { type StateField, stateFields } from '@vmm/x86-registers'
import { Random } from '../cpu/random.ts'
import { type Image, region } from './image.ts'
import { at } from './layout.ts'
import { scatter } from './numbers.ts'
import { type ModeName, sceneOf } from './scene.ts'

/** Fields that a guest cannot make what it likes. */
const fixed: ReadonlySet<StateField> = new Set<StateField>([
  ...(['PHYSICAL_MASK', 'CR4_ALLOWED', 'SHADOW', 'MONITOR', 'CPL'] as const),
  // what a hypervisor sets, of which there is none
  ...(['VMX', 'CR0_REQUIRED', 'CR4_REQUIRED', 'CR0_MASK', 'CR0_SHADOW', 'CR4_MASK', 'CR4_SHADOW', 'EPTP'] as const),
])

/** Bits that say which mode it is, of which no processor has some alone, and bits that are not there. */
const kept: Readonly<Partial<Record<StateField, bigint>>> = {
  CR0: 0x8000_0001n,
  CR4: 0x1020n,
  IA32_EFER: 0x500n,
  DR7: 0xffff_ffffn << 32n,
}

/**
 * A scene in which anything may be anything: bytes for code, tables of chance, and as many fields of the state overwritten
 * as the seed likes, whether or not a processor would let them be so.
 */
export function hostileSceneOf({ seed, mode }: { readonly seed: number; readonly mode: ModeName }): Image {
  const scene = sceneOf({ seed, mode, bytes: 'noise' })
  const random = new Random(seed + 0x1000_0000)
  const fields = new Map(scene.fields)
  const names = (Object.keys(stateFields) as StateField[]).filter((name) => !fixed.has(name))
  for (let count = random.below(12); count > 0; count -= 1) {
    const name = random.pick(names)
    const before = fields.get(name)!
    const same = kept[name] ?? 0n
    const fresh = random.once(2) ? random.bits() : flipped(random, before)
    fields.set(name, BigInt.asUintN(stateFields[name], (fresh & ~same) | (before & same)))
  }
  const memory = scene.memory[region.memory]!
  if (random.once(3)) scatter(random, memory.subarray(at.gdt, at.tss))
  if (random.once(4)) scatter(random, scene.memory[region.tables]!)
  const gprs = scene.gprs.map((value) => (random.once(4) ? random.bits() : value))
  const flags = random.once(3) ? random.bits() & flagsOfChance : 0n
  return { ...scene, title: `hostile ${scene.title}`, fields, gprs, rflags: scene.rflags ^ flags }
}

/** All but the fixed ones and VM, which goes with CPL 3. */
const flagsOfChance = 0x3d_7fd5n

/** A few bits other than they were. */
function flipped(random: Random, value: bigint): bigint {
  return value ^ (1n << BigInt(random.below(64))) ^ (random.once(2) ? 1n << BigInt(random.below(32)) : 0n)
}
