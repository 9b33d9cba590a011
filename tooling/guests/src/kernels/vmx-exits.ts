import { exitControls, pinControls, primaryControls, secondaryControls } from '@vmm/nested-vmx'
import {
  type Assembler,
  al,
  ax,
  bx,
  cr0,
  cr3,
  cr4,
  cr8,
  dr6,
  dr7,
  ds,
  dx,
  eax,
  ebx,
  ecx,
  edx,
  far,
  mem,
  mem8,
  mem32,
  rax,
  rbx,
  rcx,
  rdx,
} from '@vmm/x86-assembler'
import { segment, segmentType } from '../kernel/descriptor.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'
import type { Field } from '../vmx/guest-state.ts'
import { type VmxInstruction, vmx } from '../vmx/instructions.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => unknown

/** Interruption information, in words of it. Source: SDM 3C 25.9.2, Table 25-17. */
const info: readonly Field[] = ['VM_EXIT_INTR_INFO']
const infoAndError: readonly Field[] = ['VM_EXIT_INTR_INFO', 'VM_EXIT_INTR_ERROR_CODE', 'EXIT_QUALIFICATION']
/** Nothing is mapped there. */
const unmapped = 0x80_0000_0000n
/** The local APIC's registers: spurious-interrupt vector, end of interrupt, interrupt command. Source: SDM 3A 11.4.1. */
const apic = { spurious: 0xfee0_00f0, end: 0xfee0_00b0, command: 0xfee0_0300, destination: 0xfee0_0310 } as const
const apicWord = (at: number) => mem32({ base: rbx, displacement: at - 0xfee0_0000 })
const apicBase: Code = (a) => a.mov(ebx, 0xfee0_0000)

/** Exceptions and interrupts. Source: SDM 3C 26.2, 28.2. */
function events(k: VmxKernelBuilder): void {
  const event = (name: string, expected: string, code: Code, scene: Scene = {}) =>
    k.check(name, expected, { code, show: info, ...scene })
  event('#UD', '0 80000306', (a) => a.ud2())
  event('#DE', '0 80000300', (a) => a.xor(ecx, ecx).div(ecx))
  event('INT3 is a software exception', '0 80000603 1', (a) => a.int3(), {
    show: [...info, 'VM_EXIT_INSTRUCTION_LEN'],
  })
  event('INTO is one, too', '0 80000604', (a) => a.mov(al, 0x7f).add(al, 1).into(), { mode: 'flat' })
  event('INT1 is a privileged software exception', '0 80000501', (a) => a.int1())
  event('#GP and its error code', '0 80000b0d 1230 0', (a) => a.mov(eax, 0x1230).mov(ds, ax), { show: infoAndError })
  event('#PF and its address', '0 80000b0e 2 8000000000', (a) => a.mov(rax, unmapped).mov(mem32(rax), eax), {
    show: infoAndError,
  })
  event('a #PF that the bitmap leaves out, and whose error code does not match', '0 80000b0e', readUnmapped, {
    fields: [
      ['EXCEPTION_BITMAP', 0xffff_bfffn],
      ['PAGE_FAULT_ERROR_CODE_MASK', 2n],
      ['PAGE_FAULT_ERROR_CODE_MATCH', 2n],
    ],
  })
  event('a single step says so in the qualification', '0 80000301 4000', (a) => a.nop().nop(), {
    fields: [['GUEST_RFLAGS', 0x102n]],
    show: [...info, 'EXIT_QUALIFICATION'],
  })
  event(
    'an NMI',
    '0 80000202',
    (a) => {
      apicBase(a)
      a.mov(apicWord(apic.destination), 0).mov(apicWord(apic.command), 0x4400).label('nmi.wait').pause().jmp('nmi.wait')
    },
    { controls: { pin: pinControls.NMI_EXITING }, before: apicOn },
  )
  event('an interrupt that is acknowledged', '1 80000030', (a) => a.hlt(), {
    fields: [['GUEST_RFLAGS', 0x202n]],
    controls: { pin: pinControls.EXTERNAL_INTERRUPT_EXITING, exit: exitControls.ACKNOWLEDGE_INTERRUPT },
    before: (a) => {
      apicOn(a)
      a.mov(apicWord(apic.command), 0x4_0030)
    },
    after: (a) => {
      apicBase(a)
      a.mov(apicWord(apic.end), 0)
    },
  })
  k.check('a fault while an event is delivered', '0 80000b0d 33 80000306', {
    fields: [['VM_ENTRY_INTR_INFO_FIELD', 0x8000_0306n]],
    show: ['VM_EXIT_INTR_INFO', 'VM_EXIT_INTR_ERROR_CODE', 'IDT_VECTORING_INFO_FIELD'],
  })
  k.check('a triple fault', '2 0', {
    code: (a) => a.ud2(),
    fields: [['EXCEPTION_BITMAP', 0n]],
  })
  windows(k)
}

