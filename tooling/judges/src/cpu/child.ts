import {
  type Assembler,
  assembler,
  ax,
  ds,
  eax,
  ecx,
  edi,
  edx,
  es,
  esi,
  fs,
  gs,
  mem,
  mem8,
  mem16,
  mem32,
  mem48,
  mem64,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  ss,
} from '@vmm/x86-assembler'
import { elfProgram, partFlags } from './elf.ts'
import { userDescriptors } from './segments.ts'
import { bases, dataOffset, place, reply, request } from './snippet.ts'

const page = 4096
/** Where the child's own code and its records and stacks are: far from where a snippet is likely to reach. */
const own = { code: 0x5a5a_0000, memory: 0x5b5a_0000, size: 0x2_0000 } as const
const at = {
  request: own.memory,
  reply: own.memory + 0x1000,
  action: own.memory + 0x2000,
  alternate: own.memory + 0x2100,
  /** Whether there are protection keys. */
  keys: own.memory + 0x2200,
  stack: own.memory + 0x8000,
  signalStack: own.memory + 0x1_0000,
} as const
/** Where in the page of the code the address is that the jump behind a snippet goes to. */
const wayOutPointer = page - 8
const jumpBytes = 6
const userDescriptorBytes = 16
const fixedFlags = 0x202
/** Of the state that XSAVE knows: x87, SSE and AVX. */
const components = 7
/** Source: Linux, arch/x86/include/asm/segment.h. */
const selector = { code: 0x33, code32: 0x23, data: 0x2b } as const
const signalStackBytes = 0x1_0000

/** System calls and structures. Source: Linux, arch/x86/entry/syscalls/syscall_64.tbl, sigaction(2), sigaltstack(2). */
const call = {
  read: 0,
  write: 1,
  rt_sigaction: 13,
  exit: 60,
  sigaltstack: 131,
  modify_ldt: 154,
  arch_prctl: 158,
} as const
/** Source: modify_ldt(2). */
const writeEntry = 0x11
/** Source: Linux, arch/x86/include/uapi/asm/prctl.h. */
const setBase = { GS: 0x1001, FS: 0x1002 } as const
const SA_SIGINFO = 4
const SA_ONSTACK = 0x0800_0000
const SA_RESTORER = 0x0400_0000
const SA_NODEFER = 0x4000_0000
const signals = { SIGILL: 4, SIGTRAP: 5, SIGBUS: 7, SIGFPE: 8, SIGSEGV: 11 } as const

/** Offsets in `ucontext_t`. Source: Linux, arch/x86/include/uapi/asm/sigcontext.h. */
const context = {
  /** Registers in the order of `sigcontext`, by number of the encoding. */
  gprs: [0x90, 0x98, 0x88, 0x80, 0xa0, 0x78, 0x70, 0x68, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x58, 0x60],
  rip: 0xa8,
  eflags: 0xb0,
  cs: 0xb8,
  ss: 0xbe,
  error: 0xc0,
  trap: 0xc8,
  cr2: 0xd8,
  fpstate: 0xe0,
} as const

const gprs = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15] as const

/**
 * A Linux program that reads requests from its standard input, runs each as a program would, and writes replies. Faults
 * come back through signal handlers; it needs no library.
 */
export function childProgram(): Uint8Array {
  const a = assembler({ origin: own.code, codeSize: 64 })
  a.label('start').mov(rsp, at.stack)
  prepareSignals(a)
  prepareSegments(a)
  // CPUID.07H:ECX.OSPKE
  a.mov(eax, 7).xor(ecx, ecx).cpuid().and(ecx, 0x10).mov(mem32(at.keys), ecx)
  serve(a)
  run(a)
  finish(a)
  handler(a)
  transfer(a)
  a.align(8).label('descriptors')
  for (const words of userDescriptors) a.dd(...words)
  a.align(8).label('code pointer').dq(BigInt(place.code))
  a.label('far code pointer').dd(place.code32).dw(selector.code32)
  const code = a.finish().bytes
  const { read, write, execute } = partFlags
  const empty = new Uint8Array(0)
  return elfProgram(own.code, [
    { address: own.code, content: code, size: code.length, flags: read | execute },
    { address: own.memory, content: empty, size: own.size, flags: read | write },
    { address: place.code, content: new Uint8Array(page).fill(0xcc), size: page, flags: read | write | execute },
    { address: place.code32, content: new Uint8Array(page).fill(0xcc), size: page, flags: read | write | execute },
    { address: place.data, content: empty, size: page, flags: read | write },
  ])
}

