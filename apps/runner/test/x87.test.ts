import {
  type Assembler,
  al,
  ax,
  cr0,
  dx,
  eax,
  ecx,
  esi,
  label,
  mem,
  mem16,
  mem32,
  mem80,
  st0,
  st1,
  st2,
} from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { kernelFile, powerOff } from './kernels.ts'
import { vmm } from './vmm.ts'

const com1 = 0x3f8
const scratch = 0x30_0000
const [gateOfMf, gateBytes] = [16, 8]
const present32BitInterruptGate = 0x8e00
const codeSelector = 8
/** All of memory, 32-bit code, CPL 0. */
const flatCode = 0x00cf_9b00_0000_ffffn

/** Native errors, emulation off. Source: SDM 3A §10.2.1, Table 10-2. */
function enableX87(a: Assembler): void {
  a.mov(eax, cr0).and(eax, ~0xc).or(eax, 0x22).mov(cr0, eax).fninit()
}

/** ST(0) as ten bytes on the first serial line. */
function tell(a: Assembler): void {
  a.fstp(mem80(scratch)).mov(esi, scratch).mov(ecx, 10).mov(dx, com1).rep().outsb()
}

/** 1 + 1/2 + … + 1/1999. */
function harmonic(a: Assembler): void {
  a.fldz().mov(ecx, 1)
  a.label('term').mov(mem32(scratch), ecx).fld1().fidiv(mem32(scratch)).faddp(st1, st0)
  a.inc(ecx).cmp(ecx, 2000).jne('term')
}

/** The arithmetic-geometric mean of 1 and 2, in eight turns: ST(0) is the arithmetic side, ST(1) the geometric one. */
function mean(a: Assembler): void {
  a.mov(mem32(scratch), 2).fild(mem32(scratch)).fld1().mov(ecx, 8)
  a.label('turn').fld(st0).fadd(st0, st2).fidiv(mem32(scratch))
  a.fxch(st2).fmulp(st1, st0).fsqrt().fxch(st1)
  a.dec(ecx).jne('turn')
}

/** What follows runs when #MF comes. */
function onMf(a: Assembler): void {
  const gate = (offset: number) => mem16({ displacement: scratch + 0x100 + gateOfMf * gateBytes + offset })
  a.mov(eax, label('on #MF')).mov(gate(0), ax).shr(eax, 16).mov(gate(6), ax)
  a.mov(gate(2), codeSelector).mov(gate(4), present32BitInterruptGate)
  a.lgdt(mem('descriptors')).lidt(mem('gates')).jmp('behind tables')
  a.label('descriptors').dw(15).dd(label('flat'))
  a.label('gates')
    .dw((gateOfMf + 1) * gateBytes - 1)
    .dd(scratch + 0x100)
  a.align(8).label('flat').dq(0n, flatCode).label('behind tables')
}

const hex = (text: string): string => Buffer.from(text, 'latin1').reverse().toString('hex')

test('a kernel computes with 80 bits what a CPU computes, and gets #MF for what it has unmasked', async () => {
  const image = kernelFile('x87', (a) => {
    enableX87(a)
    harmonic(a)
    tell(a)
    a.fld1().fld1().fpatan()
    tell(a)
    mean(a)
    tell(a)
    a.fninit()
    onMf(a)
    a.mov(mem32(scratch), 0x37b).fldcw(mem16(scratch))
    a.fld1().fldz().fdivp(st1, st0).fwait()
    a.mov(al, 0x21).mov(dx, com1).out(dx, al)
    powerOff(a)
    a.label('on #MF').fnstsw(ax).mov(dx, com1).out(dx, al).shr(eax, 8).out(dx, al)
    powerOff(a)
  })
  const { status, stdout } = await vmm(['run', image])
  expect(status).toBe(0)
  const [sum, angle, agm, fsw] = [0, 10, 20, 30].map((at) => hex(stdout.slice(at, Math.min(at + 10, 32))))
  // what an AMD EPYC (family 1AH, model 02H) gives for the same instructions
  expect([sum, angle, agm]).toEqual(['400282d88c39801f8cac', '3ffec90fdaa22168c235', '3fffba7820e5b9ee5390'])
  expect([fsw, stdout.length]).toEqual(['b084', 32])
})
