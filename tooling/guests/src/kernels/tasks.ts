import { ax, bl, bx, cr0, dr7, ds, eax, ebx, ecx, edi, esp, far, mem8, mem16, mem32 } from '@vmm/x86-assembler'
import { flat, gate, segment, segmentType } from '../kernel/descriptor.ts'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

interface Task {
  readonly eip: string
  readonly eflags?: number
  readonly cs?: number
  readonly ss?: number
  readonly ds?: number
  readonly ldt?: number
  readonly trap?: boolean
  readonly esp?: number
  readonly cr3?: number
}

/** Fields of a 32-bit TSS by offset. Source: SDM 3A §8.2.1, Figure 8-2. */
function writeTss32(a: Asm, at: number, task: Task): void {
  a.mov(edi, at).xor(eax, eax).mov(ecx, 26).rep().stosd()
  a.mov(mem32(at + 0x20), task.eip).mov(mem32(at + 0x24), task.eflags ?? 2)
  a.mov(mem32(at + 0x28), 0xaaaa_0001).mov(mem32(at + 0x34), 0xbbbb_0003)
  for (const [offset, value] of [
    [0x1c, task.cr3 ?? 0],
    [0x38, task.esp ?? place.otherStack],
    [0x48, task.ds ?? selector.data],
    [0x4c, task.cs ?? selector.code],
    [0x50, task.ss ?? selector.data],
    [0x54, task.ds ?? selector.data],
    [0x60, task.ldt ?? 0],
    [0x64, task.trap === true ? 1 : 0],
  ] as const)
    a.mov(mem32(at + offset), value)
}

/** A 16-bit TSS: its code and stack lie below 64 KiB of their segments. Source: SDM 3A §8.6, Figure 8-10. */
function writeTss16(a: Asm, at: number, ip: string, cs: number, ds: number): void {
  a.mov(edi, at).xor(eax, eax).mov(ecx, 11).rep().stosd()
  a.mov(eax, ip)
    .sub(eax, place.image)
    .mov(mem16(at + 0x0e), ax)
  for (const [offset, value] of [
    [0x10, 2],
    [0x12, 0x1111],
    [0x18, 0x4444],
    [0x1a, 0x8000],
    [0x22, ds],
    [0x24, cs],
    [0x26, ds],
    [0x28, ds],
  ] as const)
    a.mov(mem16(at + offset), value)
}

const tssAt = place.otherTss
const tss32 = (more: object = {}) =>
  segment({ base: tssAt, limit: 0x67, type: segmentType.tss32, system: true, ...more })
const free = (index: number) => selector.free + index * 8

/** Makes a TSS in the first free slot, whose task begins at a label that is given back. */
function task(c: CheckBuilder, more: Omit<Task, 'eip'> = {}, descriptor = tss32()): string {
  c.descriptor(0, descriptor)
  const name = c.unique('task')
  writeTss32(c.a, tssAt, { eip: name, ...more })
  return name
}

/** Makes a task as `task` does, and jumps into it: what follows is its first instruction. */
function jumpInto(a: Asm, c: CheckBuilder, ...made: [more?: Omit<Task, 'eip'>, descriptor?: bigint]): void {
  const first = task(c, ...made)
  a.jmpf(far(free(0), 0)).label(first)
}

/** Whether a word of memory is the address of a label. */
function isAt(a: Asm, c: CheckBuilder, word: number, name: string): void {
  a.xor(ebx, ebx).cmp(mem32(word), name).sete(bl)
  c.value(ebx)
}

const bytesAt = (a: Asm, c: CheckBuilder, ...places: readonly number[]): void => {
  for (const at of places) {
    a.movzx(eax, mem8(at))
    c.value(eax)
  }
}

const typeOf = (chosen: number) => place.gdt + chosen + 5

