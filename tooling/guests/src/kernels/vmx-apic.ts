import { exitControls, pinControls, primaryControls, secondaryControls } from '@vmm/nested-vmx'
import {
  type Assembler,
  al,
  cr8,
  eax,
  ebx,
  ecx,
  edx,
  label,
  mem,
  mem8,
  mem32,
  rax,
  rbx,
  rcx,
  rdx,
} from '@vmm/x86-assembler'
import type { Kernel } from '../kernel/kernel.ts'
import type { Field, Fields } from '../vmx/guest-state.ts'
import { handled } from '../vmx/handled.ts'
import { type Controls, eptSlot, vmread } from '../vmx/hypervisor.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => Assembler
type After = NonNullable<Scene['after']>

const { TPR_SHADOW, USE_MSR_BITMAPS, INTERRUPT_WINDOW_EXITING } = primaryControls
const { EPT, VIRTUALIZE_APIC_ACCESSES, APIC_REGISTERS, VIRTUAL_INTERRUPTS, VIRTUALIZE_X2APIC } = secondaryControls
const readBack = 7 | (6 << 3)
const shadowed: Controls = { primary: TPR_SHADOW, secondary: VIRTUALIZE_APIC_ACCESSES }
const registers: Controls = { primary: TPR_SHADOW, secondary: VIRTUALIZE_APIC_ACCESSES | APIC_REGISTERS }
/** Virtual interrupts, with more secondary controls. */
const delivering = (secondary: bigint): Controls => ({
  pin: pinControls.EXTERNAL_INTERRUPT_EXITING,
  primary: TPR_SHADOW | USE_MSR_BITMAPS,
  secondary: VIRTUAL_INTERRUPTS | secondary,
  exit: exitControls.ACKNOWLEDGE_INTERRUPT,
})
const open: Fields = [['GUEST_RFLAGS', 0x202n]]

const page: Code = (a) => a.mov(ecx, vmxPlace.apicAccess)
/** A register at the APIC-access page, once `page` has been executed, and in the virtual-APIC page. */
const register = (offset: number) => mem32({ base: rcx, displacement: offset })
const virtual = (offset: number) => mem32(vmxPlace.virtualApic + offset)
const load =
  (offset: number): Code =>
  (a) =>
    page(a).mov(ebx, register(offset))
const store =
  (offset: number, value: number): Code =>
  (a) =>
    page(a).mov(register(offset), value)
const showB: After = (_, c) => c.value(rbx)
const kept =
  (offset: number): After =>
  (a, c) => {
    a.mov(ebx, virtual(offset))
    c.value(rbx)
  }

/** Accesses that are exits. Source: SDM 3C 28.2.1, Table 28-6; 30.4. */
function accesses(k: VmxKernelBuilder): void {
  const exits = (name: string, expected: string, code: Code, more: Scene = {}) =>
    k.check(name, `2c ${expected}`, { controls: { secondary: VIRTUALIZE_APIC_ACCESSES }, code, ...more })
  exits('a load without a shadow of the TPR', '80', load(0x80))
  exits('a store without one', '1080', store(0x80, 0))
  exits('a load behind extended page tables', '30', load(0x30), {
    controls: { secondary: VIRTUALIZE_APIC_ACCESSES | EPT },
  })
  const elsewhere: Code = (a) => a.mov(mem32(eptSlot(0)), vmxPlace.apicAccess | readBack)
  exits('the page at another guest-physical address', '1340', (a) => a.mov(mem32(vmxPlace.fine + 0x340), eax), {
    controls: { secondary: VIRTUALIZE_APIC_ACCESSES | EPT },
    before: elsewhere,
  })
  const onlyLoads: Code = (a) => a.mov(mem32(eptSlot(0)), vmxPlace.apicAccess | 1 | (6 << 3))
  k.check('rights come first', '30 18a', {
    only: { EXIT_QUALIFICATION: 0x1ff },
    controls: { secondary: VIRTUALIZE_APIC_ACCESSES | EPT },
    before: onlyLoads,
    code: (a) => a.mov(mem32(vmxPlace.fine + 0x340), eax),
  })
  exits('an event that is delivered through the page', '3300 80000030', (a) => a, {
    fields: [
      ['GUEST_IDTR_BASE', BigInt(vmxPlace.apicAccess)],
      ['GUEST_IDTR_LIMIT', 0xfffn],
      ['VM_ENTRY_INTR_INFO_FIELD', 0x8000_0030n],
      ...open,
    ],
    show: ['EXIT_QUALIFICATION', 'IDT_VECTORING_INFO_FIELD'],
  })
  const shadow = (name: string, expected: string, code: Code, controls = shadowed) =>
    exits(name, expected, code, { controls })
  shadow('a register that is not virtual', '90', load(0x90))
  shadow('half of the TPR', '82', (a) => page(a).mov(al, mem8({ base: rcx, displacement: 0x82 })))
  shadow('more than the TPR', '80', (a) => page(a).mov(rax, mem({ base: rcx, displacement: 0x80 })))
  shadow('the end of an interrupt without virtual interrupts', '10b0', store(0xb0, 0))
  shadow('a register that cannot be written', '1030', store(0x30, 0), registers)
  shadow('the count of the timer', '390', load(0x390), registers)
  const modify: Code = (a) => page(a).xor(register(0xb0), eax)
  shadow('a register that is modified and cannot be read', 'b0', modify, delivering(VIRTUALIZE_APIC_ACCESSES))
  shadow('a register that is modified and cannot be written', '1030', (a) => page(a).inc(register(0x30)), registers)
  shadow('what lies between two registers', '84', load(0x84), registers)
  shadow('a load that begins before a register', 'fe', load(0xfe), registers)
}

