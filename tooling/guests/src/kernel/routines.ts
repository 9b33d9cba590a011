import {
  type Assembler,
  absolute,
  al,
  ax,
  bl,
  cl,
  cr2,
  dr6,
  ds,
  dx,
  eax,
  ebp,
  ebx,
  ecx,
  edi,
  edx,
  es,
  esi,
  esp,
  fs,
  label,
  mem,
  mem8,
  mem32,
  mem64,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
} from '@vmm/x86-assembler'
import { leaveVector, place, recordAt, recordFields, selector } from './places.ts'

const serial = 0x3f8
/** Exceptions that push an error code. Source: SDM 3A §6.13. */
const withError: ReadonlySet<number> = new Set([8, 10, 11, 12, 13, 14, 17, 21])
const names = 'DE DB NMIBP OF BR UD NM DF CSOTS NP SS GP PF 15 MF AC MC XM VE CP '

/** Handlers of all exceptions and of the vector that leaves CPL 3, at addresses known beforehand. */
export function stubs(a: Assembler): void {
  for (let vector = 0; vector <= leaveVector; vector += 1) {
    a.org(place.stubs + vector * 16)
    if (!withError.has(vector)) a.push(0)
    a.push(vector).jmp('fault')
  }
  a.align(16)
}

/** Notes what happened, and goes on where the check ends. */
export function faultHandler(a: Assembler, bits: 32 | 64): void {
  const [A, C, D, B, BP, SI, DI, SP] =
    bits === 32 ? [eax, ecx, edx, ebx, ebp, esi, edi, esp] : [rax, rcx, rdx, rbx, rbp, rsi, rdi, rsp]
  const word = bits / 8
  const _at = (index: number) => (bits === 32 ? mem32 : mem64)({ base: SP, displacement: index * word })
  a.label('fault')
  for (const register of [A, C, D, B, SP, BP, SI, DI]) a.push(register)
  a.mov(eax, selector.data).mov(ds, ax).mov(es, ax).cld()
  a.mov(SI, SP).mov(DI, place.record)
  const pushed = bits === 32 ? recordFields.indexOf('cr2') : recordFields.indexOf('v86es')
  a.mov(ecx, pushed).label('fault.copy')
  if (bits === 32) a.movsd().add(DI, 4)
  else a.movsq()
  a.dec(ecx).jne('fault.copy')
  a.mov(A, cr2).mov(mem({ displacement: recordAt('cr2') }), A)
  a.mov(A, dr6).mov(mem({ displacement: recordAt('dr6') }), A)
  a.str(ax).mov(mem({ displacement: recordAt('tr') }), ax)
  a.mov(mem({ displacement: recordAt('fs') }), fs)
  // a program that gives the processor back has no fault, but registers to show
  a.cmp(mem32(recordAt('vector')), leaveVector)
    .jne('resumed')
    .mov(mem32(recordAt('vector')), 0xffff_ffff)
  a.label('resumed').jmp((bits === 32 ? mem32 : mem64)(place.resume))
}

/** `print`: the text at ESI. `hex`: the number in EAX or RAX without leading zeros. `space`. `name`: the exception in EAX. */
export function printing(a: Assembler, bits: 32 | 64): void {
  const [A, B, SI] = bits === 32 ? [eax, ebx, esi] : [rax, rbx, rsi]
  a.label('send')
    .push(A)
    .mov(dx, serial + 5)
  a.label('send.wait').in(al, dx).test(al, 0x20).je('send.wait')
  a.pop(A).mov(dx, serial).out(dx, al).ret()
  a.label('print')
    .mov(al, mem8({ base: SI }))
    .inc(SI)
    .test(al, al)
    .je('printed')
    .call('send')
    .jmp('print')
  a.label('printed').ret()
  a.label('hex')
    .mov(B, A)
    .mov(cl, bits - 4)
  a.label('hex.skip').mov(A, B).shr(A, cl).test(al, 15).jne('hex.digit').sub(cl, 4).jne('hex.skip')
  a.label('hex.digit').mov(A, B).shr(A, cl).and(eax, 15)
  a.mov(al, mem8({ base: A, displacement: absolute('digits') })).call('send')
  a.sub(cl, 4).jns('hex.digit').ret()
  a.label('space').mov(al, 0x20).jmp('send')
  a.label('name').lea(A, mem({ base: A, index: A, scale: 2, displacement: absolute('names') }))
  a.mov(SI, A).mov(bl, 3)
  a.label('name.next')
    .mov(al, mem8({ base: SI }))
    .inc(SI)
    .cmp(al, 0x20)
    .je('name.skip')
    .call('send')
  a.label('name.skip').dec(bl).jne('name.next').ret()
  a.label('digits').db('0123456789abcdef')
  a.label('names').db(names.padEnd(96, '?'))
}

/** Prints `#NAME(code)`, or nothing where there was no fault. */
export function printFault(a: Assembler, bits: 32 | 64): void {
  const [A, SI] = bits === 32 ? [eax, esi] : [rax, rsi]
  a.label('what')
    .mov(eax, mem32(recordAt('vector')))
    .cmp(eax, -1)
    .je('what.none')
  a.push(A).mov(al, 0x23).call('send').pop(A).push(A).call('name').pop(A)
  a.mov(ecx, [...withError].reduce((mask, vector) => mask | (1 << vector), 0) >>> 0)
  a.bt(ecx, eax).jae('what.done')
  a.mov(al, 0x28)
    .call('send')
    .mov(eax, mem32(recordAt('error')))
    .call('hex')
    .mov(al, 0x29)
    .jmp('send')
  a.label('what.none').mov(SI, label('ok')).jmp('print')
  a.label('what.done').ret()
  a.label('ok').db('ok', 0)
}
