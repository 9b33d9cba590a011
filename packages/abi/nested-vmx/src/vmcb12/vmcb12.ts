import { vmcbControlFields, vmcbSaveFields, vmrunSaved } from './vmcb12-fields.rows.ts'

/** A field of a VMCB, by the manual's name. */
export type VmcbField = keyof typeof vmcbControlFields | keyof typeof vmcbSaveFields

/** Values of fields; of a segment, its 16 bytes as one number. */
export type VmcbValues = { readonly [F in VmcbField]?: bigint }

/** Reads fields of one VMCB. */
export type VmcbReader = (field: VmcbField) => bigint

/** Bytes of a VMCB. */
export const vmcbBytes = 0x1000

/** Bytes of the control area, with which a VMCB begins. */
const vmcbControlBytes = 0x400

/** Bytes of both areas together that KVM reads. Source: arch/x86/include/asm/svm.h vmcb_save_area (Linux 6.12). */
export const vmcbUsedBytes = 0x6e8

const places: Readonly<Record<VmcbField, readonly [number, number]>> = { ...vmcbControlFields, ...vmcbSaveFields }

/** A VMCB's fields. */
export function vmcbReader(vmcb: Uint8Array): VmcbReader {
  return (field) => {
    const [offset, bytes] = places[field]
    return fromBytes(vmcb.subarray(offset, offset + bytes))
  }
}

/** A copy of a VMCB with other values in some fields. */
export function vmcbWith(vmcb: Uint8Array, values: VmcbValues): Uint8Array {
  const copy = new Uint8Array(vmcbBytes)
  copy.set(vmcb.subarray(0, vmcbBytes))
  for (const [field, value] of Object.entries(values) as [VmcbField, bigint][]) {
    const [offset, bytes] = places[field]
    for (let at = 0; at < bytes; at++) copy[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn)
  }
  return copy
}

/** A VMCB with these fields, and 0 in all others. */
export function vmcbOf(values: VmcbValues): Uint8Array {
  return vmcbWith(new Uint8Array(vmcbBytes), values)
}

/**
 * What KVM keeps of a VMCB: of the control area the fields that it knows, the addresses of bitmaps without their low
 * bits; of the save area the hypervisor's own state, over what the processor has had for the rest of it.
 *
 * Source: arch/x86/kvm/svm/nested.c __nested_copy_vmcb_control_to_cache, svm_copy_vmrun_state (Linux 6.12).
 */
export function keptVmcb(given: Uint8Array, own: Uint8Array): Uint8Array {
  const read = vmcbReader(given)
  const control = Object.fromEntries(
    (Object.keys(vmcbControlFields) as (keyof typeof vmcbControlFields)[]).map((field) => [field, read(field)]),
  )
  const saved = Object.fromEntries(vmrunSaved.map((field) => [field, read(field)]))
  const pages = { IOPM_BASE_PA: read('IOPM_BASE_PA') & ~0xfffn, MSRPM_BASE_PA: read('MSRPM_BASE_PA') & ~0xfffn }
  const rest = new Uint8Array(vmcbBytes)
  rest.set(own.subarray(vmcbControlBytes, vmcbUsedBytes), vmcbControlBytes)
  return vmcbWith(rest, { ...control, ...saved, ...pages, RFLAGS: read('RFLAGS') | 2n, CPL: 0n })
}

function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
