import {
  type Assembler,
  al,
  assembler,
  ax,
  cl,
  ds,
  dx,
  eax,
  ebx,
  ecx,
  edx,
  es,
  esp,
  label,
  mem,
  mem8,
  mem32,
  rax,
  rbx,
  rdi,
  rdx,
  rsi,
  ss,
} from '@vmm/x86-assembler'
import { enterLongMode, multibootHeader } from './beginning.ts'

/** Where the image lies, and where it keeps what it writes: page tables and a stack behind it. */
const place = { image: 0x10_0000, tables: 0x11_0000, text: 0x11_6000, stack: 0x12_0000 } as const
const serialPort = 0x3f8
/** Writing "Shutdown" here powers a Bochs-like machine off. */
const shutdownPort = 0x8900
const KVM_HC_VAPIC_POLL_IRQ = 1
const msr = { IA32_APIC_BASE: 0x1b, IA32_PAT: 0x277, IA32_EFER: 0xc000_0080 } as const

/** What is reported, in this order. */
const fieldNames = ['vendor', 'brand', 'signature', 'hypervisor', ...Object.keys(msr), 'hypercall']

/**
 * A multiboot image that needs nothing: it enters 64-bit mode, prints the CPU's vendor, brand, features, a few MSRs and
 * what a hypercall answers on the first serial port, and powers off.
 */
export function builtInGuest(): Uint8Array {
  const a = assembler({ origin: place.image, codeSize: 32 })
  multibootHeader(a, place.image)
  a.label('entry').mov(esp, place.stack)
  enterLongMode(a, { tables: place.tables, gdtr: 'gdtr', code: 0x08, to: 'main' })
  report(a)
  powerOff(a)
  routines(a)
  data(a)
  return a.finish().bytes
}

function report(a: Assembler): void {
  a.mov(eax, 0x10).mov(ds, ax).mov(es, ax).mov(ss, ax)
  say(a, 'title')
  a.xor(eax, eax).cpuid()
  a.mov(mem32(place.text), ebx)
    .mov(mem32(place.text + 4), edx)
    .mov(mem32(place.text + 8), ecx)
    .mov(mem8(place.text + 12), 0)
  field(a, 'vendor', () => a.mov(rsi, place.text).call('print'))
  brand(a)
  a.mov(eax, 1).xor(ecx, ecx).cpuid().mov(rbx, rax)
  field(a, 'signature', () => a.mov(rax, rbx).call('hex'))
  a.mov(eax, 0x4000_0000).cpuid()
  a.mov(mem32(place.text), ebx)
    .mov(mem32(place.text + 4), ecx)
    .mov(mem32(place.text + 8), edx)
  field(a, 'hypervisor', () => a.mov(rsi, place.text).call('print'))
  for (const [name, index] of Object.entries(msr)) {
    field(a, name, () => a.mov(ecx, index).rdmsr().shl(rdx, 32).or(rax, rdx).call('hex'))
  }
  a.mov(rax, KVM_HC_VAPIC_POLL_IRQ).xor(ebx, ebx).vmcall().mov(rbx, rax)
  field(a, 'hypercall', () => a.mov(rax, rbx).call('hex'))
}

/** The three leaves of the brand string, one after another. */
function brand(a: Assembler): void {
  a.mov(rdi, place.text)
  for (const leaf of [0x8000_0002, 0x8000_0003, 0x8000_0004]) {
    a.mov(eax, leaf).cpuid()
    for (const [register, offset] of [
      [eax, 0],
      [ebx, 4],
      [ecx, 8],
      [edx, 12],
    ] as const)
      a.mov(mem32({ base: rdi, displacement: offset }), register)
    a.add(rdi, 16)
  }
  a.mov(mem8({ base: rdi }), 0)
  field(a, 'brand', () => a.mov(rsi, place.text).call('print'))
  a.xor(eax, eax).mov(mem32(place.text + 12), eax)
}

function say(a: Assembler, name: string): void {
  a.lea(rsi, mem(name)).call('print')
}

/** "name: value", one line. */
function field(a: Assembler, name: string, value: () => void): void {
  a.push(rbx)
  say(a, `name ${name}`)
  a.pop(rbx)
  value()
  a.lea(rsi, mem('newline')).call('print')
}

function powerOff(a: Assembler): void {
  a.lea(rsi, mem('shutdown')).mov(dx, shutdownPort)
  a.label('off').lodsb().test(al, al).je('halt').out(dx, al).jmp('off')
  a.label('halt').cli().hlt().jmp('halt')
}

/** `print` writes the string at RSI; `hex` the number in RAX, sixteen digits. Both use the first serial port. */
function routines(a: Assembler): void {
  a.label('print').mov(dx, serialPort)
  a.label('print next').lodsb().test(al, al).je('printed').out(dx, al).jmp('print next')
  a.label('printed').ret()
  a.label('hex').mov(rdi, rax).mov(cl, 60).mov(dx, serialPort)
  a.label('hex next').mov(rax, rdi).shr(rax, cl).and(eax, 15).add(al, 0x30).cmp(al, 0x39).jbe('digit').add(al, 39)
  a.label('digit').out(dx, al).sub(cl, 4).jns('hex next').ret()
}

function data(a: Assembler): void {
  a.align(8).label('gdt').dq(0n, 0x00af_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn)
  a.label('gdtr').dw(23).dd(label('gdt'), 0)
  a.label('title').db('vmm: the built-in guest\n', 0)
  a.label('newline').db('\n', 0)
  a.label('shutdown').db('Shutdown', 0)
  for (const name of fieldNames) a.label(`name ${name}`).db(`${name}: `, 0)
}