function switching(k: KernelBuilder): void {
  k.check('JMP to a TSS switches tasks', 'ok aaaa0001 bbbb0003 58 2 250000', (a, c) => {
    jumpInto(a, c)
    c.value(eax)
    c.value(ebx)
    a.str(eax)
    c.value(eax)
    a.pushfd().pop(eax)
    c.value(eax)
    c.value(esp)
  })
  k.check('JMP leaves the old task available and makes the new one busy', 'ok 89 8b 0', (a, c) => {
    jumpInto(a, c)
    bytesAt(a, c, typeOf(selector.tss), typeOf(free(0)), tssAt)
  })
  k.check('CALL to a TSS nests: both busy, NT, back link', 'ok 8b 8b 28 4002', (a, c) => {
    const name = task(c)
    a.callf(far(free(0), 0))
      .label(name)
      .pushfd()
      .pop(ebx)
    bytesAt(a, c, typeOf(selector.tss), typeOf(free(0)), tssAt)
    c.value(ebx)
  })
  k.check('the old state is saved', 'ok 12345678 10 8 10 0', (a, c) => {
    const name = task(c)
    const back = c.unique('back')
    a.mov(ebx, 0x1234_5678)
      .jmpf(far(free(0), 0))
      .label(back)
      .label(name)
    for (const offset of [0x34, 0x48, 0x4c, 0x50, 0x58]) {
      a.mov(eax, mem32(place.tss + offset))
      c.value(eax)
    }
    a.cmp(mem32(place.tss + 0x20), back)
  })
  k.check('CR0.TS is set, and local breakpoints are off', 'ok 39 402', (a, c) => {
    const name = task(c)
    a.mov(eax, 0x503)
      .mov(dr7, eax)
      .jmpf(far(free(0), 0))
      .label(name)
      .mov(eax, cr0)
    c.value(eax)
    a.mov(eax, dr7)
    c.value(eax)
  })
}

function nesting(k: KernelBuilder): void {
  k.check('IRET with NT goes back and lets go of the nested task', 'ok 28 89 8b 46 1234 4002 2', (a, c) => {
    const name = task(c)
    const back = c.unique('back')
    a.mov(ebx, 0x1234)
      .callf(far(free(0), 0))
      .jmp(back)
    a.label(name).pushfd().pop(eax).mov(mem32(place.scratch), eax).mov(ebx, 0).iretd()
    a.label(back).str(eax)
    c.value(eax)
    bytesAt(a, c, typeOf(free(0)), typeOf(selector.tss))
    a.pushfd().pop(eax)
    c.value(eax)
    c.value(ebx)
    a.mov(eax, mem32(place.scratch))
    c.value(eax)
    a.mov(eax, mem32(tssAt + 0x24))
    c.value(eax)
  })
  k.check('IRET saves where the nested task goes on', 'ok 1', (a, c) => {
    const name = task(c)
    const [back, after] = [c.unique('back'), c.unique('after')]
    a.callf(far(free(0), 0))
      .jmp(back)
      .label(name)
      .iretd()
      .label(after)
    a.label(back)
    isAt(a, c, tssAt + 0x20, after)
  })
}

const gateTo = (chosen: number, more: { readonly dpl?: number; readonly present?: boolean } = {}) =>
  gate({ selector: chosen, type: segmentType.taskGate, ...more })
const idtEntry = (vector: number) => place.idt + vector * 8

