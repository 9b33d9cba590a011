import { ax, bx, cr0, cr4, ds, dx, eax, ebx, label, mem, mem8, mem16, mem32 } from '@vmm/x86-assembler'
import { gate, segmentType } from '../kernel/descriptor.ts'
import { type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { leaveVector, place, selector } from '../kernel/places.ts'

const iopl3 = 0x3000
const ud2 = 0x0b0f
const [IF, VIF, VIP] = [0x200, 0x8_0000, 0x10_0000]

/** A gate of DPL 3 whose handler gives the processor back. */
const openGate = (vector: number, more: object = {}): bigint =>
  gate({
    selector: selector.code,
    offset: place.stubs + vector * 16,
    type: segmentType.interruptGate32,
    dpl: 3,
    ...more,
  })
const idtEntry = (vector: number) => place.idt + vector * 8

function entering(k: KernelBuilder): void {
  k.check(
    'INT leaves: the frame holds the data segments',
    'ok cs=ffff ss=1000 esp=8000 v86es=1001 v86ds=1002 v86fs=1003 v86gs=1004',
    (_a, c) =>
      c.virtual(iopl3, (a) => a.int(leaveVector), { ss: 0x1000, es: 0x1001, ds: 0x1002, fs: 0x1003, gs: 0x1004 }),
    ['cs', 'ss', 'esp', 'v86es', 'v86ds', 'v86fs', 'v86gs'],
  )
  k.check(
    'the handler finds null data segments',
    'ok eflags=23002 fs=0',
    (_a, c) => c.virtual(iopl3, (a) => a.int(leaveVector)),
    ['eflags', 'fs'],
  )
  k.check(
    'segments are sixteen times their selectors',
    'ok eax=1234 ebx=12345678',
    (a, c) => {
      a.mov(mem16(0x2_0010), 0x1234).mov(mem32(0x2_0100), 0x1234_5678)
      c.virtual(iopl3, (v) =>
        v.xor(eax, eax).mov(ax, mem16(0x10)).mov(bx, 0x2010).mov(ds, bx).mov(ebx, mem32(0)).int(leaveVector),
      )
    },
    ['eax', 'ebx'],
  )
  k.check('a word at the end of a segment', '#GP(0)', (_a, c) => c.virtual(iopl3, (a) => a.mov(ax, mem16(0xffff))))
  k.check(
    'IRET to virtual-8086 mode past 64 KiB',
    '#GP(0) cs=8',
    (a) => {
      // whoever goes there finds UD2
      a.mov(mem16(0x1_0000), ud2).mov(mem16(0x2_0000), ud2)
      for (let slot = 0; slot < 5; slot += 1) a.push(0x2000)
      a.push(0x8000).push(0x2_3002).push(0x1000).push(0x1_0000).iretd()
    },
    ['cs'],
  )
  k.check('an exception from virtual-8086 mode to a handler of CPL 3', '#GP(18)', (_a, c) => {
    c.put(
      idtEntry(0x30),
      gate({ selector: selector.userCode, offset: place.stubs, type: segmentType.interruptGate32, dpl: 3 }),
    )
    c.virtual(iopl3, (a) => a.int(0x30))
  })
}

/** Instructions that IOPL keeps away. Source: SDM 3B §21.2.7. */
function sensitive(k: KernelBuilder): void {
  const each: readonly [string, (a: KernelBuilder['a']) => unknown][] = [
    ['CLI', (a) => a.cli()],
    ['STI', (a) => a.sti()],
    ['PUSHF', (a) => a.pushf()],
    ['POPF', (a) => a.popf()],
    ['INT n', (a) => a.int(leaveVector)],
    ['IRET', (a) => a.iret()],
  ]
  for (const [name, act] of each) k.check(`${name} with IOPL 0`, '#GP(0)', (_a, c) => c.virtual(0, act))
  k.check(
    'CLI and STI with IOPL 3',
    'ok eflags=23202',
    (_a, c) => c.virtual(iopl3 | IF, (a) => a.cli().sti().nop().int(leaveVector)),
    ['eflags'],
  )
  k.check(
    'POPF cannot change IOPL',
    'ok eflags=23002',
    (_a, c) => c.virtual(iopl3, (a) => a.push(2).popf().int(leaveVector)),
    ['eflags'],
  )
  k.check(
    'IRET stays in virtual-8086 mode',
    'ok eax=3 eflags=23006',
    (_a, c) =>
      c.virtual(iopl3, (a) => {
        const to = c.unique('to')
        a.mov(eax, 3).push(6).push(0xffff).push(label(to, -0xf_fff0)).iret().ud2().label(to).int(leaveVector)
      }),
    ['eax', 'eflags'],
  )
  k.check('INT3 obeys the DPL of its gate', '#GP(1a)', (_a, c) => c.virtual(iopl3, (a) => a.int3()))
  k.check('INT3 needs no IOPL', '#BP', (_a, c) => {
    c.put(idtEntry(3), openGate(3))
    c.virtual(0, (a) => a.int3())
  })
  for (const [name, act] of [
    ['HLT', (a) => a.hlt()],
    ['MOV to CR0', (a) => a.mov(eax, cr0)],
    ['LGDT', (a) => a.lgdt(mem(0))],
    ['CLTS', (a) => a.clts()],
  ] as readonly [string, (a: KernelBuilder['a']) => unknown][])
    k.check(`${name} is privileged`, '#GP(0)', (_a, c) => c.virtual(iopl3, act))
  for (const [name, act] of [
    ['LLDT', (a) => a.lldt(ax)],
    ['SLDT', (a) => a.sldt(ax)],
    ['STR', (a) => a.str(ax)],
    ['LTR', (a) => a.ltr(ax)],
    ['LAR', (a) => a.lar(ax, bx)],
    ['LSL', (a) => a.lsl(ax, bx)],
    ['VERR', (a) => a.verr(ax)],
    ['ARPL', (a) => a.arpl(ax, bx)],
    ['ANDN, and with it VEX,', (a) => a.bytes([0xc4, 0xe2, 0x70, 0xf2, 0xc3])],
  ] as readonly [string, (a: KernelBuilder['a']) => unknown][])
    k.check(`${name} is not recognized`, '#UD', (_a, c) => c.virtual(iopl3, act))
}

/** Ports go by the bit map alone. Source: SDM 1 §19.5.2. */
function ports(k: KernelBuilder): void {
  const map =
    (bits: number, limit = 0x6f) =>
    (c: Parameters<Parameters<KernelBuilder['check']>[2]>[1]) => {
      c.a.mov(mem16(place.tss + 0x66), 0x68).mov(mem16(place.tss + 0x68), bits)
      c.a.mov(mem16(place.gdt + selector.tss), limit)
      c.a
        .mov(mem8(place.gdt + selector.tss + 5), 0x89)
        .mov(eax, selector.tss)
        .ltr(ax)
    }
  k.check('IN where the map has a clear bit', 'ok', (_a, c) => {
    map(0xff00)(c)
    c.virtual(iopl3, (a) => a.mov(dx, 0).in(ax, dx).int(leaveVector))
  })
  k.check('IN where the map has a set bit', '#GP(0)', (_a, c) => {
    map(0x0001)(c)
    c.virtual(iopl3, (a) => a.mov(dx, 0).in(ax, dx).int(leaveVector))
  })
  k.check('IN of two ports where the second is refused', '#GP(0)', (_a, c) => {
    map(0x0002)(c)
    c.virtual(iopl3, (a) => a.mov(dx, 0).in(ax, dx).int(leaveVector))
  })
  k.check('IN past the end of the map', '#GP(0)', (_a, c) => {
    map(0, 0x69)(c)
    c.virtual(iopl3, (a) => a.mov(dx, 0x10).in(ax, dx).int(leaveVector))
  })
}

const extended = (a: KernelBuilder['a']): void => void a.mov(eax, cr4).or(eax, 1).mov(cr4, eax)

/** The virtual interrupt flag. Source: SDM 3B §21.3.3, §21.4. */
function extensions(k: KernelBuilder): void {
  const with_ = (name: string, expected: string, flags: number, act: (a: KernelBuilder['a']) => unknown) =>
    k.check(
      `with VME, ${name}`,
      expected,
      (a, c) => {
        extended(a)
        c.virtual(flags, act)
      },
      ['eax', 'eflags'],
    )
  with_('CLI clears VIF', '#UD eax=1 eflags=30202', VIF | IF, (a) => a.mov(eax, 1).cli().ud2())
  with_('STI sets VIF', '#UD eax=1 eflags=b0002', 0, (a) => a.mov(eax, 1).sti().ud2())
  with_('STI while an interrupt waits', '#GP(0) eax=1 eflags=130002', VIP, (a) => a.mov(eax, 1).sti())
  with_('PUSHF shows VIF as IF and IOPL 3', '#UD eax=3202 eflags=b0002', VIF, (a) =>
    a.mov(eax, 0).pushf().pop(ax).ud2(),
  )
  with_('PUSHFD with IOPL 0', '#GP(0) eax=1 eflags=30002', 0, (a) => a.mov(eax, 1).pushfd())
  with_('POPF loads IF into VIF', '#UD eax=1 eflags=b0003', 0, (a) => a.mov(eax, 1).push(0x203).popf().ud2())
  with_('POPF does not set TF', '#GP(0) eax=1 eflags=30002', 0, (a) => a.mov(eax, 1).push(0x102).popf())
  with_('POPF sets no IF while an interrupt waits', '#GP(0) eax=1 eflags=130002', VIP, (a) =>
    a.mov(eax, 1).push(0x202).popf(),
  )
  with_('IRET loads IF into VIF', '#UD eax=5 eflags=b0002', 0, (a) => {
    const to = a.unique('to')
    a.mov(eax, 5).push(0x202).push(0xffff).push(label(to, -0xf_fff0)).iret().label(to).ud2()
  })
  with_('POPF with IOPL 3 changes IF itself', '#UD eax=1 eflags=33202', iopl3, (a) =>
    a.mov(eax, 1).push(0x202).popf().ud2(),
  )
}

/** Vectors that virtual-8086 mode handles itself. Source: SDM 3B §21.3.3, Table 21-2. */
function redirection(k: KernelBuilder): void {
  const vector = 0x41
  const with_ = (name: string, expected: string, flags: number, keeps: boolean) =>
    k.check(
      name,
      expected,
      (a, c) => {
        const own = a.unique('own')
        extended(a)
        a.mov(mem16(place.tss + 0x66), 0x88).mov(mem8(place.tss + 0x68 + (vector >> 3)), keeps ? 1 << (vector & 7) : 0)
        a.mov(mem16(place.gdt + selector.tss), 0x88).mov(mem8(place.gdt + selector.tss + 5), 0x89)
        a.mov(eax, selector.tss).ltr(ax)
        a.mov(mem16(vector * 4), label(own, -0xf_fff0)).mov(mem16(vector * 4 + 2), 0xffff)
        c.put(idtEntry(vector), openGate(leaveVector))
        c.virtual(flags, (v) => v.mov(eax, 7).mov(ebx, 0).int(vector).ud2().label(own).pop(ax).pop(ax).pop(bx).ud2())
      },
      ['eax', 'ebx', 'eflags'],
    )
  with_('with VME, INT n goes to the handler of its own', '#UD eax=ffff ebx=3202 eflags=30002', VIF, false)
  with_('with VME and IOPL 3, INT n does so too', '#UD eax=ffff ebx=3202 eflags=33002', iopl3 | IF, false)
  with_('with VME, INT n that is kept', '#GP(0) eax=7 ebx=0 eflags=30002', 0, true)
  with_('with VME and IOPL 3, INT n that is kept goes to the IDT', 'ok eax=7 ebx=0 eflags=23002', iopl3, true)
}

/** Protected-mode virtual interrupts. Source: SDM 3B §21.4. */
function protectedVirtual(k: KernelBuilder): void {
  const with_ = (name: string, expected: string, flags: number, act: (a: KernelBuilder['a']) => unknown) =>
    k.check(
      `with PVI, ${name}`,
      expected,
      (a, c) => {
        a.mov(eax, cr4)
          .or(eax, 2)
          .mov(cr4, eax)
          .push(flags | 2)
          .popfd()
        c.user((inside) => void act(inside))
      },
      ['eflags'],
    )
  with_('STI at CPL 3 sets VIF', '#UD eflags=90002', 0, (a) => a.sti().ud2())
  with_('CLI at CPL 3 leaves IF', '#UD eflags=10202', IF, (a) => a.cli().ud2())
  with_('PUSHFD at CPL 3 shows IF', 'ok eflags=202', IF, (a) => a.pushfd().pop(eax))
  k.check('without PVI, CLI at CPL 3', '#GP(0)', (_a, c) => c.user((a) => a.cli()))
}

/** Virtual-8086 mode. Source: SDM 3B chapter 21. */
export function virtual8086(): Kernel {
  const k = new KernelBuilder('virtual8086', 32)
  entering(k)
  sensitive(k)
  ports(k)
  extensions(k)
  redirection(k)
  protectedVirtual(k)
  return k.finish()
}