function prepareSignals(a: Assembler): void {
  // what 32-bit code needs, and 64-bit code does not mind
  a.mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(fs, ax).mov(gs, ax)
  a.mov(mem64(at.alternate), at.signalStack).mov(mem64(at.alternate + 16), signalStackBytes)
  a.mov(eax, call.sigaltstack).mov(edi, at.alternate).xor(esi, esi).syscall()
  a.lea(rax, mem('handler'))
    .mov(mem64(at.action), rax)
    .mov(mem64(at.action + 16), rax)
  a.mov(mem64(at.action + 8), SA_SIGINFO | SA_ONSTACK | SA_RESTORER | SA_NODEFER)
  for (const signal of Object.values(signals)) {
    a.mov(eax, call.rt_sigaction).mov(edi, signal).mov(esi, at.action).xor(edx, edx).mov(r10, 8).syscall()
  }
}

/** The local table, entry by entry. A kernel without one says no to all. */
function prepareSegments(a: Assembler): void {
  a.lea(rbx, mem('descriptors')).mov(r12, userDescriptors.length).label('describe')
  a.mov(eax, call.modify_ldt).mov(edi, writeEntry).mov(rsi, rbx).mov(edx, userDescriptorBytes).syscall()
  a.add(rbx, userDescriptorBytes).dec(r12).jne('describe')
}

/** The next request, or the end. */
function serve(a: Assembler): void {
  a.label('serve').mov(r12, call.read).mov(r13, at.request).mov(r14, request.bytes).xor(edi, edi).call('transfer')
  // a snippet may have written all of them, and the bases
  a.mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(ss, ax).mov(fs, ax).mov(gs, ax)
  a.cmp(mem32(at.request + request.codeSize), 64).jne('based')
  for (const [name, base] of Object.entries(bases)) {
    a.mov(eax, call.arch_prctl)
      .mov(edi, setBase[name as keyof typeof setBase])
      .mov(esi, base)
      .syscall()
  }
  a.label('based')
  // the bytes of the instruction, a jump away behind them, and breakpoints all around
  a.mov(r15, place.code)
    .cmp(mem32(at.request + request.codeSize), 64)
    .je('placed')
    .mov(r15, place.code32)
  a.label('placed')
    .cld()
    .mov(rdi, r15)
    .mov(eax, 0xcccc_cccc)
    .mov(ecx, page / 4)
    .rep()
    .stosd()
  a.mov(ecx, mem32(at.request + request.length))
    .mov(esi, at.request + request.code)
    .mov(rdi, r15)
    .rep()
    .movsb()
  layWayOut(a)
  a.mov(edi, place.data)
    .xor(eax, eax)
    .mov(ecx, page / 8)
    .rep()
    .stosq()
  a.mov(esi, at.request + request.data)
    .mov(edi, place.data + dataOffset)
    .mov(ecx, place.dataBytes / 8)
    .rep()
    .movsq()
}

/** Behind the snippet: JMP [RIP + n], whose pointer is aligned for what sets AC; from 32-bit code a far JMP. */
function layWayOut(a: Assembler): void {
  a.cmp(mem32(at.request + request.codeSize), 64).jne('narrow way out')
  a.mov(mem32({ base: rdi }), 0x25ff)
    .mov(eax, wayOutPointer - jumpBytes)
    .sub(eax, mem32(at.request + request.length))
  a.mov(mem32({ base: rdi, displacement: 2 }), eax).lea(rax, mem('completed'))
  a.mov(rdi, place.code + wayOutPointer)
    .mov(mem64({ base: rdi }), rax)
    .jmp('way out')
  a.label('narrow way out').mov(mem8({ base: rdi }), 0xea)
  a.lea(rax, mem('completed')).mov(mem32({ base: rdi, displacement: 1 }), eax)
  a.mov(mem16({ base: rdi, displacement: 5 }), selector.code)
  a.label('way out')
}

