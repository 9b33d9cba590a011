import { type Behaviour, behaviour, between, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** The data segment, which ENCLS always uses. */
export interface DataSegment {
  readonly base: bigint
  readonly limit: bigint
  readonly usable: boolean
  /** Bits 3:0 of its rights. */
  readonly type: number
}

/** An operand of ENCLS as a register or PAGEINFO has it. */
export interface EnclsOffset {
  readonly offset: bigint
  /** Bytes. */
  readonly size: bigint
  /** Compatibility mode is long mode with a code segment of 32 bits. */
  readonly mode: '64-bit' | 'compatibility' | '32-bit'
  readonly ds: DataSegment
  /** Bits of a linear address that are not the sign: 48 or 57. */
  readonly linearWidth: 48 | 57
}

const flat: DataSegment = { base: 0n, limit: 0xffff_ffffn, usable: true, type: 3 }
const high: EnclsOffset = { offset: 0x1_0000_0000n, size: 32n, mode: 'compatibility', ds: flat, linearWidth: 48 }

function inLongMode({ offset, linearWidth }: EnclsOffset): bigint | undefined {
  return BigInt.asUintN(64, BigInt.asIntN(linearWidth, offset)) === offset ? offset : undefined
}

/** An expand-up data segment that can be written, alone. */
function inSegment({ offset, size, ds }: EnclsOffset): bigint | undefined {
  const address = BigInt.asUintN(32, offset + ds.base)
  const writable = ds.usable && (ds.type === 2 || ds.type === 3)
  const flatSegment = ds.base === 0n && ds.limit === 0xffff_ffffn
  const ends = flatSegment || address + size - 1n <= ds.limit + 1n
  return writable && address <= ds.limit && ends ? address : undefined
}

/** The linear address, or `undefined` for a general-protection fault. Alignment is looked at besides. */
export const enclsAddress: Behaviour<EnclsOffset, bigint | undefined> = behaviour<EnclsOffset, bigint | undefined>({
  id: 'encls-operand-address',
  catalogue: 'sgx-ecreate-checks',
  says: 'operands of ENCLS are in DS, whatever a prefix says, and canonical in 64-bit mode',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'sgx_get_encls_gva', '6.1.192'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'sgx_get_encls_gva', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: between('5.13', { absentIn: '6.1.192', presentIn: '6.12.117' }),
      says: 'in compatibility mode too',
      bug: 'a code segment of 32 bits has addresses of 32 bits, in DS',
      does: (operand) => (operand.mode === '32-bit' ? inSegment(operand) : inLongMode(operand)),
      witness: { in: high, out: 0x1_0000_0000n },
    },
    {
      lifetime: since({ absentIn: '6.1.192', presentIn: '6.12.117' }),
      does: (operand) => (operand.mode === '64-bit' ? inLongMode(operand) : inSegment(operand)),
      witness: { in: high, out: 0n },
    },
  ],
})
