import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Assembler, al, assembler, dx, eax, ebx, ecx, esi, esp, label, mem, mem32 } from '@vmm/x86-assembler'

const origin = 0x10_0000
const stack = 0x20_0000
const com1 = 0x3f8
const lineStatus = com1 + 5
const debugExitPort = 0xf4
const magic = 0x1bad_b002
/** The header gives addresses: the image is flat. */
const addresses = 1 << 16

const scratch = mkdtempSync(join(tmpdir(), 'vmm-kernels-'))

/** A multiboot image that begins in 32-bit code with EBX at the multiboot information, as bytes. */
export function kernel(build: (a: Assembler) => void): Uint8Array {
  const a = assembler({ origin, codeSize: 32 })
  a.dd(magic, addresses, -(magic + addresses) >>> 0, origin, origin, 0, 0, label('entry'))
  a.label('entry').mov(esp, stack)
  build(a)
  // EBX and EAX stay: who prints wants to know more later
  a.label('print').mov(dx, com1)
  a.label('print next').lodsb().test(al, al).je('printed').out(dx, al).jmp('print next')
  a.label('printed').ret()
  return a.finish().bytes
}

/** The same in a file of its own: its path. */
export function kernelFile(name: string, build: (a: Assembler) => void): string {
  return file(name, kernel(build))
}

/** A file with this content: its path. */
export function file(name: string, content: Uint8Array | string): string {
  const path = join(scratch, name)
  writeFileSync(path, content)
  return path
}

/** The directory that these files are in. */
export const directory: string = scratch

/** A word behind the image that is zero when the machine is new. */
export const counter: ReturnType<typeof mem32> = mem32(0x30_0000)

let texts = 0

/** Prints a text on the first serial line. */
export function say(a: Assembler, text: string): void {
  const [name, behind] = [`text ${texts}`, `behind ${texts}`]
  texts += 1
  a.jmp(behind).label(name).db(text, 0).label(behind)
  a.mov(esi, label(name)).call('print')
}

/** Writes to the debug exit port. */
export function debugExit(a: Assembler, value: number): void {
  a.mov(al, value).mov(dx, debugExitPort).out(dx, al)
}

/** Powers off through the port of Bochs. */
export function powerOff(a: Assembler): void {
  a.mov(dx, 0x8900)
  for (const character of 'Shutdown') a.mov(al, character.charCodeAt(0)).out(dx, al)
}

/** Resets through the port of PCI chip sets. */
export function reset(a: Assembler): void {
  a.mov(dx, 0xcf9).mov(al, 0x06).out(dx, al)
}

/** An exception with no table to look it up in. */
export function tripleFault(a: Assembler): void {
  a.lidt(mem('no table')).ud2().label('no table').dw(0).dd(0)
}

/** Prints the command line, or the bytes of module 0, from the multiboot information. */
export function printInformation(a: Assembler, what: 'command line' | 'module'): void {
  if (what === 'command line') a.mov(esi, mem32({ base: ebx, displacement: 16 })).call('print')
  else {
    a.mov(eax, mem32({ base: ebx, displacement: 24 })).mov(esi, mem32({ base: eax }))
    a.mov(ecx, mem32({ base: eax, displacement: 4 })).sub(ecx, esi)
    a.mov(dx, com1).rep().outsb()
  }
}

/** Prints what it reads from the first serial line, until Ctrl-D. */
export function echo(a: Assembler): void {
  // eight bits a character, and a FIFO
  a.mov(dx, com1 + 3)
    .mov(al, 3)
    .out(dx, al)
    .mov(dx, com1 + 2)
    .mov(al, 1)
    .out(dx, al)
  a.label('wait').mov(dx, lineStatus).in(al, dx).test(al, 1).je('wait')
  a.mov(dx, com1).in(al, dx).cmp(al, 4).je('end of input').out(dx, al).jmp('wait')
  a.label('end of input')
}

/** Prints so many bytes: 0 to 255, and again. */
export function pattern(a: Assembler, count: number): void {
  a.xor(eax, eax).mov(ecx, count).mov(dx, com1)
  a.label('byte').out(dx, al).inc(eax).dec(ecx).jne('byte')
  debugExit(a, 0)
}

/** Runs for ever. */
export function spin(a: Assembler): void {
  a.label('spin').jmp('spin')
}
