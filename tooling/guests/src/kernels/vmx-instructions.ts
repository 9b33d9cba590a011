import { type Assembler, ax, cr4, eax, ebx, ecx, mem32, rax, rbx, rcx, ss } from '@vmm/x86-assembler'
import type { CheckBuilder, Kernel } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'
import { enterVmx, fillVmcs, pointer, takeVmcs, vmread } from '../vmx/hypervisor.ts'
import { type VmxInstruction, vmx } from '../vmx/instructions.ts'
import { VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => unknown
type Body = (a: Assembler, c: CheckBuilder) => unknown

/** What an instruction says of itself: CF and ZF, and the number of the error where there is a current VMCS. Source: SDM 3C 31.2. */
function said(a: Assembler, c: CheckBuilder): void {
  a.pushfq().pop(rcx).and(ecx, 0x41)
  c.value(rcx)
  vmread(a.xor(ebx, ebx), 'VM_INSTRUCTION_ERROR')
  c.value(rbx)
}

/** VMsucceed, VMfailInvalid, VMfailValid. */
const succeeds = 'ok 0 0'
const failsInvalid = 'ok 1 0'
const failsWith = (error: number): string => `ok 40 ${error.toString(16)}`

const withVmcs: Code = (a) => takeVmcs(enterVmx(a))
/** A VMCS with a guest that says VMCALL at once: where it has been launched, this is where its exit leads. */
const withGuest = (a: Assembler, c: CheckBuilder): Assembler => {
  const [guest, begin] = [c.unique('guest'), c.unique('begin')]
  withVmcs(a)
  fillVmcs(a, {}, guest, begin)
  a.jmp(begin).label(guest)
  return vmx(a, 'vmcall').label(begin)
}
const otherRegion =
  (revision: number): Code =>
  (a) =>
    a.mov(mem32(vmxPlace.otherVmcs), revision)
const field =
  (encoding: number): Code =>
  (a) =>
    a.mov(eax, encoding).xor(ebx, ebx)
const descriptor =
  (first: number, second: number): Code =>
  (a) => {
    for (let at = 0; at < 16; at += 4) a.mov(mem32(place.scratch + at), 0)
    return a
      .mov(mem32(place.scratch), first)
      .mov(mem32(place.scratch + 8), second)
      .mov(ebx, place.scratch)
  }

/** Outside VMX operation. Source: SDM 3C 24.7, 31.3. */
function outside(k: VmxKernelBuilder): void {
  const { kernel } = k
  const names: readonly VmxInstruction[] = [
    'vmclear',
    'vmptrld',
    'vmptrst',
    'vmread',
    'vmwrite',
    'vmlaunch',
    'vmresume',
    'vmxoff',
    'vmcall',
    'invept',
    'invvpid',
  ]
  for (const name of names)
    kernel.check(`${name.toUpperCase()} outside VMX operation`, '#UD', (a) =>
      vmx(a.mov(eax, place.scratch).mov(ebx, place.scratch), name),
    )
  kernel.check('VMXON without CR4.VMXE', '#UD', (a) => vmx(pointer(a, vmxPlace.region), 'vmxon'))
  kernel.check('VMXON at CPL 3', '#GP(0)', (a, c) => {
    enterVmx(a).call('vmx.leave')
    c.user((u) => vmx(u.mov(eax, vmxPlace.pointer), 'vmxon'))
  })
  const on = (name: string, expected: string, region: number | bigint, revision: number | undefined) =>
    kernel.check(name, expected, (a, c) => {
      enterVmx(a).call('vmx.leave')
      if (revision !== undefined) a.mov(mem32(vmxPlace.region), revision)
      vmx(pointer(a, region), 'vmxon')
      a.pushfq().pop(rcx).and(ecx, 0x41)
      c.value(rcx)
    })
  on('VMXON of a region with another revision', 'ok 1', vmxPlace.region, 0x7fff_fffe)
  on('VMXON of a region on no page', 'ok 1', vmxPlace.region + 8, undefined)
  on('VMXON of an address that is too wide', 'ok 1', 1n << 52n, undefined)
}

/** Pointers to regions. Source: SDM 3C 31.3, VMCLEAR, VMPTRLD, VMPTRST, VMXON. */
function pointers(k: VmxKernelBuilder): void {
  const with_ = (name: string, expected: string, before: Code, region: number | bigint, instruction: VmxInstruction) =>
    k.kernel.check(name, expected, (a, c) => {
      before(a)
      said(vmx(pointer(a, region), instruction), c)
    })
  with_('VMXON in VMX operation', failsWith(15), withVmcs, vmxPlace.region, 'vmxon')
  with_('VMXON in VMX operation without a VMCS', failsInvalid, enterVmx, vmxPlace.region, 'vmxon')
  with_('VMCLEAR on no page', failsWith(2), withVmcs, vmxPlace.vmcs + 8, 'vmclear')
  with_('VMCLEAR of an address that is too wide', failsWith(2), withVmcs, 1n << 52n, 'vmclear')
  with_('VMCLEAR of the VMXON region', failsWith(3), withVmcs, vmxPlace.region, 'vmclear')
  with_('VMCLEAR of the current VMCS leaves none', succeeds, withVmcs, vmxPlace.vmcs, 'vmclear')
  with_('VMPTRLD on no page', failsWith(9), withVmcs, vmxPlace.vmcs + 8, 'vmptrld')
  with_('VMPTRLD of the VMXON region', failsWith(10), withVmcs, vmxPlace.region, 'vmptrld')
  const other: Code = (a) => otherRegion(0x7fff_fffe)(withVmcs(a) as Assembler)
  with_('VMPTRLD of another revision', failsWith(11), other, vmxPlace.otherVmcs, 'vmptrld')
  with_('VMPTRLD without a VMCS that fails', failsInvalid, enterVmx, vmxPlace.vmcs + 8, 'vmptrld')
  k.kernel.check('VMPTRST tells the current VMCS', `ok ${vmxPlace.vmcs.toString(16)}`, (a, c) => {
    withVmcs(a)
    vmx(a.mov(eax, place.scratch), 'vmptrst').mov(eax, mem32(place.scratch))
    c.value(rax)
  })
  k.kernel.check('VMPTRST without one tells that', 'ok ffffffff', (a, c) => {
    enterVmx(a)
    vmx(a.mov(eax, place.scratch), 'vmptrst').mov(eax, mem32(place.scratch))
    c.value(rax)
  })
}

/** VMREAD and VMWRITE, and entries that are none. Source: SDM 3C 31.3, 31.4. */
function fields(k: VmxKernelBuilder): void {
  const with_ = (name: string, expected: string, before: Body, instruction: VmxInstruction) =>
    k.kernel.check(name, expected, (a, c) => {
      before(a, c)
      said(vmx(a, instruction), c)
    })
  const inVmcs =
    (code: Code): Body =>
    (a) =>
      code(withVmcs(a) as Assembler)
  with_('VMREAD of a field that there is not', failsWith(12), inVmcs(field(0x7ffe)), 'vmread')
  with_('VMWRITE of a field that there is not', failsWith(12), inVmcs(field(0x7ffe)), 'vmwrite')
  with_(
    'VMREAD of an encoding above 32 bits',
    failsWith(12),
    inVmcs((a) => a.mov(rax, 0x1_0000_6800n)),
    'vmread',
  )
  with_('VMREAD without a VMCS', failsInvalid, (a) => field(0x6800)(enterVmx(a)), 'vmread')
  with_('VMWRITE without a VMCS', failsInvalid, (a) => field(0x6800)(enterVmx(a)), 'vmwrite')
  with_('VMLAUNCH without a VMCS', failsInvalid, (a) => enterVmx(a), 'vmlaunch')
  with_('VMRESUME of a VMCS that has not been launched', failsWith(5), withGuest, 'vmresume')
  with_(
    'VMLAUNCH of a VMCS that has been launched',
    failsWith(4),
    (a, c) => vmx(withGuest(a, c), 'vmlaunch'),
    'vmlaunch',
  )
  with_(
    'VMLAUNCH while MOV SS blocks',
    failsWith(26),
    (a, c) => {
      withGuest(a, c)
      a.mov(eax, 0x10).mov(ss, ax)
    },
    'vmlaunch',
  )
  with_(
    'INVEPT of a type that there is not',
    failsWith(28),
    inVmcs((a) => field(4)(descriptor(0, 0)(a) as Assembler)),
    'invept',
  )
  written(k)
}

function written(k: VmxKernelBuilder): void {
  k.kernel.check('a field of 16 bits takes as many', 'ok 5678', (a, c) => {
    withVmcs(a)
    vmx(a.mov(ebx, 0x1234_5678).mov(eax, 0x0800), 'vmwrite')
    vmx(a.xor(ebx, ebx).mov(eax, 0x0800), 'vmread')
    c.value(rbx)
  })
  k.kernel.check('the upper half of a field of 64 bits has an encoding of its own', 'ok 1234567800000000', (a, c) => {
    withVmcs(a)
    vmx(a.xor(ebx, ebx).mov(eax, 0x2010), 'vmwrite')
    vmx(a.mov(ebx, 0x1234_5678).mov(eax, 0x2011), 'vmwrite')
    vmx(a.mov(eax, 0x2010), 'vmread')
    c.value(rbx)
  })
  const faulting = (name: string, expected: string, code: Code) =>
    k.kernel.check(name, expected, (a) => code(withVmcs(a) as Assembler))
  faulting('CR4.VMXE stays set in VMX operation', '#GP(0)', (a) => a.mov(rax, cr4).and(eax, ~0x2000).mov(cr4, rax))
  faulting('an operand on a page that is missing', '#PF(0)', (a) => vmx(a.mov(rax, 0x80_0000_0000n), 'vmptrld'))
  faulting('VMPTRST to a page that is missing', '#PF(2)', (a) => vmx(a.mov(rax, 0x80_0000_0000n), 'vmptrst'))
}

/** The instructions of VMX outside and in VMX operation: what faults, what fails, and in which order. */
export function vmxInstructions(): Kernel {
  const k = new VmxKernelBuilder('vmxInstructions')
  outside(k)
  pointers(k)
  fields(k)
  return k.kernel.finish()
}