const readUnmapped: Code = (a) => a.mov(rax, unmapped).mov(eax, mem32(rax))

const apicOn: Code = (a) => {
  apicBase(a)
  a.mov(apicWord(apic.spurious), 0x1ff)
}

function windows(k: VmxKernelBuilder): void {
  k.check('the interrupt window is open at once', '7 0', {
    controls: { primary: primaryControls.INTERRUPT_WINDOW_EXITING },
    fields: [['GUEST_RFLAGS', 0x202n]],
  })
  k.check('the interrupt window opens with STI, an instruction later', '40 7 0', {
    controls: { primary: primaryControls.INTERRUPT_WINDOW_EXITING },
    code: (a) => a.mov(eax, 0x3f).sti().inc(eax).inc(eax).ud2(),
    after: (_, c) => c.value(rax),
    show: ['EXIT_QUALIFICATION'],
  })
  k.check('the NMI window is open at once', '8 0', {
    controls: {
      pin: pinControls.NMI_EXITING | pinControls.VIRTUAL_NMIS,
      primary: primaryControls.NMI_WINDOW_EXITING,
    },
  })
  k.check('a preemption timer of nothing', '34 0', { controls: { pin: pinControls.PREEMPTION_TIMER } })
  k.check('a monitor trap comes after one instruction', '1 25 0', {
    controls: { primary: primaryControls.MONITOR_TRAP_FLAG },
    before: (a) => a.xor(ebx, ebx),
    code: (a) => a.inc(ebx).inc(ebx).inc(ebx),
    after: (_, c) => c.value(rbx),
  })
}

/** Instructions that are an exit always, or with a control. Source: SDM 3C 26.1.2, 26.1.3. */
function instructions(k: VmxKernelBuilder): void {
  const length: readonly Field[] = ['EXIT_QUALIFICATION', 'VM_EXIT_INSTRUCTION_LEN']
  k.check('CPUID', 'a 0 2', { code: (a) => a.xor(eax, eax).cpuid(), show: length })
  k.check('CPUID in real mode', 'a 0 2', { mode: 'real', code: (a) => a.cpuid(), show: length })
  k.check('CPUID in protected mode', 'a 0 2', { mode: 'flat', code: (a) => a.cpuid(), show: length })
  k.check('CPUID in protected mode with paging', 'a 0 2', { mode: 'paged', code: (a) => a.cpuid(), show: length })
  k.check('INVD', 'd 0 2', { code: (a) => a.invd(), show: length })
  k.check('XSETBV', '37 0 3', {
    code: (a) => a.xor(ecx, ecx).xor(edx, edx).mov(eax, 1).xsetbv(),
    fields: [['GUEST_CR4', 0x4_2620n]],
    show: length,
  })
  const { primary, secondary } = { primary: primaryControls, secondary: secondaryControls }
  const by = (name: string, expected: string, control: Scene['controls'], code: Code) =>
    k.check(name, expected, { ...(control === undefined ? {} : { controls: control }), code })
  by('HLT', 'c 0', { primary: primary.HLT_EXITING }, (a) => a.hlt())
  by('INVLPG has its address in the qualification', 'e 800000', { primary: primary.INVLPG_EXITING }, (a) =>
    a.mov(ebx, vmxPlace.fine).invlpg(mem8(rbx)),
  )
  by('RDPMC', 'f 0', { primary: primary.RDPMC_EXITING }, (a) => a.xor(ecx, ecx).rdpmc())
  by('RDTSC', '10 0', { primary: primary.RDTSC_EXITING }, (a) => a.rdtsc())
  by('MWAIT', '24 0', { primary: primary.MWAIT_EXITING }, (a) => a.xor(ecx, ecx).xor(eax, eax).mwait())
  by('MONITOR', '27 0', { primary: primary.MONITOR_EXITING }, (a) =>
    a.mov(eax, place.scratch).xor(ecx, ecx).xor(edx, edx).monitor(),
  )
  by('PAUSE', '28 0', { primary: primary.PAUSE_EXITING }, (a) => a.pause())
  by('RDTSCP', '33 0', { primary: primary.RDTSC_EXITING, secondary: secondary.RDTSCP }, (a) => a.rdtscp())
  by('WBINVD', '36 0', { secondary: secondary.WBINVD_EXITING }, (a) => a.wbinvd())
  by('RDRAND', '39 0', { secondary: secondary.RDRAND_EXITING }, (a) => a.rdrand(eax))
  by('RDSEED', '3d 0', { secondary: secondary.RDSEED_EXITING }, (a) => a.rdseed(eax))
  by('SLDT', '2f 0', { secondary: secondary.DESCRIPTOR_TABLE_EXITING }, (a) => a.sldt(eax))
  by(
    'SGDT has its displacement in the qualification',
    '2e 10',
    { secondary: secondary.DESCRIPTOR_TABLE_EXITING },
    (a) => a.mov(eax, place.scratch).sgdt(mem({ base: rax, displacement: 0x10 })),
  )
  by('INVPCID', '3a 0', { primary: primary.INVLPG_EXITING, secondary: secondary.INVPCID }, (a) =>
    a
      .mov(ebx, place.scratch)
      .xor(eax, eax)
      .invpcid(rax, mem({ base: rbx })),
  )
  closed(k)
}

