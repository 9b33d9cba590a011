/** KVM_GET_ONE_REG or KVM_SET_ONE_REG on a vCPU. */
export interface OneRegCall {
  readonly access: 'read' | 'write'
  /** `id` of the argument: index, type, reserved, size, architecture. */
  readonly id: bigint
  /** What user space cannot read or write. */
  readonly faults: ReadonlySet<'argument' | 'value'>
  /** CPUID has shadow stacks. */
  readonly shadowStacks: boolean
  /** Whether the access to the MSR would succeed. */
  readonly succeeds: boolean
}

/** KVM_X86_REG_TYPE_MSR and _KVM. */
export const typeMsr = 2n
export const typeKvm = 3n

export const architectureOf = (id: bigint): bigint => id >> 56n
/** In powers of 2: 3 is 64 bits. */
export const sizeOf = (id: bigint): bigint => (id >> 52n) & 0xfn
export const reservedOf = (id: bigint): bigint => (id >> 40n) & 0xfffn
export const typeOf = (id: bigint): bigint => (id >> 32n) & 0xffn
export const indexOf = (id: bigint): number => Number(id & 0xffff_ffffn)

export const idOf = (type: bigint, index: bigint): bigint => (0x2030n << 48n) | (type << 32n) | index

export const readTsc: OneRegCall = {
  access: 'read',
  id: idOf(typeMsr, 0x10n),
  faults: new Set(),
  shadowStacks: false,
  succeeds: true,
}
