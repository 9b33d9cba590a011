import { enterLongMode, type LongModeEntry, multibootHeader } from '@vmm/built-in-guest'
import {
  type Assembler,
  al,
  assembler,
  ax,
  cr0,
  cr3,
  cr4,
  dr6,
  dr7,
  ds,
  dx,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  es,
  esi,
  esp,
  far,
  fs,
  gs,
  label,
  mem,
  mem32,
  mem64,
  type Register,
  rax,
  rbx,
  rsi,
  rsp,
  ss,
} from '@vmm/x86-assembler'
import { flat, gate, segment, segmentType } from './descriptor.ts'
import { leaveVector, place, type RecordField, recordAt, selector } from './places.ts'
import { faultHandler, printFault, printing, stubs } from './routines.ts'
import { type Assembled, watched } from './watched.ts'

/** One thing that a kernel asks the processor, and what the manual says the answer is. */
export interface Check {
  readonly name: string
  /** What is printed behind the name. */
  readonly expected: string
}

/** An instruction of a check: where it is in the image, and the size of its code. */
export interface CheckedInstruction {
  readonly offset: number
  readonly codeSize: 16 | 32 | 64
}

/** A finished kernel: a multiboot image and what it should print, one line a check. */
export interface Kernel {
  readonly name: string
  readonly image: Uint8Array
  readonly checks: readonly Check[]
  /** What each check is made of, in the order of the checks. */
  readonly instructions?: readonly (readonly CheckedInstruction[])[]
  /** How many processors it needs: one unless told. */
  readonly processors?: number
  /** Whether its addresses have 48 bits also where the processor could give them more. */
  readonly narrow?: boolean
  /** The release of KVM that has what it is about, where the usual one does not. */
  readonly release?: string
}

/** What a check prints beside the fault: `at` is the fault's distance from the check's first instruction. */
export type Shown = RecordField | 'at'

/** A check's body: appends code that begins and ends at CPL 0 on the kernel's stack, or faults, or leaves CPL 3. */
export type Body = (a: Assembler, check: CheckBuilder) => void

/** Selectors of virtual-8086 mode; 2000H unless told. */
export type VirtualSegments = Partial<Record<'ss' | 'es' | 'ds' | 'fs' | 'gs', number>>

/** What a body may ask of its check. */
export interface CheckBuilder {
  readonly a: Assembler
  /** Stores a register, to be printed in hexadecimal. */
  value(register: Register): void
  /** Code at CPL 3, in flat segments and on a stack of its own; at its end the processor is given back. */
  user(body: (a: Assembler) => void): void
  /** 16-bit code of virtual-8086 mode, entered by IRET with these flags; it must fault or give the processor back. */
  virtual(flags: number, body: (a: Assembler) => void, segments?: VirtualSegments): void
  /** Puts eight bytes at an address. */
  put(address: number, value: bigint): void
  /** Makes one of the free descriptors. */
  descriptor(index: number, value: bigint): number
  /** A name that no other check has. */
  unique(name: string): string
}

const tablesBytes = 0x1800
const virtualStack = 0x8000

/** OSFXSR and OSXMMEXCPT, NXE and SCE, NE: what every check begins with. */
const beginning: LongModeEntry = {
  tables: place.pageTables,
  gdtr: 'pristine.gdtr',
  code: selector.code,
  to: 'entered',
  also: { cr4: 0x600, efer: 0x801, cr0: 0x20 },
}

/** Code that runs before each check; it keeps EBX, or RBX. */
export interface Around {
  /** Before anything is put back. */
  readonly first?: (a: Assembler) => void
  /** When everything has been put back. */
  readonly last?: (a: Assembler) => void
}

/** Builds a kernel, check by check. */
export class KernelBuilder {
  readonly a: Assembler
  readonly #name: string
  readonly #bits: 32 | 64
  readonly #checks: Check[] = []
  /** The instructions of each check. */
  readonly #assembled: Assembled[][] = []
  #inBody = false
  readonly #around: Around

