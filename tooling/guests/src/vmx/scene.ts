import { type Assembler, eax, ebx, ecx, label, mem, mem32, rax, rbx, rcx } from '@vmm/x86-assembler'
import { type CheckBuilder, KernelBuilder } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'
import type { Field } from './guest-state.ts'
import { buildEpt, enterVmx, fillVmcs, type Guest, takeVmcs, vmread, vmwrite, vmxRoutines } from './hypervisor.ts'
import { vmx } from './instructions.ts'
import { vmxPlace } from './vmx-places.ts'

/** A guest with its code, and what the hypervisor does around it. */
export interface Scene extends Guest {
  /** What the guest does; VMCALL follows. */
  readonly code?: (a: Assembler) => unknown
  /** What the hypervisor does before it enters the guest. */
  readonly before?: (a: Assembler) => unknown
  /** What it does at each exit but the last; then the guest goes on behind its instruction, or where it was. */
  readonly again?: readonly { readonly skip: boolean; readonly does: (a: Assembler) => unknown }[]
  /** Fields that are shown beside the reason of the last exit; its qualification unless told. */
  readonly show?: readonly Field[]
  /** Bits of such fields that are shown, where others depend on the processor. */
  readonly only?: Readonly<Partial<Record<Field, number>>>
  /** Bits of a capability MSR's low half that the processor must have for it. */
  readonly tells?: readonly [msr: number, bits: number]
  /** Registers of the guest that are shown at its last exit: what is left of them in memory is the guest's business. */
  readonly after?: (a: Assembler, check: CheckBuilder) => unknown
}

/** What is shown where an instruction failed instead of entering the guest: this, and the number of the error. */
const failed = 0xbad
/** What is shown where the processor does not have a control that was wanted. */
const lacks = 0xdead

/** Builds kernels whose checks run guests of their own. */
export class VmxKernelBuilder {
  readonly kernel: KernelBuilder

  /** `last`: what a check begins with beside extended page tables. */
  constructor(name: string, last: (a: Assembler) => unknown = () => {}) {
    this.kernel = new KernelBuilder(name, 64, {
      first: (a) => a.call('vmx.leave'),
      last: (a) => void last(buildEpt(a)),
    })
    const { a } = this.kernel
    const over = a.unique('over')
    a.mov(mem32(vmxPlace.isOn), 0).jmp(over)
    vmxRoutines(a)
    a.label(over)
  }

  /** A check whose line is the exit's reason, and the fields that are shown, in hexadecimal. */
  check(name: string, expected: string, scene: Scene): this {
    this.kernel.check(name, `ok ${expected}`, (a, c) => play(a, c, scene))
    return this
  }
}

type Names = [guest: string, fails: string, absent: string, done: string]

function play(a: Assembler, c: CheckBuilder, scene: Scene): void {
  const { again = [], show = ['EXIT_QUALIFICATION'], code = (g: Assembler) => g } = scene
  const [guest, fails, absent, done] = ['guest', 'fails', 'absent', 'done'].map((name) => c.unique(name)) as Names
  const exits = [...again, undefined].map(() => c.unique('exit'))
  enterVmx(a)
  takeVmcs(a)
  a.mov(mem32(vmxPlace.lacks), 0)
  if (scene.tells !== undefined) look(a, scene.tells)
  fillVmcs(a, scene, guest, exits[0]!)
  a.cmp(mem32(vmxPlace.lacks), 0).jne(absent)
  scene.before?.(a)
  vmx(a, 'vmlaunch').jmp(fails)
  again.forEach(({ skip, does }, index) => {
    a.label(exits[index]!)
    does(a)
    if (skip) skipInstruction(a)
    vmwrite(a.mov(ebx, label(exits[index + 1]!)), 'HOST_RIP')
    vmx(a, 'vmresume').jmp(fails)
  })
  a.label(exits.at(-1)!)
  scene.after?.(a, c)
  for (const field of ['VM_EXIT_REASON', ...show] as const) {
    vmread(a, field)
    const bits = scene.only?.[field]
    if (bits !== undefined) a.and(ebx, bits)
    c.value(rbx)
  }
  a.jmp(done).label(fails)
  showFailure(a)
  a.jmp(done).label(absent)
  showOnly(a, lacks)
  a.jmp(done).label(guest)
  a.bits(codeSizes[scene.mode ?? 'wide'])
  code(a)
  // whoever comes this far is seen
  vmx(a, 'vmcall').bits(64).label(done)
}

/** Capabilities that are missing count as a control that is. EAX, ECX and EDX change. */
function look(a: Assembler, [msr, bits]: readonly [msr: number, bits: number]): void {
  a.mov(ecx, msr).rdmsr().not(eax).and(eax, bits).or(mem32(vmxPlace.lacks), eax)
}

const codeSizes = { wide: 64, paged: 32, flat: 32, real: 16 } as const

/** The guest goes on behind what it has exited for. RAX, RBX and RCX change. */
function skipInstruction(a: Assembler): void {
  vmread(a, 'VM_EXIT_INSTRUCTION_LEN').mov(rcx, rbx)
  vmread(a, 'GUEST_RIP').add(rbx, rcx)
  vmwrite(a, 'GUEST_RIP')
}

/** Has a word be shown, and zeros behind it. RAX changes. */
function showOnly(a: Assembler, word: number): void {
  a.mov(eax, word)
    .mov(mem({ displacement: place.values }), rax)
    .xor(eax, eax)
  for (const slot of [1, 2, 3]) a.mov(mem({ displacement: place.values + slot * 8 }), rax)
}

/** VMfailValid has a number of an error, VMfailInvalid none. Source: SDM 3C 31.2, 31.4. */
function showFailure(a: Assembler): void {
  const invalid = a.unique('invalid')
  a.mov(ebx, 0).jb(invalid)
  vmread(a, 'VM_INSTRUCTION_ERROR').label(invalid)
  showOnly(a, failed)
  a.mov(mem({ displacement: place.values + 8 }), rbx)
}
