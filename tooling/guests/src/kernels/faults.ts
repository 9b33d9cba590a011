import { al, ax, cr0, cs, ds, dx, eax, ebx, mem, mem8, mem16, mem32, ss, st0, xmm0 } from '@vmm/x86-assembler'
import { gate, segmentType } from '../kernel/descriptor.ts'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

const idtEntry = (vector: number) => place.idt + vector * 8
/** A gate to the stub of a vector. */
const toStub = (vector: number, more: Partial<Parameters<typeof gate>[0]> = {}) =>
  gate({ selector: selector.code, offset: place.stubs + vector * 16, type: segmentType.interruptGate32, ...more })

function plain(k: KernelBuilder): void {
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
  k.check('an instruction of sixteen bytes', '#GP(0)', (a) => a.bytes([...Array<number>(15).fill(0x66), 0x90]))
  k.check('LOCK where it has no place', '#UD', (a) => a.bytes([0xf0, 0x90]))
  k.check('LOCK of a register', '#UD', (a) => a.bytes([0xf0, 0x01, 0xc0]))
}

/** What happens while an exception is delivered. Source: SDM 3A §6.15, Tables 6-4 and 6-5. */
function double(k: KernelBuilder): void {
  const broken = (name: string, expected: string, vector: number, act: (a: Asm) => unknown, entry = 0n) =>
    k.check(name, expected, (a, c) => {
      c.put(idtEntry(vector), entry)
      void act(a)
    })
  const generalProtection = (a: Asm) => a.mov(eax, 0x1000).mov(ds, ax)
  broken('#UD whose gate is missing', '#GP(33)', 6, (a) => a.ud2())
  broken('#UD whose gate is not present', '#NP(33)', 6, (a) => a.ud2(), toStub(6, { present: false }))
  broken('#UD whose gate leads to data', '#GP(11)', 6, (a) => a.ud2(), toStub(6, { selector: selector.data }))
  broken('#UD whose gate leads nowhere', '#GP(1)', 6, (a) => a.ud2(), toStub(6, { selector: 0 }))
  broken('#GP whose gate is missing', '#DF(0)', 13, generalProtection)
  broken('#DE whose gate is missing', '#DF(0)', 0, (a) => a.xor(ebx, ebx).div(ebx))
  broken('#GP whose gate is not present', '#DF(0)', 13, generalProtection, toStub(13, { present: false }))
  broken('INT n whose gate is missing', '#GP(182)', 0x30, (a) => a.int(0x30))
  broken('INT3 whose gate is missing', '#GP(1a)', 3, (a) => a.int3())
  broken('a 16-bit gate type that is none', '#GP(33)', 6, (a) => a.ud2(), toStub(6, { type: 9 }))
  k.check('INT n past the IDT', '#GP(402)', (a) =>
    a.lidt(mem('idtr short')).int(0x80).label('idtr short').dw(0x3ff).dd(place.idt),
  )
}

/** Privilege, ports and the FPU's availability. */
function guarded(k: KernelBuilder): void {
  k.check('IN at CPL 3 with IOPL 0', '#GP(0)', (_a, c) => c.user((u) => u.mov(dx, 0x80).in(al, dx)))
  k.check('IN at CPL 3 with IOPL 3', 'ok', (a, c) => {
    a.push(0x3002).popfd()
    c.user((u) => u.mov(dx, 0x80).in(al, dx))
  })
  k.check('IN at CPL 3 that the bit map allows', 'ok', (a, c) => {
    a.mov(mem16(place.tss + 0x66), 0x68).mov(mem32(place.tss + 0x68), 0xff00)
    a.mov(mem16(place.gdt + selector.tss), 0x6b).mov(mem8(place.gdt + selector.tss + 5), 0x89)
    a.mov(eax, selector.tss).ltr(ax)
    c.user((u) => u.mov(dx, 4).in(ax, dx))
  })
  k.check('POPF at CPL 3 leaves IF and IOPL', 'ok 2', (_a, c) => {
    c.user((u) => {
      u.push(0x3202).popfd().pushfd().pop(eax)
      c.value(eax)
    })
  })
  k.check('CLI at CPL 3', '#GP(0)', (_a, c) => c.user((u) => u.cli()))
  k.check('x87 with CR0.TS', '#NM', (a) => a.mov(eax, cr0).or(eax, 8).mov(cr0, eax).fld(st0))
  k.check('x87 with CR0.EM', '#NM', (a) => a.mov(eax, cr0).or(eax, 4).mov(cr0, eax).fld(st0))
  k.check('SSE without CR4.OSFXSR', '#UD', (a) => a.movaps(xmm0, xmm0))
  k.check(
    'alignment is checked at CPL 3',
    '#AC(0) cs=1b',
    (a, c) => {
      a.mov(eax, cr0).or(eax, 0x4_0000).mov(cr0, eax).push(0x4_0002).popfd()
      c.user((u) => u.mov(eax, mem32(place.scratch + 1)))
    },
    ['cs'],
  )
  const storedTable = (name: string, expected: string, at: number) =>
    k.check(name, expected, (a, c) => {
      a.mov(eax, cr0).or(eax, 0x4_0000).mov(cr0, eax).push(0x4_0002).popfd()
      c.user((u) => u.sgdt(mem(place.scratch + at)))
    })
  storedTable('SGDT with its base on a doubleword', 'ok', 2)
  storedTable('SGDT with its limit on a doubleword', '#AC(0)', 4)
  k.check('alignment is not checked at CPL 0', 'ok', (a) => {
    a.mov(eax, cr0)
      .or(eax, 0x4_0000)
      .mov(cr0, eax)
      .push(0x4_0002)
      .popfd()
      .mov(eax, mem32(place.scratch + 1))
  })
}

/** Exceptions of protected mode: which, with what error code, where. Source: SDM 3A §6.15. */
export function faults(): Kernel {
  const k = new KernelBuilder('faults', 32)
  plain(k)
  double(k)
  guarded(k)
  return k.finish()
}
