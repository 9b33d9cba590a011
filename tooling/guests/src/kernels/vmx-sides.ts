import { pinControls, primaryControls, secondaryControls } from '@vmm/nested-vmx'
import {
  type Assembler,
  al,
  ax,
  cr0,
  cr3,
  cr4,
  cr8,
  dr6,
  dr7,
  eax,
  ebx,
  ecx,
  edx,
  mem,
  mem8,
  mem16,
  mem32,
  r15d,
  rax,
  rbx,
  rcx,
  rdx,
} from '@vmm/x86-assembler'
import { apic, EOI, enable, ICR } from '../kernel/interrupting.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'
import type { Field, Fields } from '../vmx/guest-state.ts'
import { handled } from '../vmx/handled.ts'
import { enterVmx } from '../vmx/hypervisor.ts'
import { vmx } from '../vmx/instructions.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => Assembler

const IA32_XSS = 0xda0
/** State of shadow stacks that users have, which a processor with IA32_XSS may have. Source: SDM 1 13.1. */
const CET_U = 0x800
const [EFER, SYSENTER_CS] = [0xc000_0080, 0x174]
/** CR4 of a 64-bit guest, with OSXSAVE and OSFXSR. */
const withXsave: Fields = [['GUEST_CR4', 0x4_2620n]]
const { primary, secondary } = { primary: primaryControls, secondary: secondaryControls }

/** Descriptor tables, and XSAVES with a component that L1 wants to see. Source: SDM 3C 26.1.3, 28.2.1, 28.2.5. */
function leaves(k: VmxKernelBuilder): void {
  const tables = (name: string, expected: string, code: Code) =>
    k.check(name, expected, { controls: { secondary: secondary.DESCRIPTOR_TABLE_EXITING }, code })
  const scratch = mem({ base: rbx, displacement: 8 })
  tables('LGDT leaves', '2e 8', (a) => a.mov(ebx, place.scratch).lgdt(scratch))
  tables('LIDT leaves', '2e 8', (a) => a.mov(ebx, place.scratch).lidt(scratch))
  tables('SIDT leaves', '2e 8', (a) => a.mov(ebx, place.scratch).sidt(scratch))
  tables('LLDT leaves', '2f 0', (a) => a.xor(eax, eax).lldt(ax))
  tables('LTR leaves, before its descriptor is looked at', '2f 0', (a) => a.xor(eax, eax).ltr(ax))
  tables('STR leaves', '2f 8', (a) => a.mov(ebx, place.scratch).str(mem16({ base: rbx, displacement: 8 })))
  components(k)
}

const area = { base: rbx, displacement: 0 }
const asked =
  (components: number, code: Code): Code =>
  (a) =>
    code(a.mov(ebx, vmxPlace.fine).mov(eax, components).xor(edx, edx))
const xsaves: Code = (a) => a.xsaves(mem8(area))
const xrstors: Code = (a) => a.xrstors(mem8(area))

/** XSAVES and XRSTORS of a component that IA32_XSS has, with a bitmap. */
function components(k: VmxKernelBuilder): void {
  const component = (name: string, expected: string, bitmap: number, code: Code, has = CET_U) =>
    k.check(name, expected, {
      controls: { secondary: secondary.XSAVES },
      fields: [...withXsave, ['XSS_EXIT_BITMAP', BigInt(bitmap)]],
      before: (a) => {
        writeXss(a, has)
        // an area whose header says that it is compacted, and has nothing
        clear(a, vmxPlace.fine + 512, 16)
        a.mov(mem32(vmxPlace.fine + 512 + 12), 0x8000_0000)
      },
      code,
      after: (a) => void writeXss(a, 0),
    })
  component('XSAVES of a component that L1 wants to see leaves', '3f 0', CET_U, asked(CET_U, xsaves))
  component('XSAVES of it does not where the bitmap has it clear', '12 0', CET_U << 1, asked(CET_U, xsaves))
  component('XSAVES of it does not where IA32_XSS has it clear', '12 0', CET_U, asked(CET_U, xsaves), 0)
  component('XSAVES of others does not', '12 0', CET_U, asked(3, xsaves))
  component('XRSTORS of a component that L1 wants to see leaves', '40 0', CET_U, asked(CET_U, xrstors))
  component('XRSTORS of it does not where the bitmap has it clear', '12 0', CET_U << 1, asked(CET_U, xrstors))
}