/** What a control has to open is #UD without it. */
function closed(k: VmxKernelBuilder): void {
  const shut = (name: string, code: Code) => k.check(`${name} without its control`, '0 80000306', { code, show: info })
  shut('RDTSCP', (a) => a.rdtscp())
  shut('INVPCID', (a) =>
    a
      .mov(ebx, place.scratch)
      .xor(eax, eax)
      .invpcid(rax, mem({ base: rbx })),
  )
  shut('VMFUNC', (a) => vmx(a.xor(eax, eax), 'vmfunc'))
  shut('XSAVES', (a) => a.mov(ebx, place.scratch).xsaves(mem8(rbx)))
}

/** Instructions of VMX in a guest. Source: SDM 3C 26.1.2, 28.2.5. */
function vmxInstructions(k: VmxKernelBuilder): void {
  /** Memory at RAX by way of DS, with 64-bit addresses and no index. Source: SDM 3C Table 28-13. */
  const atRax = '418100'
  const shown: readonly Field[] = ['EXIT_QUALIFICATION', 'VMX_INSTRUCTION_INFO']
  const always = (name: VmxInstruction, reason: string, more = '') => {
    const show: readonly Field[] = more === '' ? ['EXIT_QUALIFICATION'] : shown
    k.check(name.toUpperCase(), `${reason} 0${more}`, { code: (a) => vmx(a.mov(eax, place.scratch), name), show })
  }
  always('vmcall', '12')
  always('vmclear', '13', ` ${atRax}`)
  always('vmlaunch', '14')
  always('vmptrld', '15', ` ${atRax}`)
  always('vmptrst', '16', ` ${atRax}`)
  always('vmread', '17')
  always('vmresume', '18')
  always('vmwrite', '19')
  always('vmxoff', '1a')
  always('vmxon', '1b', ` ${atRax}`)
  const atRbx = (name: VmxInstruction, reason: string) =>
    k.check(name.toUpperCase(), `${reason} 0`, {
      code: (a) => vmx(a.mov(ebx, place.scratch).xor(eax, eax), name),
      controls: { secondary: secondaryControls.EPT | secondaryControls.VPID },
    })
  atRbx('invept', '32')
  atRbx('invvpid', '35')
}

