import {
  al,
  ax,
  cr2,
  ds,
  eax,
  ebx,
  ecx,
  edx,
  es,
  esi,
  label,
  mem,
  mem8,
  mem16,
  mem32,
  mem64,
  r11,
  rax,
  rcx,
} from '@vmm/x86-assembler'
import type { Guest, Load } from './guest.ts'
import { counted, reloadRoot } from './loops.ts'
import { apicAddress, pageBytes, place, selector } from './places.ts'

const vector = { pageFault: 14, call: 0x80, leave: 0x81 } as const
const userGate = 0xee00

/** A gate to a label, which user code may name too. */
function gate({ a, w, width }: Guest, at: number, handler: string): void {
  const entry = place.idt + at * 2 * w.bytes
  a.mov(eax, label(handler))
    .mov(mem16(entry), ax)
    .mov(mem16(entry + 2), selector.code)
    .mov(mem16(entry + 4), userGate)
  a.shr(eax, 16).mov(mem16(entry + 6), ax)
  if (width === 64) a.mov(mem64(entry + 8), 0)
}

/** Loads IDTR and a task whose stack for ring 0 is the kernel's. */
function taskAndGates({ a, width }: Guest): void {
  a.jmp('idt loads')
    .label('idtr')
    .dw(pageBytes - 1)
    .dd(place.idt, 0)
    .label('idt loads')
    .lidt(mem('idtr'))
  a.mov(eax, label('tss')).mov(mem16('tss descriptor', 2), ax).shr(eax, 16).mov(mem8('tss descriptor', 4), al)
  if (width === 64) a.mov(mem32('tss', 4), place.kernelStack)
  else a.mov(mem32('tss', 4), place.kernelStack).mov(mem32('tss', 8), selector.data)
  a.mov(eax, selector.tss).ltr(ax)
}

/** Goes to a label in ring 3. */
function toUser({ a, w }: Guest, to: string): void {
  a.mov(eax, selector.userData).push(w.a).mov(eax, place.stack).push(w.a).push(2).mov(eax, selector.userCode).push(w.a)
  a.mov(eax, label(to)).push(w.a)
  returned({ a, w })
}

function returned({ a, w }: Pick<Guest, 'a' | 'w'>): void {
  if (w.bytes === 8) a.iretq()
  else a.iretd()
}

/** What ends a load from ring 3: INT 81H, with the sum in ESI. */
function leaving({ a }: Guest): void {
  a.label('leave').mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(eax, esi).jmp('finish')
}

/** INT 80H and IRET, from ring 3 and back. */
export const interrupts: Load = {
  prepare: (g) => {
    gate(g, vector.call, 'system call')
    gate(g, vector.leave, 'leave')
    taskAndGates(g)
  },
  all: (g) => {
    const { a } = g
    toUser(g, 'user')
    a.label('user').mov(ecx, g.rounds).xor(esi, esi)
    a.label('call').mov(eax, ecx).int(vector.call).xor(esi, eax).rol(esi, 1).dec(ecx).jne('call').int(vector.leave)
    a.label('system call').lea(eax, mem({ base: g.w.a, index: g.w.a, scale: 2, displacement: 1 }))
    returned(g)
    leaving(g)
  },
}

const msr = { IA32_STAR: 0xc000_0081, IA32_LSTAR: 0xc000_0082, IA32_FMASK: 0xc000_0084 } as const

/** SYSCALL and SYSRET, from ring 3 and back. */
export const systemCalls: Load = {
  prepare: (g) => {
    const { a } = g
    gate(g, vector.leave, 'leave')
    taskAndGates(g)
    a.mov(ecx, msr.IA32_STAR)
      .xor(eax, eax)
      .mov(edx, ((selector.data | 3) << 16) | selector.code)
      .wrmsr()
    a.mov(ecx, msr.IA32_LSTAR).lea(rax, mem('kernel entry')).xor(edx, edx).wrmsr()
    a.mov(ecx, msr.IA32_FMASK).mov(eax, 0x700).xor(edx, edx).wrmsr()
  },
  all: (g) => {
    const { a } = g
    a.lea(rcx, mem('user')).mov(r11, 2).sysretq()
    a.label('user').mov(ebx, g.rounds).xor(esi, esi)
    a.label('call').mov(eax, ebx).syscall().xor(esi, eax).rol(esi, 1).dec(ebx).jne('call').int(vector.leave)
    a.label('kernel entry')
      .lea(eax, mem({ base: rax, index: rax, scale: 2, displacement: 1 }))
      .sysretq()
    leaving(g)
  },
}

