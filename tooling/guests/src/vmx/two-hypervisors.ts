import { type Assembler, al, cr4, eax, ebx, ecx, edx, label, mem32, mem64, rax, rbx, rcx } from '@vmm/x86-assembler'
import type { CheckBuilder } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'
import { beginning, clear, secondStack, startSecond, turn } from '../kernel/second-processor.ts'
import { waitFor } from '../kernel/waiting.ts'
import { enterVmx, fillVmcs, type Guest, takeVmcs, vmread, vmwrite } from './hypervisor.ts'
import { vmx } from './instructions.ts'
import { VmxKernelBuilder } from './scene.ts'
import { vmxPlace } from './vmx-places.ts'

type Asm = Assembler
type Word = typeof turn
type Code = (a: Asm) => unknown

/** Registers of what VMX can do, and what a processor locks to let itself enter it. Source: SDM 3C 24.7, A.1. */
const [featureControl, basic, lockedOn, VMXE] = [0x3a, 0x480, 5, 0x2000] as const

/** A kernel whose checks have two hypervisors, each on a processor of its own. */
export function twoHypervisors(name: string): VmxKernelBuilder {
  const k = new VmxKernelBuilder(name, clear)
  const { a } = k.kernel
  beginning(a)
  const over = a.unique('over')
  a.jmp(over).label('second.enter').mov(ecx, featureControl).rdmsr().test(al, 1).jne('second.locked')
  a.mov(eax, lockedOn).xor(edx, edx).wrmsr().label('second.locked').mov(rax, cr4).or(eax, VMXE).mov(cr4, rax)
  a.mov(ecx, basic).rdmsr().and(eax, 0x7fff_ffff).mov(mem32(vmxPlace.secondRegion), eax)
  a.vmxon(mem64('second.region')).ret()
  a.align(8).label('second.region').dq(BigInt(vmxPlace.secondRegion))
  a.label('second.vmcs').dq(BigInt(vmxPlace.otherVmcs)).label(over)
  return k
}

/** The second one enters VMX operation. EAX, ECX and EDX change. */
export const secondEnters = (a: Asm): Asm => a.call('second.enter')
/** Whoever says so takes the VMCS that both use. */
export const take = (a: Asm): Asm => a.vmptrld(mem64('second.vmcs'))
/** Whoever says so gives it back. */
export const giveBack = (a: Asm): Asm => a.vmclear(mem64('second.vmcs'))

/** Where the current VMCS leaves to, and on which stack. RAX and RBX change. */
export function leavesTo(a: Asm, name: string, stack: number): Asm {
  vmwrite(a.mov(ebx, label(name)), 'HOST_RIP')
  return vmwrite(a.mov(ebx, stack), 'HOST_RSP')
}

/** What a guest of the second one has in its VMCS otherwise. */
const onSecond: NonNullable<Guest['fields']> = [
  ['HOST_RSP', BigInt(secondStack)],
  ['GUEST_RSP', BigInt(secondStack - 0x4000)],
  ['VIRTUAL_PROCESSOR_ID', 2n],
]

/** Where the first one's hypervisor has its stack. */
export const firstStack: number = place.stack

/** The guest goes on behind the instruction it has left for. RAX, RBX and RCX change. */
export function skip(a: Asm): Asm {
  vmread(a, 'VM_EXIT_INSTRUCTION_LEN').mov(rcx, rbx)
  vmread(a, 'GUEST_RIP').add(rbx, rcx)
  return vmwrite(a, 'GUEST_RIP')
}

/** Has a field of the current VMCS be seen in a word. RAX and RBX change. */
export const tell = (a: Asm, field: Parameters<typeof vmread>[1], word: Word): Asm => vmread(a, field).mov(word, ebx)

/** A guest's code, which nobody comes to by itself; VMCALL follows. */
export function guestCode(a: Asm, c: CheckBuilder, name: string, code: Code): Asm {
  const over = c.unique('over')
  a.jmp(over).label(name)
  void code(a)
  return vmx(a, 'vmcall').label(over)
}

/** Shows words that both see. RBX changes. */
export function show(a: Asm, c: CheckBuilder, ...words: readonly Word[]): void {
  for (const word of words) {
    a.mov(ebx, word)
    c.value(rbx)
  }
}

/** Both enter VMX operation; the VMCS of `take` is filled, and nobody's. It leaves to a label. */
export function prepare(a: Asm, c: CheckBuilder, { fields = [], ...guest }: Guest, code: Code, left: string): void {
  const entry = c.unique('guest')
  guestCode(a, c, entry, code)
  takeVmcs(enterVmx(a), vmxPlace.otherVmcs)
  fillVmcs(a, { ...guest, fields: [...onSecond, ...fields] }, entry, left)
  giveBack(a)
}

/** A guest of the second one. */
export interface Second extends Guest {
  readonly code: Code
  /** What its hypervisor does at the exit; then VMX operation is left. */
  readonly left: (a: Asm, again: () => Asm) => unknown
}

/** The second one runs a guest; it is in VMX operation when this is over. */
export function runSecond(a: Asm, c: CheckBuilder, { code, left, ...guest }: Second): void {
  const [exit, over] = [c.unique('exit'), c.unique('over')]
  prepare(a, c, guest, code, exit)
  startSecond(a, c, (b) => {
    vmx(take(secondEnters(b).mov(turn, 1)), 'vmlaunch').jmp(over)
    b.label(exit)
    left(b, () => vmx(b, 'vmresume').jmp(over))
    b.label(over).vmxoff()
  })
  waitFor(a, c, turn, 1)
}
