import { al, ax, eax, ebx, ecx, edx, label, r8, r11, rax, rcx, ss } from '@vmm/x86-assembler'
import type { CheckBuilder, KernelBuilder } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

/** MSRs by number. Source: SDM 4 §2.1, Table 2-2. */
export const msr = {
  SYSENTER_CS: 0x174,
  SYSENTER_ESP: 0x175,
  SYSENTER_EIP: 0x176,
  EFER: 0xc000_0080,
  STAR: 0xc000_0081,
  LSTAR: 0xc000_0082,
  CSTAR: 0xc000_0083,
  FMASK: 0xc000_0084,
  FS_BASE: 0xc000_0100,
  GS_BASE: 0xc000_0101,
  KERNEL_GS_BASE: 0xc000_0102,
} as const

/** Writes an MSR. */
export const wrmsr = (a: Asm, index: number, low: number | string, high = 0): Asm =>
  a.mov(ecx, index).mov(eax, low).mov(edx, high).wrmsr()
const notCanonical = 0x8000_0000_0000n

/** Sets the selectors of SYSCALL and SYSRET, and names an entry. */
function arm(a: Asm, c: CheckBuilder): string {
  const entry = c.unique('entry')
  wrmsr(a, msr.STAR, 0, (0x40 << 16) | selector.code)
  return entry
}

/** SYSCALL at CPL 3 with TF set comes to an invalid opcode in the kernel, under a mask of flags. */
function callStepped(a: Asm, c: CheckBuilder, mask: number): void {
  const entry = arm(a, c)
  wrmsr(a, msr.LSTAR, label(entry) as never)
  wrmsr(a, msr.FMASK, mask)
  c.user((u) => u.push(0x102).popfq().syscall().label(entry).ud2())
}

/** SYSCALL, SYSRET, SYSENTER, SYSEXIT. Source: SDM 2B §4.3. */
export function systemCalls(k: KernelBuilder): void {
  k.check('SYSCALL keeps RIP and RFLAGS and masks flags', 'ok 1 3 10 8 2', (a, c) => {
    const [entry, after] = [arm(a, c), c.unique('after')]
    wrmsr(a, msr.LSTAR, label(entry) as never)
    wrmsr(a, msr.FMASK, 1)
    a.push(3).popfq().syscall().label(after).label(entry).pushfq().pop(r8)
    a.mov(eax, label(after)).cmp(rcx, rax).sete(al).movzx(eax, al)
    c.value(rax)
    c.value(r11)
    a.mov(eax, ss)
    c.value(rax)
    a.xor(eax, eax).str(ax).mov(eax, 8)
    c.value(rax)
    c.value(r8)
  })
  k.check('SYSCALL without EFER.SCE', '#UD', (a) => {
    a.mov(ecx, msr.EFER).rdmsr().and(eax, -2).wrmsr().syscall()
  })
  k.check(
    'SYSRET goes to CPL 3',
    '#UD cs=53 ss=4b eflags=10002',
    (a, c) => {
      arm(a, c)
      const to = c.unique('to')
      a.mov(ecx, label(to)).mov(r11, 2).with({ operandSize: 64 }).sysret().label(to).ud2()
    },
    ['cs', 'ss', 'eflags'],
  )
  k.check(
    'SYSRET to an address that is not canonical faults at CPL 0',
    '#GP(0) cs=8',
    (a, c) => {
      arm(a, c)
      a.mov(rcx, notCanonical).mov(r11, 2).with({ operandSize: 64 }).sysret()
    },
    ['cs'],
  )
  k.check('SYSRET at CPL 3', '#GP(0)', (_a, c) => c.user((u) => u.with({ operandSize: 64 }).sysret()))
}

/** RFLAGS.TF on the way to the kernel and back. Source: SDM 3B §18.3.1.4. */
export function steppedCalls(k: KernelBuilder): void {
  k.check('SYSCALL that masks TF is no step', '#UD dr6=ffff0ff0 cs=8', (a, c) => callStepped(a, c, 0x100), [
    'dr6',
    'cs',
  ])
  k.check('SYSCALL that leaves TF is one', '#DB dr6=ffff4ff0 cs=8', (a, c) => callStepped(a, c, 0), ['dr6', 'cs'])
  k.check(
    'SYSRET that sets TF traps at once',
    '#DB dr6=ffff4ff0 cs=53 ebx=0',
    (a, c) => {
      arm(a, c)
      const to = c.unique('to')
      a.xor(ebx, ebx).mov(ecx, label(to)).mov(r11, 0x102).with({ operandSize: 64 }).sysret()
      a.label(to).mov(ebx, 1).ud2()
    },
    ['dr6', 'cs', 'ebx'],
  )
}

/** SYSENTER and SYSEXIT. Source: SDM 2B, SYSENTER and SYSEXIT. */
export function fastCalls(k: KernelBuilder): void {
  k.check('SYSENTER with a null CS', '#GP(0)', (a) => wrmsr(a, msr.SYSENTER_CS, 0).sysenter())
  k.check(
    'SYSENTER and SYSEXIT',
    '#UD cs=2b ss=33 esp=240000',
    (a, c) => {
      const [entry, to] = [c.unique('entry'), c.unique('to')]
      wrmsr(a, msr.SYSENTER_CS, selector.code)
      wrmsr(a, msr.SYSENTER_ESP, place.stack)
      wrmsr(a, msr.SYSENTER_EIP, label(entry) as never)
      a.sysenter()
        .label(entry)
        .mov(edx, label(to))
        .mov(ecx, place.userStack)
        .with({ operandSize: 64 })
        .sysexit()
        .label(to)
        .ud2()
    },
    ['cs', 'ss', 'esp'],
  )
}
