import type { Bit, Field, Fields } from '@vmm/bits'
import type { Source } from '@vmm/source'

/** The four registers CPUID answers in. */
export type OutputRegister = 'eax' | 'ebx' | 'ecx' | 'edx'

/** In the order in which every table and every dump lists them. */
export const outputRegisters = ['eax', 'ebx', 'ecx', 'edx'] as const satisfies readonly OutputRegister[]

/**
 * Which sub-leaf a row describes: `'any'` when ECX does not matter, a number for one sub-leaf, `{ from }` when that
 * sub-leaf and all after it have one layout.
 */
export type Subleaf = 'any' | number | { readonly from: number }

/** What each answer register of a leaf means: fields by register; what no field names is reserved. */
export type LeafOutputs = { readonly [R in OutputRegister]?: Fields }

/** Whose leaves a range from 40000000H on holds; its first leaf tells. */
export type Hypervisor = 'kvm' | 'hyperv' | 'xen'

/** One CPUID leaf or sub-leaf: what software asks for, and what each answer bit means. */
export interface Leaf<Outputs extends LeafOutputs = LeafOutputs> {
  /** The EAX input; a hypervisor's as if its leaves began at 40000000H. */
  readonly leaf: number
  /** The ECX input. */
  readonly subleaf: Subleaf
  readonly name: string
  readonly source: Source
  readonly outputs: Outputs
  /** Set for the leaves of a hypervisor: another one means something else at the same number. */
  readonly hypervisor?: Hypervisor
}

/** A one-bit field that is no feature of its own: a property of a cache, a component of the XSAVE area, a mirror. */
export interface Flag extends Field {
  readonly flag: true
}

/** Makes one row of the leaf tables. */
export function leaf<const Outputs extends LeafOutputs>(
  leaf: number,
  subleaf: Subleaf,
  name: string,
  source: Source,
  outputs: Outputs,
): Leaf<Outputs> {
  return { leaf, subleaf, name, source, outputs }
}

/** Makes one row of a hypervisor's leaves. */
export function hypervisorLeaf<const Outputs extends LeafOutputs>(
  hypervisor: Hypervisor,
  number: number,
  subleaf: Subleaf,
  name: string,
  source: Source,
  outputs: Outputs,
): Leaf<Outputs> {
  return { ...leaf(number, subleaf, name, source, outputs), hypervisor }
}

/** A one-bit field that nobody can switch on or off by name. */
export function flag(at: number, says: string): Flag {
  return { low: at, width: 1, says, flag: true }
}

/** Whether a field is a feature: one bit, and not a flag. */
export function isFeature(field: Field): field is Bit {
  return field.width === 1 && !('flag' in field)
}

/** The names of a leaf's one-bit fields, as a type. A misspelt feature does not compile. */
export type FeatureOf<L extends Leaf> = L extends Leaf<infer Outputs> ? BitsIn<Outputs[keyof Outputs]> : never

type BitsIn<F> = F extends Fields
  ? { [N in keyof F]: F[N] extends Flag ? never : F[N] extends Bit ? N : never }[keyof F] & string
  : never