function refusals(k: KernelBuilder): void {
  const jump = (name: string, expected: string, descriptor: bigint, from: 'kernel' | 'user' = 'kernel') =>
    k.check(name, expected, (a, c) => {
      const name = task(c, {}, descriptor)
      if (from === 'kernel') a.jmpf(far(free(0), 0))
      else c.user((inside) => inside.jmpf(far(free(0), 0)))
      a.label(name)
    })
  k.check('JMP to the TSS in use', '#GP(28) at=0', (a) => a.jmpf(far(selector.tss, 0)), ['at'])
  jump('JMP to a TSS that is not present', '#NP(58)', tss32({ present: false }))
  jump('JMP to a TSS that is too short', '#TS(58)', tss32({ limit: 0x66 }))
  jump('JMP from CPL 3 to a TSS of DPL 0', '#GP(58)', tss32(), 'user')
  jump('JMP from CPL 3 to a TSS of DPL 3', 'ok', tss32({ dpl: 3 }), 'user')
  jump('JMP to a task gate of no TSS', '#GP(10)', gateTo(selector.data))
  jump('JMP to a task gate of nothing', '#GP(0)', gateTo(0))
  jump('JMP to a task gate that is not present', '#NP(58)', gateTo(selector.data, { present: false }))
  jump('JMP to a task gate of the TSS in use', '#GP(28)', gateTo(selector.tss))
  jump('JMP from CPL 3 to a task gate of DPL 0', '#GP(58)', gateTo(selector.tss), 'user')
  k.check('IRET with NT and no link', '#TS(0) at=6', (a) => a.push(0x4002).popfd().iretd(), ['at'])
  k.check('IRET with NT to a TSS that is not in use', '#TS(58)', (a, c) => {
    const name = task(c)
    a.mov(mem32(place.tss), free(0)).push(0x4002).popfd().iretd().label(name)
  })
}

/** What is wrong in the new task is its own fault, at its first instruction, and it takes its own inner stack. */
function afterCommit(k: KernelBuilder): void {
  const user = { cs: selector.userCode, ss: selector.userData, ds: selector.userData, esp: place.userStack } as const
  const enter = (name: string, expected: string, more: Omit<Task, 'eip'>, made: readonly bigint[] = []) =>
    k.check(
      name,
      expected,
      (a, c) => {
        const first = task(c, { ...user, ...more })
        a.mov(mem32(tssAt + 4), place.innerStack).mov(mem32(tssAt + 8), selector.data)
        made.forEach((descriptor, index) => void c.descriptor(index + 1, descriptor))
        a.jmpf(far(free(0), 0))
          .label(first)
          .int(0x20)
      },
      ['tr', 'cs'],
    )
  const { code, data } = segmentType
  enter('a task of CPL 3 begins', 'ok tr=58 cs=1b', {})
  enter('a task whose LDT is no LDT', '#TS(10) tr=58 cs=1b', { ldt: selector.data })
  enter('a task whose LDT is in an LDT', '#TS(14) tr=58 cs=1b', { ldt: selector.data | 4 })
  enter('a task whose CS is data', '#TS(20) tr=58 cs=23', { cs: selector.userData })
  enter('a task whose CS has another level', '#TS(8) tr=58 cs=b', { cs: selector.code | 3 })
  enter('a task whose CS is not present', '#NP(60) tr=58 cs=63', { cs: free(1) | 3 }, [
    flat(code, { dpl: 3, present: false }),
  ])
  enter('a task whose SS is null', '#TS(0) tr=58 cs=1b', { ss: 0 })
  enter('a task whose SS has another level', '#TS(10) tr=58 cs=1b', { ss: selector.data })
  enter('a task whose SS is read-only', '#TS(60) tr=58 cs=1b', { ss: free(1) | 3 }, [
    flat(segmentType.readOnly, { dpl: 3 }),
  ])
  enter('a task whose SS is not present', '#SS(60) tr=58 cs=1b', { ss: free(1) | 3 }, [
    flat(data, { dpl: 3, present: false }),
  ])
  enter('a task whose DS is too privileged', '#TS(10) tr=58 cs=1b', { ds: selector.data })
  enter('a task whose DS is not present', '#NP(60) tr=58 cs=1b', { ds: free(1) | 3 }, [
    flat(data, { dpl: 3, present: false }),
  ])
  enter('a task that begins past its code', '#GP(0) tr=58 cs=63', { cs: free(1) | 3 }, [
    segment({ type: code | 1, limit: 0xfff, dpl: 3, big: true }),
  ])
}