const faultPages = 64

/** Loads from pages that are not there, whose handler puts them there; then they are taken away again. */
export const pageFaults: Load = {
  prepare: (g) => {
    gate(g, vector.pageFault, 'page fault')
    taskAndGates(g)
  },
  round: (g) => {
    const { a, w } = g
    const entries = place.pageTables + (place.data / pageBytes) * w.bytes
    a.xor(esi, esi)
    counted(g, 20, () => {
      const again = a.unique('page')
      a.xor(ebx, ebx).label(again).mov(w.d, w.b).shl(edx, 12)
      a.and(mem32({ index: w.b, scale: w.bytes, displacement: entries }), ~1).invlpg(
        mem({ base: w.d, displacement: place.data }),
      )
      a.mov(eax, mem32({ base: w.d, displacement: place.data }))
        .inc(ebx)
        .cmp(ebx, faultPages)
        .jb(again)
    })
    a.mov(eax, esi).jmp('faulted')
    a.label('page fault').push(w.a).mov(w.a, cr2).shr(w.a, 12)
    a.or(mem32({ index: w.a, scale: w.bytes, displacement: place.pageTables }), 1)
      .inc(esi)
      .pop(w.a)
      .add(w.sp, w.bytes)
    returned(g)
    a.label('faulted')
  },
}

/** A load of CR3 and a load from each of sixteen pages: what a switch between processes costs at least. */
export const rootSwitches: Load = {
  round: (g) => {
    const { a } = g
    a.xor(esi, esi)
    counted(g, 500, () => {
      reloadRoot(g)
      for (let each = 0; each < 16; each += 1) a.add(esi, mem32(place.data + each * pageBytes))
      a.inc(esi)
    })
    a.mov(eax, esi)
  },
}

/** The port that firmware writes its progress to, which nobody reads. */
const progressPort = 0x80
/** The speaker's gate, in bits that the guest writes itself. */
const systemControl = { port: 0x61, written: 3 } as const

/** Writes of a port. */
export const portWrites: Load = {
  round: (g) => {
    counted(g, 2000, () => g.a.mov(eax, ecx).out(progressPort, al))
    g.a.mov(eax, mem32(place.rounds))
  },
}

/** Reads of a port that a device answers. */
export const portReads: Load = {
  prepare: ({ a }) => void a.xor(eax, eax).out(systemControl.port, al),
  round: (g) => {
    const { a } = g
    a.xor(esi, esi)
    counted(g, 2000, () => a.in(al, systemControl.port).and(eax, systemControl.written).add(esi, eax).inc(esi))
    a.mov(eax, esi)
  },
}

const taskPriority = apicAddress + 0x80

/** Reads and writes of a register of the local APIC. */
export const memoryMapped: Load = {
  round: (g) => {
    const { a, w } = g
    a.mov(ebx, taskPriority).xor(esi, esi)
    counted(g, 1000, () => a.mov(mem32(w.b), 0x20).mov(eax, mem32(w.b)).add(esi, eax).inc(esi))
    a.mov(eax, esi)
  },
}

/** CPUID, of a leaf that all have. */
export const identification: Load = {
  round: ({ a }) => {
    a.mov(esi, 500).label('again').xor(eax, eax).xor(ecx, ecx).cpuid().test(eax, eax).je('never').dec(esi).jne('again')
    a.label('never').mov(eax, esi)
  },
}

/** Additions, exchanges and comparisons that no other processor comes between. */
export const locked: Load = {
  prepare: ({ a, w }) => void a.mov(w.mem(place.cell), 0),
  round: (g) => {
    const { a, w } = g
    a.mov(w.si, place.cell).xor(ebx, ebx)
    counted(g, 10_000, () => {
      a.mov(edx, ecx).lock().xadd(w.mem(w.si), w.d).lock().inc(mem32(w.si)).mov(w.a, w.mem(w.si))
      a.lea(w.d, mem({ base: w.a, displacement: 3 }))
        .lock()
        .cmpxchg(w.mem(w.si), w.d)
      a.mov(edx, ecx)
        .xchg(mem32({ base: w.si, displacement: 64 }), edx)
        .add(ebx, edx)
    })
    a.mov(eax, mem32(place.cell)).add(eax, ebx)
  },
}
