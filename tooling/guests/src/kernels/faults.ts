import { ax, bx, cr0, cs, ds, eax, ebx, ecx, edi, mem, mem32, ss } from '@vmm/x86-assembler'
import { flat, segment, segmentType } from '../kernel/descriptor.ts'
import { type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'

/** Exceptions of protected mode: which, with what error code, where. Source: SDM 3A §6.15. */
export function faults(): Kernel {
  const k = new KernelBuilder('faults', 32)
  k.check('nothing happens', 'ok', (a) => a.nop())
  k.check('a value is printed', 'ok 1234abcd 0', (a, c) => {
    a.mov(eax, 0x1234_abcd)
    c.value(eax)
    a.xor(ebx, ebx)
    c.value(ebx)
  })
  k.check('UD2 faults where it is', '#UD at=1', (a) => a.nop().ud2(), ['at'])
  k.check('division by zero', '#DE at=4', (a) => a.xor(ebx, ebx).xor(eax, eax).div(ebx), ['at'])
  k.check('INT3 is a trap', '#BP at=2', (a) => a.nop().int3(), ['at'])
  k.check('INTO after an overflow', '#OF at=9', (a) => a.mov(eax, 0x7fff_ffff).add(eax, 1).into(), ['at'])
  k.check('null selector into DS', 'ok', (a) => a.xor(eax, eax).mov(ds, ax))
  k.check('access through a null DS', '#GP(0)', (a) => a.xor(eax, eax).mov(ds, ax).mov(eax, mem32(0)))
  k.check('null selector into SS', '#GP(0)', (a) => a.xor(eax, eax).mov(ss, ax))
  k.check('selector past the GDT', '#GP(1000)', (a) => a.mov(eax, 0x1003).mov(ds, ax))
  k.check('HLT at CPL 3', '#GP(0) cs=1b', (_a, c) => c.user((a) => a.hlt()), ['cs'])
  k.check('back from CPL 3', 'ok 1b', (_a, c) => {
    c.user((a) => {
      a.mov(eax, cs)
      c.value(eax)
    })
  })
  return k.finish()
}
void [bx, cr0, ecx, edi, mem, flat, segment, segmentType, place, selector]