function run(a: Assembler): void {
  a.cmp(mem32(at.keys), 0).je('no keys')
  a.mov(eax, mem32(at.request + request.pkru))
    .xor(ecx, ecx)
    .xor(edx, edx)
    .wrpkru()
    .label('no keys')
  a.mov(eax, components)
    .xor(edx, edx)
    .xrstor(mem(at.request + request.fx))
  a.cmp(mem32(at.request + request.codeSize), 64).jne('run narrow')
  a.push(mem64(at.request + request.rflags)).popfq()
  for (const [index, register] of gprs.entries()) a.mov(register, mem64(at.request + request.gprs + index * 8))
  a.jmp(mem64('code pointer'))
  a.label('run narrow')
    .push(mem64(at.request + request.rflags))
    .popfq()
  for (const [index, register] of gprs.entries()) a.mov(register, mem64(at.request + request.gprs + index * 8))
  a.jmpf(mem48('far code pointer'))
  a.label('completed')
  for (const [index, register] of gprs.entries()) a.mov(mem64(at.reply + reply.gprs + index * 8), register)
  a.mov(rsp, at.stack)
    .pushfq()
    .pop(mem64(at.reply + reply.rflags))
    .cld()
  keepSegments(a, [es, undefined, ss, ds, fs, gs])
  a.cmp(mem32(at.keys), 0).je('no keys to tell').xor(ecx, ecx).rdpkru()
  a.mov(mem32(at.reply + reply.pkru), eax).label('no keys to tell')
  a.mov(eax, components)
    .xor(edx, edx)
    .xsave(mem(at.reply + reply.fx))
  a.mov(mem32(at.reply + reply.cause), 0).jmp('reply')
}

/** In the order of the encoding; what is undefined is told by other means. */
function keepSegments(a: Assembler, registers: readonly (typeof es | undefined)[]): void {
  for (const [index, register] of registers.entries()) {
    if (register !== undefined) a.mov(ax, register).mov(mem16(at.reply + reply.segments + index * 2), ax)
  }
}

function finish(a: Assembler): void {
  // with no flag that a snippet set, AC least of all
  a.label('reply').push(fixedFlags).popfq()
  a.mov(eax, mem32(at.request + request.number)).mov(mem32(at.reply + reply.number), eax)
  a.mov(esi, place.data + dataOffset).mov(edi, at.reply + reply.data)
  a.mov(ecx, place.dataBytes / 8)
    .rep()
    .movsq()
  a.mov(r12, call.write).mov(r13, at.reply).mov(r14, reply.bytes).mov(edi, 1).call('transfer').jmp('serve')
}

/** RDX is the context: everything is copied out of it, and the handler never returns. */
function handler(a: Assembler): void {
  a.label('handler').cld().mov(rbx, rdx)
  const copy = (from: number, to: number) =>
    a.mov(rax, mem64({ base: rbx, displacement: from })).mov(mem64(at.reply + to), rax)
  for (const [index, offset] of context.gprs.entries()) copy(offset, reply.gprs + index * 8)
  copy(context.eflags, reply.rflags)
  copy(context.rip, reply.rip)
  copy(context.error, reply.errorCode)
  copy(context.cr2, reply.address)
  keepSegments(a, [es, undefined, undefined, ds, fs, gs])
  for (const [name, number] of [
    ['cs', 1],
    ['ss', 2],
  ] as const)
    a.mov(ax, mem16({ base: rbx, displacement: context[name] })).mov(mem16(at.reply + reply.segments + number * 2), ax)
  a.mov(rax, mem64({ base: rbx, displacement: context.trap }))
    .inc(rax)
    .mov(mem32(at.reply + reply.cause), eax)
  // components that were as they begin are not in the frame
  a.mov(rsi, mem64({ base: rbx, displacement: context.fpstate }))
    .mov(eax, components)
    .xor(edx, edx)
    .xrstor(mem({ base: rsi }))
    .xsave(mem(at.reply + reply.fx))
    .mov(rsp, at.stack)
    .jmp('reply')
}

/** Reads or writes all of a record: call R12, descriptor EDI, bytes R13, length R14. The end of input ends the child. */
function transfer(a: Assembler): void {
  a.label('transfer').mov(rbp, rdi)
  a.label('more').mov(rax, r12).mov(rdi, rbp).mov(rsi, r13).mov(rdx, r14).syscall()
  a.test(rax, rax).jle('end').add(r13, rax).sub(r14, rax).jne('more').ret()
  a.label('end').mov(eax, call.exit).xor(edi, edi).syscall()
}