/** What is read and written in the virtual-APIC page. Source: SDM 3C 30.1.2, 30.4.2, 30.4.3. */
function virtualized(k: VmxKernelBuilder): void {
  k.check('a register of the APIC is read from the virtual-APIC page', '12345678 12 0', {
    controls: registers,
    before: (a) => a.mov(virtual(0x20), 0x1234_5678),
    code: load(0x20),
    after: showB,
  })
  k.check('the task priority without other registers, too', '60 12 0', {
    controls: shadowed,
    before: (a) => a.mov(virtual(0x80), 0x60),
    code: load(0x80),
    after: showB,
  })
  k.check('a byte within a register', '34 12 0', {
    controls: registers,
    before: (a) => a.mov(virtual(0x270), 0x1234_5678),
    code: (a) =>
      page(a)
        .xor(ebx, ebx)
        .mov(al, mem8({ base: rcx, displacement: 0x272 }))
        .mov(mem8(vmxPlace.msrList), al),
    after: (a, c) => {
      a.mov(ebx, mem32(vmxPlace.msrList))
      c.value(rbx)
    },
  })
  k.check('a task priority has eight bits', '65 12 0', {
    controls: shadowed,
    code: store(0x80, 0x1234_5665),
    after: kept(0x80),
  })
  k.check('a store lets the task priority fall below its threshold', '30 2b 0', {
    controls: shadowed,
    before: (a) => a.mov(virtual(0x80), 0x60),
    code: (a) => store(0x80, 0x30)(a).ud2(),
    fields: [['TPR_THRESHOLD', 5n]],
    after: kept(0x80),
  })
  k.check('the task priority is below its threshold at the entry', '2b 0', {
    controls: shadowed,
    code: (a) => a.ud2(),
    fields: [['TPR_THRESHOLD', 5n]],
  })
  writes(k)
}

/** What follows from a write. Source: SDM 3C 30.4.3.2, 30.4.3.3. */
function writes(k: VmxKernelBuilder): void {
  const written = (name: string, expected: string, offset: number, value: number) =>
    k.check(name, expected, { controls: registers, code: (a) => store(offset, value)(a).ud2(), after: kept(offset) })
  written('a store is an exit behind it', '123 38 320', 0x320, 0x123)
  written('the end of an interrupt without virtual interrupts, behind it', '55 38 b0', 0xb0, 0x55)
  written('a command without virtual interrupts', '40041 38 300', 0x300, 0x4_0041)
  k.check('who gets a command has eight bits', '12000000 12 0', {
    controls: registers,
    code: store(0x310, 0x1234_5678),
    after: kept(0x310),
  })
  k.check('an exit behind a store is behind its instruction', '0 38', {
    controls: registers,
    code: (a) => store(0x320, 1)(a).label('behind the store').ud2(),
    show: [],
    after: (a, c) => {
      vmread(a, 'GUEST_RIP').sub(rbx, label('behind the store'))
      c.value(rbx)
    },
  })
}