const writeXss = (a: Assembler, value: number): Assembler => a.mov(ecx, IA32_XSS).xor(edx, edx).mov(eax, value).wrmsr()

function clear(a: Assembler, at: number, words: number): void {
  for (let word = 0; word < words; word += 1) a.mov(mem32(at + word * 4), 0)
}

/** What leaves with a control, without it: whoever comes this far executes VMCALL. Source: SDM 3C 26.1.3. */
function stays(k: VmxKernelBuilder): void {
  const stay = (name: string, code: Code, scene: Scene = {}) =>
    k.check(`${name} does not leave without its control`, '12 0', { code, ...scene })
  const scratch: Code = (a) => a.mov(ebx, place.scratch)
  k.check('HLT does not leave without its control', '34 1', {
    controls: { pin: pinControls.PREEMPTION_TIMER },
    fields: [['VMX_PREEMPTION_TIMER_VALUE', 0x1000n]],
    code: (a) => a.hlt(),
    show: ['GUEST_ACTIVITY_STATE'],
  })
  stay('INVLPG', (a) => a.mov(ebx, vmxPlace.fine).invlpg(mem8(rbx)))
  stay('RDTSC', (a) => a.rdtsc())
  stay('MONITOR', (a) => a.mov(eax, place.scratch).xor(ecx, ecx).xor(edx, edx).monitor())
  stay('MWAIT', (a) => a.xor(ecx, ecx).xor(eax, eax).mwait())
  stay('PAUSE', (a) => a.pause())
  stay('RDTSCP', (a) => a.rdtscp(), { controls: { secondary: secondary.RDTSCP } })
  stay('WBINVD', (a) => a.wbinvd())
  stay('RDRAND', (a) => a.rdrand(eax))
  stay('RDSEED', (a) => a.rdseed(eax))
  stay('SLDT', (a) => a.sldt(eax))
  stay('SGDT', (a) => scratch(a).sgdt(mem(area)))
  stay('INVPCID', (a) => invpcid(scratch(a)), { controls: { secondary: secondary.INVPCID } })
  stay('MOV from CR3', (a) => a.mov(rcx, cr3))
  stay('MOV to CR3', (a) => a.mov(edx, place.pageTables).mov(cr3, rdx))
  stay('MOV from CR8', (a) => a.mov(rcx, cr8))
  stay('MOV to CR8', (a) => a.xor(ebx, ebx).mov(cr8, rbx))
  stay('MOV to DR7', (a) => a.mov(ebx, 0x400).mov(dr7, rbx))
  stay('MOV from DR6', (a) => a.mov(rbx, dr6))
  stay('OUT', (a) => a.out(0x80, al))
  stay('a load from where an APIC-access page could be', (a) => a.mov(ebx, vmxPlace.apicAccess).mov(eax, mem32(area)))
  stay('RDPMC', (a) => a.xor(ecx, ecx).rdpmc())
  matches(k)
}

/** Descriptor of what INVPCID invalidates: everything. */
const invpcid: Code = (a) => {
  clear(a, place.scratch, 4)
  return a.mov(eax, 2).invpcid(rax, mem(area))
}

/** Masks and bitmaps that let through. Source: SDM 3C 26.1.3. */
function matches(k: VmxKernelBuilder): void {
  const masked: Fields = [
    ['CR0_GUEST_HOST_MASK', 8n],
    ['CR0_READ_SHADOW', 0n],
    ['CR4_GUEST_HOST_MASK', 4n],
    ['CR4_READ_SHADOW', 0n],
  ]
  const through = (name: string, code: Code) => k.check(name, '12 0', { code, fields: masked })
  through('a masked bit of CR0 that is as its shadow', (a) => a.mov(rbx, cr0).mov(cr0, rbx))
  through('a masked bit of CR4 that is as its shadow', (a) => a.mov(rbx, cr4).mov(cr4, rbx))
  through('CLTS of a masked bit whose shadow is clear', (a) => a.clts())
  const bitmaps = (name: string, code: Code) =>
    k.check(name, '12 0', { controls: { primary: primary.USE_MSR_BITMAPS }, code })
  bitmaps('RDMSR whose bit is clear does not leave', (a) => a.mov(ecx, EFER).rdmsr())
  bitmaps('WRMSR whose bit is clear does not leave', (a) => a.mov(ecx, SYSENTER_CS).xor(eax, eax).xor(edx, edx).wrmsr())
}