/** Control and debug registers. Source: SDM 3C 28.2.1, Tables 28-3 and 28-4. */
function registers(k: VmxKernelBuilder): void {
  const TS = 8n
  const masked = (name: string, expected: string, code: Code, shadow = 0n) =>
    k.check(name, expected, {
      code,
      fields: [
        ['CR0_GUEST_HOST_MASK', TS],
        ['CR0_READ_SHADOW', shadow],
      ],
    })
  masked('a masked bit of CR0 that is not as its shadow', '1c 300', (a) => a.mov(rbx, cr0).or(ebx, 8).mov(cr0, rbx))
  masked('CLTS of a masked bit', '1c 20', (a) => a.clts(), TS)
  masked('LMSW has its source in the qualification', '1c 90030', (a) => a.mov(ebx, 9).lmsw(bx))
  k.check('a masked bit of CR4 that is not as its shadow', '1c 304', {
    code: (a) => a.mov(rbx, cr4).or(ebx, 4).mov(cr4, rbx),
    fields: [['CR4_GUEST_HOST_MASK', 4n]],
  })
  k.check('what the guest reads of masked bits is the shadow', '8 0 80000306', {
    code: (a) => a.mov(rbx, cr0).and(ebx, 8).ud2(),
    fields: [
      ['CR0_GUEST_HOST_MASK', TS],
      ['CR0_READ_SHADOW', TS],
    ],
    after: (_, c) => c.value(rbx),
    show: info,
  })
  const by = (name: string, expected: string, control: bigint, code: Code, fields: Scene['fields'] = []) =>
    k.check(name, expected, { controls: { primary: control }, code, fields })
  by('MOV from CR3', '1c 113', primaryControls.CR3_STORE_EXITING, (a) => a.mov(rcx, cr3))
  by('MOV to CR3', '1c 203', primaryControls.CR3_LOAD_EXITING, (a) => a.mov(edx, place.pageTables).mov(cr3, rdx))
  by(
    'MOV to CR3 of a target value is none',
    'c 0',
    primaryControls.CR3_LOAD_EXITING | primaryControls.HLT_EXITING,
    (a) => a.mov(edx, place.pageTables).mov(cr3, rdx).hlt(),
    [
      ['CR3_TARGET_COUNT', 1n],
      ['CR3_TARGET_VALUE0', BigInt(place.pageTables)],
    ],
  )
  by('MOV from CR8', '1c 118', primaryControls.CR8_STORE_EXITING, (a) => a.mov(rcx, cr8))
  by('MOV to CR8', '1c 308', primaryControls.CR8_LOAD_EXITING, (a) => a.xor(ebx, ebx).mov(cr8, rbx))
  by('MOV to DR7', '1d 307', primaryControls.MOV_DR_EXITING, (a) => a.mov(ebx, 0x400).mov(dr7, rbx))
  by('MOV from DR6', '1d 316', primaryControls.MOV_DR_EXITING, (a) => a.mov(rbx, dr6))
}

