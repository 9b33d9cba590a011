import { type Assembler, mem64, mem128, rax, rbx } from '@vmm/x86-assembler'

/** Instructions of VMX with the registers that everything here uses: addresses are at RAX, fields in RAX and values in RBX. */
const instructions = {
  /** The region whose address is at RAX. */
  vmxon: (a) => a.vmxon(mem64(rax)),
  vmclear: (a) => a.vmclear(mem64(rax)),
  vmptrld: (a) => a.vmptrld(mem64(rax)),
  vmptrst: (a) => a.vmptrst(mem64(rax)),
  /** RBX := the field that RAX names. */
  vmread: (a) => a.vmread(rbx, rax),
  /** The field that RAX names := RBX. */
  vmwrite: (a) => a.vmwrite(rax, rbx),
  vmlaunch: (a) => a.vmlaunch(),
  vmresume: (a) => a.vmresume(),
  vmxoff: (a) => a.vmxoff(),
  vmcall: (a) => a.vmcall(),
  vmfunc: (a) => a.vmfunc(),
  /** Of the type in RAX, with the descriptor at RBX. */
  invept: (a) => a.invept(rax, mem128(rbx)),
  invvpid: (a) => a.invvpid(rax, mem128(rbx)),
} as const satisfies Readonly<Record<string, (a: Assembler) => Assembler>>

/** The name of an instruction of VMX. */
export type VmxInstruction = keyof typeof instructions

/** Appends an instruction of VMX. */
export const vmx = (a: Assembler, name: VmxInstruction): Assembler => instructions[name](a)