/** Events that are L2's own. Source: SDM 3C 26.2, 26.5. */
function events(k: VmxKernelBuilder): void {
  const other: Fields = [['EXCEPTION_BITMAP', 0xffff_ffbfn]]
  k.check(
    'an exception that the bitmap leaves out is delivered',
    '6 12 3',
    handled(
      k,
      6,
      (a) => a.mov(ebx, 6),
      (a) => a.ud2(),
      { fields: other, show: ['VM_EXIT_INSTRUCTION_LEN'] },
    ),
  )
  sent(k, 'an interrupt is delivered without the control', '30 12 0', 0x30, 0x4_0030)
  sent(k, 'an NMI is delivered without the control', '2 12 0', 2, 0x4400)
  const closed = (name: string, scene: Scene) => k.check(name, '12 0', scene)
  closed('the interrupt window is closed with IF clear', { controls: { primary: primary.INTERRUPT_WINDOW_EXITING } })
  closed('the NMI window is closed while NMIs are blocked', {
    controls: {
      pin: pinControls.NMI_EXITING | pinControls.VIRTUAL_NMIS,
      primary: primary.NMI_WINDOW_EXITING,
    },
    fields: [['GUEST_INTERRUPTIBILITY_INFO', 8n]],
  })
  closed('a preemption timer that is not over', {
    controls: { pin: pinControls.PREEMPTION_TIMER },
    fields: [['VMX_PREEMPTION_TIMER_VALUE', 0xffff_ffffn]],
  })
  k.check('no monitor trap comes without the control', '3 12 0', {
    before: (a) => a.xor(ebx, ebx),
    code: (a) => a.inc(ebx).inc(ebx).inc(ebx),
    after: (_, c) => c.value(rbx),
  })
}

/** A guest that is sent an event by its own processor, with a handler of it. */
function sent(k: VmxKernelBuilder, name: string, expected: string, vector: number, command: number): void {
  const show: readonly Field[] = ['EXIT_QUALIFICATION']
  k.check(
    name,
    expected,
    handled(
      k,
      vector,
      (a) => a.mov(ebx, vector).mov(r15d, 0xfee0_0000).mov(apic(EOI), 0),
      (a) => waits(a.mov(r15d, 0xfee0_0000).mov(apic(0x310), 0).mov(apic(ICR), command).sti()),
      { before: (a) => void enable(a.mov(r15d, 0xfee0_0000)), show },
    ),
  )
}

/** It comes while this goes on, or never. */
function waits(a: Assembler): Assembler {
  const again = a.unique('again')
  return a.mov(ecx, 100_000).label(again).pause().dec(ecx).jne(again)
}

/** What always leaves L2 does not leave L1. Source: SDM 3C 26.1.2. */
function root(k: VmxKernelBuilder): void {
  const inRoot = (name: string, expected: string, code: Code, more: (a: Assembler) => Assembler = (a) => a) =>
    k.kernel.check(`${name} in root operation`, expected, (a, c) => {
      enterVmx(a)
      code(a)
      more(a)
      c.value(rbx)
    })
  inRoot('CPUID', 'ok 756e6547', (a) => a.xor(eax, eax).cpuid())
  inRoot('INVD', 'ok 5', (a) => a.mov(ebx, 5).invd())
  inRoot(
    'XSETBV',
    'ok 3',
    (a) => a.mov(rax, cr4).or(eax, 0x4_0000).mov(cr4, rax),
    (a) => a.mov(eax, 3).xor(edx, edx).xor(ecx, ecx).xsetbv().xgetbv().mov(ebx, eax),
  )
  k.kernel.check('VMCALL in root operation fails', 'ok 1', (a, c) => {
    enterVmx(a)
    vmx(a, 'vmcall').setc(al)
    a.and(eax, 1).mov(ebx, eax)
    c.value(rbx)
  })
}

/** Exits from their other side: what decides whether they happen, on and off. */
export function vmxSides(): Kernel {
  const k = new VmxKernelBuilder('vmxSides')
  leaves(k)
  stays(k)
  events(k)
  root(k)
  return k.kernel.finish()
}