  constructor(name: string, bits: 32 | 64, around: Around = {}) {
    this.#name = name
    this.#bits = bits
    this.#around = around
    this.a = watched(assembler({ origin: place.image, codeSize: 32 }), 32, (one) => {
      if (this.#inBody) this.#assembled.at(-1)!.push(one)
    })
    this.#head()
    this.#begin()
    faultHandler(this.a, bits)
    printing(this.a, bits)
    printFault(this.a, bits)
    this.a.label('main')
  }

  #head(): void {
    const { a } = this
    multibootHeader(a, place.image)
    a.label('entry').mov(esp, place.stack).cld()
    if (this.#bits === 64) enterLongMode(a, beginning)
    else a.lgdt(mem('pristine.gdtr')).jmpf(far(selector.code, 'entered')).label('entered')
    a.mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(ss, ax)
    // DLAB off and no interrupts: the port is as its reset leaves it, but firmware may have been here
    a.mov(dx, 0x3f9).xor(eax, eax).out(dx, ax).mov(dx, 0x3fb).mov(eax, 3).out(dx, ax)
    // firmware may have left its interrupts open
    a.mov(al, 0xff).out(0x21, al).out(0xa1, al).jmp('main')
    stubs(a)
    a.org(place.pristine)
    this.#tables()
  }

  /** Puts everything back as it was: each check stands alone. */
  #begin(): void {
    const { a } = this
    const [A, B, SP] = this.#bits === 32 ? [eax, ebx, esp] : [rax, rbx, rsp]
    a.label('begin').cli().pop(B)
    this.#around.first?.(a)
    if (this.#bits === 32) {
      a.mov(eax, 0x31).mov(cr0, eax).xor(eax, eax).mov(cr4, eax).mov(cr3, eax)
    } else {
      a.mov(ecx, 0xc000_0080).mov(eax, 0x901).xor(edx, edx).wrmsr()
      a.mov(eax, 0x8000_0031).mov(cr0, rax).mov(eax, 0x620).mov(cr4, rax)
      a.mov(mem32(place.pageTables + 0x2000), 0x87).mov(mem32(place.pageTables + 0x2008), 0x20_0087)
      a.mov(eax, place.pageTables).mov(cr3, rax)
    }
    a.mov(edi, place.gdt)
      .mov(esi, 'pristine')
      .mov(ecx, tablesBytes / 4)
      .rep()
      .movsd()
    a.mov(edi, place.tss).mov(esi, 'pristine.tss').mov(ecx, 26).rep().movsd()
    a.mov(edi, place.record).xor(eax, eax).mov(ecx, 0xc0).rep().stosd()
    a.mov(mem32(recordAt('vector')), 0xffff_ffff)
    a.lgdt(mem('gdtr')).lidt(mem('idtr')).xor(eax, eax).lldt(ax).mov(fs, ax).mov(gs, ax)
    a.mov(eax, selector.tss).ltr(ax)
    a.mov(eax, 0x400).mov(dr7, A).mov(eax, 0xffff_0ff0).mov(dr6, A)
    a.mov(SP, place.stack)
      .push(2)
      .emit(this.#bits === 32 ? 'POPFD' : 'POPFQ')
    this.#around.last?.(a)
    a.jmp(B)
  }

  #tables(): void {
    const { a } = this
    a.align(8).label('pristine')
    const { code, data, tss32 } = segmentType
    const low = { base: place.low, limit: 0xffff }
    a.dq(0n, flat(code, this.#bits === 64 ? { big: false, long: true } : {}), flat(data))
    a.dq(flat(code, this.#bits === 64 ? { dpl: 3, big: false, long: true } : { dpl: 3 }), flat(data, { dpl: 3 }))
    a.dq(segment({ base: place.tss, limit: 0x67, type: tss32, system: true }), 0n)
    a.dq(segment({ ...low, type: code | 1 }), segment({ limit: 0xffff, type: data | 1 }))
    a.dq(flat(code, { big: false, long: true }), flat(code, { big: false, long: true, dpl: 3 }))
    a.org(place.pristine + 0x800)
    for (let vector = 0; vector < 256; vector += 1) this.#gate(vector)
    if (this.#bits === 32) a.org(place.pristine + tablesBytes)
    a.label('pristine.tss')
    if (this.#bits === 32) this.#tss32()
    else this.#tss64()
    a.label('gdtr').dw(0x7ff).dd(place.gdt, 0)
    a.label('idtr').dw(0xfff).dd(place.idt, 0)
    a.label('pristine.gdtr').dw(0x7ff).dd(label('pristine'), 0)
  }

  #gate(vector: number): void {
    const wide = this.#bits === 64
    if (vector > leaveVector) this.a.dq(0n)
    else
      this.a.dq(
        gate({
          selector: selector.code,
          offset: place.stubs + vector * 16,
          type: segmentType.interruptGate32,
          dpl: vector === leaveVector ? 3 : 0,
        }),
      )
    if (wide) this.a.dq(0n)
  }

  #tss32(): void {
    this.a
      .dd(0, place.innerStack, selector.data)
      .space(0x64 - 12)
      .dw(0, 0x68)
  }

  #tss64(): void {
    this.a
      .dd(0)
      .dq(BigInt(place.innerStack))
      .space(0x64 - 12)
      .dw(0, 0x68)
  }

  /** Adds a check. `expected` is what its line says behind the name. */
  check(name: string, expected: string, body: Body, show: readonly Shown[] = []): this {
    const { a } = this
    const [A, SI, SP] = this.#bits === 32 ? [eax, esi, esp] : [rax, rsi, rsp]
    const wide = this.#bits === 32 ? mem32 : mem64
    const end = a.unique('end')
    const start = a.unique('start')
    let values = 0
    this.#checks.push({ name, expected })
    this.#assembled.push([])
    a.mov(wide(place.resume), label(end)).call('begin').label(start)
    this.#inBody = true
    body(
      a,
      this.#builder((register) => a.mov(mem({ displacement: place.values + values++ * 8 }), register)),
    )
    this.#inBody = false
    a.label(end).mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(ss, ax).mov(SP, place.stack).cld()
    const text = a.unique('text')
    a.mov(SI, label(text)).call('print').call('what')
    for (const field of show) {
      const shown = a.unique('shown')
      this.#strings.push([shown, ` ${field}=`])
      a.mov(SI, label(shown)).call('print')
      a.mov(A, wide(recordAt(field === 'at' ? 'eip' : field)))
      if (field === 'at') a.sub(A, label(start))
      a.call('hex')
    }
    for (let index = 0; index < values; index += 1)
      a.call('space')
        .mov(A, wide(place.values + index * 8))
        .call('hex')
    this.#strings.push([text, `${name}: `])
    a.mov(SI, label('newline')).call('print')
    return this
  }

  readonly #strings: [string, string][] = []

  #builder(value: (register: Register) => void): CheckBuilder {
    const { a } = this
    const bits = this.#bits
    return {
      a,
      value,
      user(body) {
        const inside = a.unique('user')
        a.push(selector.userData)
          .push(place.userStack)
          .emit(bits === 32 ? 'PUSHFD' : 'PUSHFQ')
        a.push(selector.userCode)
          .push(label(inside))
          .emit(bits === 32 ? 'IRETD' : 'IRETQ')
          .label(inside)
        a.mov(eax, selector.userData).mov(ds, ax).mov(es, ax)
        body(a)
        a.int(leaveVector)
      },
      virtual: (flags, body, segments = {}) => enterVirtual(a, flags, body, segments),
      put(address, bytes) {
        a.mov(mem32(address), Number(bytes & 0xffff_ffffn)).mov(mem32(address + 4), Number(bytes >> 32n))
      },
      descriptor(index, bytes) {
        const at = selector.free + index * 8
        a.mov(mem32(place.gdt + at), Number(bytes & 0xffff_ffffn)).mov(mem32(place.gdt + at + 4), Number(bytes >> 32n))
        return at
      },
      unique: (name) => a.unique(name),
    }
  }

  /** The image: it prints its lines, says goodbye to QEMU's isa-debug-exit and to Bochs, and halts. */
  finish(): Kernel {
    const { a } = this
    const SI = this.#bits === 32 ? esi : rsi
    a.mov(SI, label('done')).call('print')
    // the last byte has left before the machine goes
    a.mov(dx, 0x3fd).label('sent').in(al, dx).test(al, 0x40).je('sent')
    a.mov(dx, 0xf4).xor(eax, eax).out(dx, eax)
    a.mov(dx, 0x8900)
    for (const letter of 'Shutdown') a.mov(eax, letter.charCodeAt(0)).out(dx, ax)
    a.label('halted').cli().hlt().jmp('halted')
    for (const [name, text] of this.#strings) a.label(name).db(text, 0)
    a.label('newline').db('\n', 0).label('done').db('done\n', 0)
    const { bytes, labels } = a.finish()
    const placed = ({ label, codeSize }: Assembled) => ({ offset: Number(labels.get(label)!) - place.image, codeSize })
    const instructions = this.#assembled.map((each) => each.map(placed))
    return { name: this.#name, image: bytes, checks: this.#checks, instructions }
  }
}

/** The highest segment of virtual-8086 mode reaches the image. */
const highSegment = 0xffff
const virtualFlags = 0x2_0002

function enterVirtual(a: Assembler, flags: number, body: (a: Assembler) => void, segments: VirtualSegments): void {
  const inside = a.unique('virtual')
  for (const name of ['gs', 'fs', 'ds', 'es', 'ss'] as const) a.push(segments[name] ?? 0x2000)
  a.push(virtualStack)
    .push(virtualFlags | flags)
    .push(highSegment)
    .push(label(inside, -highSegment * 16))
    .iretd()
  a.bits(16).label(inside)
  body(a)
  a.bits(32)
}
