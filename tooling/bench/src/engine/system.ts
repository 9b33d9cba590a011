import {
  type Assembler,
  al,
  ax,
  cr3,
  eax,
  ebx,
  ecx,
  edx,
  mem,
  mem8,
  mem16,
  mem32,
  mem64,
  r11,
  rax,
  rbx,
  rcx,
  rsp,
} from '@vmm/x86-assembler'
import { place, selectors } from './kernel.ts'
import { times } from './loop.ts'

const { free } = place
const page = 4096
const msr = { IA32_STAR: 0xc000_0081, IA32_LSTAR: 0xc000_0082, IA32_FMASK: 0xc000_0084 } as const
const invalidOpcode = 6
const presentInterruptGate = 0x8e00
/** The speaker's gate and the refresh toggle. */
const systemControlPort = 0x61

/** A new page table root for every few loads: what a switch between processes costs. */
export function tlbFlushes(a: Assembler): void {
  times(a, 400_000, () => {
    a.mov(rax, cr3).mov(cr3, rax)
    for (let each = 0; each < 8; each += 1) a.mov(rax, mem64(free + each * page))
  })
}

/** To ring 3 and back, again and again. */
export function systemCalls(a: Assembler): void {
  a.mov(ecx, msr.IA32_STAR)
    .xor(eax, eax)
    .mov(edx, ((selectors.data | 3) << 16) | selectors.code)
    .wrmsr()
  a.mov(ecx, msr.IA32_LSTAR).lea(rax, mem('kernel entry')).xor(edx, edx).wrmsr()
  a.mov(ecx, msr.IA32_FMASK).mov(eax, 0x200).xor(edx, edx).wrmsr()
  a.mov(ebx, 1_500_000).lea(rcx, mem('user')).mov(r11, 2).sysretq()
  a.label('user').syscall().jmp('user')
  a.label('kernel entry').dec(ebx).je('exit').sysretq()
}

/** An undefined instruction, its handler, and IRETQ. */
export function exceptions(a: Assembler): void {
  const gate = free + invalidOpcode * 16
  a.jmp('begin')
    .label('idtr')
    .dw(page - 1)
    .dq(free)
    .label('begin')
    .lidt(mem('idtr'))
  a.lea(rax, mem('handler'))
    .mov(mem16(gate), ax)
    .mov(mem16(gate + 2), selectors.code)
  a.shr(eax, 16)
    .mov(mem16(gate + 4), presentInterruptGate)
    .mov(mem16(gate + 6), ax)
  times(a, 800_000, () => a.ud2())
  a.jmp('exit').label('handler').add(mem64(rsp), 2).iretq()
}

/** Reads of a port that a device answers. */
export function ports(a: Assembler): void {
  times(a, 1_000_000, () => a.in(al, systemControlPort))
}

/** A function rewritten before each of its calls. */
export function changingCode(a: Assembler): void {
  const [immediate, ret] = [1, 0xc3]
  a.mov(mem8(free), 0xb8)
    .mov(mem8(free + 1 + 4), ret)
    .mov(ebx, free)
  times(a, 300_000, () => a.mov(mem32(free + immediate), ecx).call(rbx))
}