/** Ports and model-specific registers. Source: SDM 3C 26.1.3, 28.2.1, Table 28-5. */
function portsAndMsrs(k: VmxKernelBuilder): void {
  const { UNCONDITIONAL_IO_EXITING, USE_IO_BITMAPS, USE_MSR_BITMAPS, HLT_EXITING } = primaryControls
  const port = (name: string, expected: string, code: Code, mode: Scene['mode'] = 'wide') =>
    k.check(name, expected, { mode, controls: { primary: UNCONDITIONAL_IO_EXITING }, code })
  port('OUT to an immediate port', '1e 800040', (a) => a.out(0x80, al))
  port('IN of four bytes', '1e 1234000b', (a) => a.mov(dx, 0x1234).in(eax, dx))
  port('IN in real mode', '1e 600048', (a) => a.in(al, 0x60), 'real')
  port('OUTS with REP', '1e 12340030', (a) => a.mov(edx, 0x1234).mov(ecx, 3).rep().outsb())
  const bitmap = (name: string, expected: string, at: number, code: Code, bits = 1) =>
    k.check(name, expected, {
      controls: { primary: USE_IO_BITMAPS | USE_MSR_BITMAPS | HLT_EXITING },
      before: (a) => a.mov(mem32(at), bits),
      code: (a) => {
        code(a)
        a.hlt()
      },
    })
  bitmap('a port whose bit is set', '1e 800040', vmxPlace.ioBitmapA + 0x10, (a) => a.out(0x80, al))
  bitmap('a port whose bit is clear', 'c 0', vmxPlace.ioBitmapA + 0x14, (a) => a.out(0x80, al))
  bitmap('a high port is in the second bitmap', '1e 80000000', vmxPlace.ioBitmapB, (a) =>
    a.mov(edx, 0x8000).out(dx, al),
  )
  bitmap(
    'a port of two bytes of which the second has its bit set',
    '1e 800041',
    vmxPlace.ioBitmapA + 0x10,
    (a) => a.out(0x80, ax),
    2,
  )
  const EFER = 0xc000_0080
  bitmap('RDMSR of a high register whose bit is set', '1f 0', vmxPlace.msrBitmap + 0x410, (a) =>
    a.mov(ecx, EFER).rdmsr(),
  )
  bitmap('RDMSR of one whose bit is clear', 'c 0', vmxPlace.msrBitmap, (a) => a.mov(ecx, EFER).rdmsr())
  bitmap('RDMSR of one that no bitmap has', '1f 0', vmxPlace.msrBitmap, (a) => a.mov(ecx, 0x2000).rdmsr(), 0)
  bitmap(
    'WRMSR of a low register whose bit is set',
    '20 0',
    vmxPlace.msrBitmap + 0x82c,
    (a) => a.mov(ecx, 0x174).xor(eax, eax).xor(edx, edx).wrmsr(),
    1 << 20,
  )
  k.check('RDMSR without bitmaps', '1f 0', { code: (a) => a.mov(ecx, EFER).rdmsr() })
  k.check('WRMSR without bitmaps', '20 0', { code: (a) => a.mov(ecx, 0x174).xor(eax, eax).xor(edx, edx).wrmsr() })
}

/** Task switches, the APIC-access page, the TPR threshold. Source: SDM 3C 26.2, 28.2.1, 30. */
function others(k: VmxKernelBuilder): void {
  k.check('JMP to a task', '9 80000058', {
    mode: 'flat',
    before: (a) => {
      const tss = segment({ base: place.otherTss, limit: 0x67, type: segmentType.tss32, system: true })
      a.mov(rax, tss).mov(mem({ displacement: place.gdt + selector.free }), rax)
    },
    code: (a) => a.jmpf(far(selector.free, 0)),
  })
  const apicPage = (name: string, expected: string, code: Code) =>
    k.check(name, expected, { controls: { secondary: secondaryControls.VIRTUALIZE_APIC_ACCESSES }, code })
  const register = mem32({ base: rbx, displacement: 0x10 })
  apicPage('a load from the APIC-access page', '2c 10', (a) => a.mov(ebx, vmxPlace.apicAccess).mov(eax, register))
  apicPage('a store to the APIC-access page', '2c 1010', (a) => a.mov(ebx, vmxPlace.apicAccess).mov(register, eax))
  k.check('a TPR that falls below its threshold', '2b 0', {
    controls: { primary: primaryControls.TPR_SHADOW },
    before: (a) => a.mov(mem32(vmxPlace.virtualApic + 0x80), 0x60),
    code: (a) => a.mov(ebx, 3).mov(cr8, rbx).ud2(),
    fields: [['TPR_THRESHOLD', 5n]],
  })
  k.check('a TPR at its threshold', '50 0 80000306', {
    controls: { primary: primaryControls.TPR_SHADOW },
    before: (a) => a.mov(mem32(vmxPlace.virtualApic + 0x80), 0x60),
    code: (a) => a.mov(ebx, 5).mov(cr8, rbx).ud2(),
    fields: [['TPR_THRESHOLD', 5n]],
    after: (a, c) => {
      a.mov(ecx, mem32(vmxPlace.virtualApic + 0x80))
      c.value(rcx)
    },
    show: info,
  })
  k.check('a function that there is not', '3b 0', {
    controls: { secondary: secondaryControls.EPT | secondaryControls.VMFUNC },
    code: (a) => vmx(a.xor(eax, eax), 'vmfunc'),
  })
}

/** Every reason that a guest of one processor can exit for, and what the fields say of it. */
export function vmxExits(): Kernel {
  const k = new VmxKernelBuilder('vmxExits')
  events(k)
  instructions(k)
  vmxInstructions(k)
  registers(k)
  portsAndMsrs(k)
  others(k)
  return k.kernel.finish()
}