/** Registers of x2APIC mode. Source: SDM 3C 30.5. */
function extended(k: VmxKernelBuilder): void {
  const read = (name: string, expected: string, index: number, secondary = VIRTUALIZE_X2APIC) =>
    k.check(name, expected, {
      controls: { primary: TPR_SHADOW | USE_MSR_BITMAPS, secondary },
      before: (a) => a.mov(virtual((index & 0xff) << 4), 0x60).mov(virtual(((index & 0xff) << 4) + 4), 0x70),
      code: (a) => a.mov(ecx, index).rdmsr().mov(ebx, eax),
      after: (_, c) => {
        c.value(rbx)
        c.value(rdx)
      },
    })
  read('x2APIC registers are those of the virtual-APIC page', '60 70 12 0', 0x808)
  read('others of them with virtual registers', '60 70 12 0', 0x802, VIRTUALIZE_X2APIC | APIC_REGISTERS)
  read('even those that there are not', '60 70 12 0', 0x8ff, VIRTUALIZE_X2APIC | APIC_REGISTERS)
  const write = (name: string, expected: string, [index, low, high]: readonly number[], more: Scene = {}) =>
    k.check(name, expected, {
      controls: delivering(VIRTUALIZE_X2APIC),
      code: (a) => a.mov(ecx, index!).mov(eax, low!).mov(edx, high!).wrmsr(),
      ...more,
    })
  const refused: Scene = { show: ['VM_EXIT_INTR_INFO', 'VM_EXIT_INTR_ERROR_CODE'] }
  write('WRMSR of a task priority', '70 12 0', [0x808, 0x70, 0], { after: kept(0x80) })
  write('WRMSR of one that is too high', '0 80000b0d 0', [0x808, 0x100, 0], refused)
  write('WRMSR of one that is much too high', '0 80000b0d 0', [0x808, 0, 1], refused)
  write('WRMSR of an end that is not 0', '0 80000b0d 0', [0x80b, 1, 0], refused)
  write('WRMSR of an interrupt to itself that is too high', '0 80000b0d 0', [0x83f, 0x141, 0], refused)
  write('WRMSR of an illegal interrupt to itself', '38 3f0', [0x83f, 5, 0])
  write('WRMSR of a task priority below its threshold', '2b 0', [0x808, 0x10, 0], {
    controls: { primary: TPR_SHADOW | USE_MSR_BITMAPS, secondary: VIRTUALIZE_X2APIC },
    before: (a) => a.mov(virtual(0x80), 0x60),
    fields: [['TPR_THRESHOLD', 5n]],
  })
  k.check('bitmaps come first', '1f 0', {
    controls: { primary: TPR_SHADOW | USE_MSR_BITMAPS, secondary: VIRTUALIZE_X2APIC },
    before: (a) => a.mov(mem32(vmxPlace.msrBitmap + 0x100), -1),
    code: (a) => a.mov(ecx, 0x808).rdmsr(),
  })
}

/** Interrupts that the processor delivers by itself. Source: SDM 3C 30.2. */
function virtualInterrupts(k: VmxKernelBuilder): void {
  const vector = 0x41
  const pending: Code = (a) => a.mov(virtual(0x220), 2)
  const controls = delivering(VIRTUALIZE_APIC_ACCESSES | APIC_REGISTERS)
  const entered: Code = (a) => a.mov(ebx, vector)
  const requested: Fields = [['GUEST_INTR_STATUS', BigInt(vector)]]
  const check = (
    name: string,
    expected: string,
    { handler = entered, code = (a: Assembler) => a.nop(), ...scene }: Tried,
  ) =>
    k.check(
      name,
      expected,
      handled(k, vector, handler, code, {
        controls,
        before: pending,
        show: ['GUEST_INTR_STATUS'],
        ...scene,
        fields: [...requested, ...(scene.fields ?? [])],
      }),
    )
  const zero: Code = (a) => a.xor(ebx, ebx)
  check('a virtual interrupt is delivered', '41 12 4100', { fields: open })
  check('a virtual interrupt waits for IF', '0 12 41', { code: zero })
  const held: Code = (a) => pending(a).mov(virtual(0x80), 0x50)
  check('a virtual interrupt waits for the task priority', '0 12 41', { fields: open, before: held, code: zero })
  check('a task priority of its class keeps it off', '0 12 41', {
    fields: open,
    before: (a) => pending(a).mov(virtual(0x80), 0x40),
    code: zero,
  })
  check('a task priority that falls lets it through', '1 12 4100', {
    fields: open,
    before: held,
    code: (a) => a.mov(ebx, 3).mov(cr8, rbx).inc(ebx).inc(ebx),
    handler: (a) => a.sub(ebx, 2),
  })
  check('STI keeps it off for one instruction', '1 12 4100', {
    code: (a) => zero(a).sti().inc(ebx).inc(ebx),
    handler: (a) => a.nop(),
  })
  check('an exit for the interrupt window keeps it off', '0 7 41', {
    fields: open,
    controls: { ...controls, primary: TPR_SHADOW | USE_MSR_BITMAPS | INTERRUPT_WINDOW_EXITING },
    code: zero,
    before: (a) => pending(a).xor(ebx, ebx),
  })
  priorities(check, zero)
  ends(check, entered)
  toItself(check, zero)
}

