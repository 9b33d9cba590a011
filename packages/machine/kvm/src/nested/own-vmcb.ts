import type { KvmRegs, KvmSregs } from '@vmm/kvm-uapi'
import { type VmcbField, vmcbOf, vmcbReader } from '@vmm/nested-vmx'

const segments = { ES: 'es', CS: 'cs', SS: 'ss', DS: 'ds', FS: 'fs', GS: 'gs', LDTR: 'ldt', TR: 'tr' } as const

/** A segment in a VMCB: selector, attributes, limit and base. Source: APM 2 §15.5.1, Appendix B.2. */
function packed({ selector, base, limit, ...rest }: KvmSregs['cs']): bigint {
  const { type, s, dpl, present, avl, l, db, g } = rest
  const rights = type | (s << 4) | (dpl << 5) | (present << 7) | (avl << 8) | (l << 9) | (db << 10) | (g << 11)
  return BigInt(selector) | (BigInt(rights) << 16n) | (BigInt(limit) << 32n) | (base << 64n)
}

/** A processor's own state in the form of a VMCB's save area. */
export function ownVmcb(sregs: KvmSregs, { rip, rsp, rax, rflags }: KvmRegs): Uint8Array {
  const values = Object.entries(segments).map(([field, name]) => [field as VmcbField, packed(sregs[name])] as const)
  const table = ({ base, limit }: KvmSregs['gdt']): bigint => (BigInt(limit) << 32n) | (base << 64n)
  const { cr0, cr2, cr3, cr4, efer, gdt, idt } = sregs
  const named = { GDTR: table(gdt), IDTR: table(idt), CR0: cr0, CR2: cr2, CR3: cr3, CR4: cr4, EFER: efer } as const
  return vmcbOf({ ...Object.fromEntries(values), ...named, RIP: rip, RSP: rsp, RAX: rax, RFLAGS: rflags })
}

function unpacked(value: bigint): KvmSregs['cs'] {
  const rights = (value >> 16n) & 0xfffn
  const flag = (bit: number): number => Number((rights >> BigInt(bit)) & 1n)
  const place = { selector: Number(value & 0xffffn), base: value >> 64n, limit: Number((value >> 32n) & 0xffff_ffffn) }
  const kind = { type: Number(rights & 15n), s: flag(4), dpl: Number((rights >> 5n) & 3n), present: flag(7) }
  return { ...place, ...kind, avl: flag(8), l: flag(9), db: flag(10), g: flag(11), unusable: 1 - flag(7) }
}

/** Segments and tables of a hypervisor whose state is in the place of a VMCB's save area. */
export function hypervisorSegments(vmcb: Uint8Array): Pick<KvmSregs, 'es' | 'cs' | 'ss' | 'ds' | 'gdt' | 'idt'> {
  const read = vmcbReader(vmcb)
  const table = (value: bigint): KvmSregs['gdt'] => ({ base: value >> 64n, limit: Number((value >> 32n) & 0xffffn) })
  return {
    es: unpacked(read('ES')),
    cs: unpacked(read('CS')),
    ss: unpacked(read('SS')),
    ds: unpacked(read('DS')),
    gdt: table(read('GDTR')),
    idt: table(read('IDTR')),
  }
}