function events(k: KernelBuilder): void {
  k.check('INT through a task gate', 'ok 58 28 4002 24fffc', (a, c) => {
    const name = task(c, { esp: place.otherStack - 4 })
    c.put(idtEntry(0x30), gateTo(free(0)))
    a.int(0x30).label(name).str(eax)
    c.value(eax)
    a.mov(eax, mem32(tssAt))
    c.value(eax)
    a.pushfd().pop(eax)
    c.value(eax)
    c.value(esp)
  })
  k.check('an exception with an error code through a task gate', 'ok 1000 24fffc 1', (a, c) => {
    const name = task(c)
    const wrong = c.unique('wrong')
    c.put(idtEntry(13), gateTo(free(0)))
    a.mov(eax, 0x1000).label(wrong).mov(ds, ax).label(name).mov(eax, mem32(esp))
    c.value(eax)
    c.value(esp)
    isAt(a, c, place.tss + 0x20, wrong)
  })
  k.check('a double fault through a task gate', 'ok 0 58 1', (a, c) => {
    const name = task(c)
    const wrong = c.unique('wrong')
    c.put(idtEntry(8), gateTo(free(0)))
    c.put(idtEntry(13), 0n)
    a.mov(eax, 0x1000).label(wrong).mov(ds, ax).label(name).mov(eax, mem32(esp))
    c.value(eax)
    a.str(eax)
    c.value(eax)
    isAt(a, c, place.tss + 0x20, wrong)
  })
  k.check(
    'the T bit traps before the first instruction',
    '#DB dr6=ffff8ff0 0',
    (a, c) => {
      const name = task(c, { trap: true })
      const wrong = c.unique('wrong')
      a.jmpf(far(free(0), 0))
        .label(wrong)
        .label(name)
        .mov(eax, 1)
      c.value(eax)
    },
    ['dr6'],
  )
}

function refusedEvents(k: KernelBuilder): void {
  k.check('INT through a task gate that is not present', '#NP(182)', (a, c) => {
    c.put(idtEntry(0x30), gateTo(selector.tss, { present: false }))
    a.int(0x30)
  })
  k.check('INT through a task gate of the TSS in use', '#GP(28)', (a, c) => {
    c.put(idtEntry(0x30), gateTo(selector.tss))
    a.int(0x30)
  })
  k.check('an exception through a task gate of a TSS that is not present', '#NP(59)', (a, c) => {
    const name = task(c, {}, tss32({ present: false }))
    c.put(idtEntry(6), gateTo(free(0)))
    a.ud2().label(name)
  })
}

/** A 16-bit TSS, to and back. */
function narrow(k: KernelBuilder): void {
  const codeAtImage = segment({ base: place.image, type: segmentType.code | 1, big: true, granular: true })
  const tss16 = segment({ base: tssAt, limit: 0x2b, type: segmentType.tss16, system: true })
  k.check('a 16-bit TSS, and back by IRET', 'ok 1111 4444 58 28 6 28 81', (a, c) => {
    c.descriptor(0, tss16)
    c.descriptor(1, codeAtImage)
    const [name, back] = [c.unique('task'), c.unique('back')]
    writeTss16(a, tssAt, name, free(1), selector.data)
    a.callf(far(free(0), 0))
      .jmp(back)
      .label(name)
      .and(eax, 0xffff)
    c.value(eax)
    a.movzx(eax, bx)
    c.value(eax)
    a.str(eax)
    c.value(eax)
    a.movzx(eax, mem16(tssAt))
    c.value(eax)
    a.iretd()
      .label(back)
      .movzx(eax, mem16(tssAt + 0x10))
    a.pushfd().pop(eax)
    c.value(eax)
    a.str(eax)
    c.value(eax)
    bytesAt(a, c, typeOf(free(0)))
  })
  k.check('a 16-bit TSS that is too short', '#TS(58)', (a, c) => {
    c.descriptor(0, segment({ base: tssAt, limit: 0x2a, type: segmentType.tss16, system: true }))
    a.jmpf(far(free(0), 0))
  })
}

/** Hardware task switches. Source: SDM 3A chapter 8. */
export function tasks(): Kernel {
  const k = new KernelBuilder('tasks', 32)
  switching(k)
  nesting(k)
  refusals(k)
  afterCommit(k)
  events(k)
  refusedEvents(k)
  narrow(k)
  return k.finish()
}