interface Tried extends Scene {
  readonly handler?: Code
  readonly code?: Code
}
type Check = (name: string, expected: string, tried: Tried) => unknown

/** Who comes first. Source: SDM 3C 30.1.3, 30.2.1. */
function priorities(check: Check, zero: Code): void {
  check('the next one waits behind it', '41 12 4121', {
    fields: open,
    before: (a) => a.mov(virtual(0x220), 2).mov(virtual(0x210), 2),
  })
  check('one in service keeps its class off', '0 12 4441', {
    fields: [...open, ['GUEST_INTR_STATUS', 0x4441n]],
    code: zero,
  })
  check('the processor priority is that of what is in service', '40 12 4100', {
    fields: open,
    handler: (a) => load(0x280)(page(a)).mov(ebx, virtual(0xa0)),
  })
}

/** The end of an interrupt. Source: SDM 3C 30.1.4. */
function ends(check: Check, entered: Code): void {
  const end: Code = (a) => store(0xb0, 0)(entered(a))
  const asked: Fields = [...open, ['EOI_EXIT_BITMAP1', 2n]]
  check('the end of a virtual interrupt', '41 12 0', { fields: open, handler: end })
  check('the end of a virtual interrupt that is asked for', '41 2d 41', {
    fields: asked,
    handler: (a) => end(a).ud2(),
    show: ['EXIT_QUALIFICATION'],
  })
  check('a virtual interrupt is over when its end is told', '41 2d 0', {
    fields: asked,
    handler: (a) => end(a).ud2(),
    show: ['GUEST_INTR_STATUS'],
  })
  check('what is still in service is what is served then', '41 12 3100', {
    fields: [...open, ['GUEST_INTR_STATUS', 0x3141n]],
    before: (a) => a.mov(virtual(0x220), 2).mov(virtual(0x110), 1 << 17),
    handler: end,
  })
  check('WRMSR ends it, too', '41 12 0', {
    controls: delivering(VIRTUALIZE_X2APIC),
    fields: open,
    handler: (a) => entered(a).mov(ecx, 0x80b).xor(eax, eax).xor(edx, edx).wrmsr(),
  })
  check('it need not be a virtual register', '41 12 0', {
    controls: delivering(VIRTUALIZE_APIC_ACCESSES),
    fields: open,
    handler: end,
  })
}

/** Interrupts to oneself. Source: SDM 3C 30.1.5, 30.4.3.2. */
function toItself(check: Check, zero: Code): void {
  const none: Fields = [...open, ['GUEST_INTR_STATUS', 0n]]
  const nothing: Code = (a) => a.mov(virtual(0x220), 0)
  const sent = (name: string, expected: string, command: number, show: readonly Field[] = ['GUEST_INTR_STATUS']) =>
    check(name, expected, { fields: none, before: nothing, code: (a) => store(0x300, command)(zero(a)), show })
  sent('an interrupt to itself', '41 12 4100', 0x4_0041)
  sent('one with a level that is asserted', '41 12 4100', 0x4_4041)
  sent('one to everybody is an exit', '0 38 300', 0x8_0041, ['EXIT_QUALIFICATION'])
  sent('one that is triggered by a level, too', '0 38 300', 0x4_8041, ['EXIT_QUALIFICATION'])
  sent('an NMI to itself, too', '0 38 300', 0x4_0441, ['EXIT_QUALIFICATION'])
  sent('an illegal vector, too', '0 38 300', 0x4_0005, ['EXIT_QUALIFICATION'])
  check('WRMSR sends one', '41 12 4100', {
    controls: delivering(VIRTUALIZE_X2APIC),
    fields: none,
    before: nothing,
    code: (a) => zero(a).mov(ecx, 0x83f).mov(eax, 0x41).xor(edx, edx).wrmsr(),
  })
}

/** The local APIC of a guest, as far as the processor is it. */
export function vmxApic(): Kernel {
  const k = new VmxKernelBuilder('vmxApic')
  accesses(k)
  virtualized(k)
  extended(k)
  virtualInterrupts(k)
  return k.kernel.finish()
}
