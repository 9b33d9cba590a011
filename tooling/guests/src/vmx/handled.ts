import { type Assembler, ax, eax, label, mem, mem32, rbx } from '@vmm/x86-assembler'
import { selector } from '../kernel/places.ts'
import type { Fields } from './guest-state.ts'
import { vmx } from './instructions.ts'
import type { Scene, VmxKernelBuilder } from './scene.ts'
import { vmxPlace } from './vmx-places.ts'

type Code = (a: Assembler) => Assembler

/** The guest has a table of its own, of which `gate` makes entries. */
export const ownTable: Fields = [
  ['GUEST_IDTR_BASE', BigInt(vmxPlace.idt)],
  ['GUEST_IDTR_LIMIT', 0xfffn],
]

/** Has a vector of the guest's own table lead to a label. EAX changes. */
export function gate(a: Assembler, vector: number, to: string): Assembler {
  const at = vmxPlace.idt + vector * 16
  a.mov(eax, label(to))
    .mov(mem({ displacement: at }), ax)
    .mov(mem32(at + 2), selector.code)
  return a
    .mov(mem32(at + 4), 0x8e00)
    .shr(eax, 16)
    .mov(mem({ displacement: at + 6 }), ax)
}

/** A guest with a handler of one vector, at a label that no other check has. */
export function handled(k: VmxKernelBuilder, vector: number, handler: Code, code: Code, scene: Scene = {}): Scene {
  const name = k.kernel.a.unique('handler')
  return {
    ...scene,
    fields: [...ownTable, ...(scene.fields ?? [])],
    before: (a) => {
      gate(a, vector, name)
      scene.before?.(a)
    },
    code: (a) => {
      const over = a.unique('over')
      code(a).jmp(over).label(name)
      vmx(handler(a), 'vmcall').label(over)
    },
    after: scene.after ?? ((_, c) => c.value(rbx)),
  }
}
