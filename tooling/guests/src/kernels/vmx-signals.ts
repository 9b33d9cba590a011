import { exitControls, pinControls, primaryControls, secondaryControls } from '@vmm/nested-vmx'
import { type Assembler, ebx, ecx, edi, esi, mem32, r14d, rbx } from '@vmm/x86-assembler'
import { apic, EOI } from '../kernel/interrupting.ts'
import type { CheckBuilder, Kernel } from '../kernel/kernel.ts'
import {
  finished,
  first,
  init,
  interrupt,
  nmi,
  released,
  second,
  seen,
  send,
  started,
  startSecond,
  startup,
  sum,
} from '../kernel/second-processor.ts'
import { pass, waitFor } from '../kernel/waiting.ts'
import type { Fields } from '../vmx/guest-state.ts'
import { gate, ownTable } from '../vmx/handled.ts'
import type { vmread } from '../vmx/hypervisor.ts'
import type { VmxKernelBuilder } from '../vmx/scene.ts'
import { runSecond, secondEnters, show, tell, twoHypervisors } from '../vmx/two-hypervisors.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Asm = Assembler
type Word = typeof sum

/** Counts without end. */
const counts =
  (word: Word) =>
  (a: Asm): unknown => {
    const again = a.unique('again')
    return a.label(again).lock().inc(word).jmp(again)
  }

const shows = (field: Parameters<typeof vmread>[1]) => (a: Asm) => {
  tell(a, 'VM_EXIT_REASON', first)
  return tell(a, field, second)
}

/** What one sends to another that is in VMX operation. Source: SDM 3C 26.2, 24.8, 27.7.2. */
function signalling(k: VmxKernelBuilder): void {
  k.kernel.check('INIT waits until VMX operation is left, a startup signal does not', 'ok 1 0 2', (a, c) => {
    startSecond(a, c, (b) => {
      const [again, over] = [c.unique('again'), c.unique('over')]
      b.cmp(released, 0).jne(over)
      secondEnters(b).label(again).lock().inc(sum).cmp(released, 1).jne(again).vmxoff()
      b.lock().inc(seen).label(over)
    })
    waitFor(a, c, sum, 1)
    send(a, startup)
    send(a, init)
    goesOn(a, c)
    a.mov(released, 1)
    begins(a, c, started, 2)
    show(a, c, seen, started)
  })
  const running = { code: counts(sum), left: shows('EXIT_QUALIFICATION') }
  k.kernel.check('INIT leaves a guest, and is over', 'ok 1 3 0', (a, c) => {
    runSecond(a, c, running)
    goesOn(a, c)
    send(a, init)
    waitFor(a, c, finished, 1)
    show(a, c, first, second)
  })
  k.kernel.check('a startup signal is nothing to a guest that runs', 'ok 1 0 80000202', (a, c) => {
    const controls = { pin: pinControls.NMI_EXITING }
    runSecond(a, c, { controls, code: counts(sum), left: shows('VM_EXIT_INTR_INFO') })
    waitFor(a, c, sum, 1)
    send(a, startup)
    goesOn(a, c)
    send(a, nmi)
    waitFor(a, c, finished, 1)
    show(a, c, first, second)
  })
  k.kernel.check(
    'a guest that waits for a startup signal hears no INIT, and leaves for that signal',
    'ok 0 4 10',
    (a, c) => {
      runSecond(a, c, { ...running, fields: [['GUEST_ACTIVITY_STATE', 3n]] })
      send(a, init)
      pass(a, c)
      show(a, c, finished)
      begins(a, c, finished, 1)
      show(a, c, first, second)
    },
  )
  k.kernel.check('an interrupt leaves a guest', 'ok 1 1 80000041', (a, c) => {
    const controls = { pin: pinControls.EXTERNAL_INTERRUPT_EXITING, exit: exitControls.ACKNOWLEDGE_INTERRUPT }
    runSecond(a, c, {
      ...{ controls, code: counts(sum), fields: [['GUEST_RFLAGS', 0x202n]] },
      left: (b) => shows('VM_EXIT_INTR_INFO')(b).mov(apic(EOI), 0),
    })
    goesOn(a, c)
    send(a, interrupt | 0x41)
    waitFor(a, c, finished, 1)
    show(a, c, first, second)
  })
}

/** Before that it has looked at what was sent to it, and behind it, too. */
const far = 500_000

/** Shows whether the other one counts on; it may take its time. ECX, EDI and RBX change. */
function goesOn(a: Asm, c: CheckBuilder): void {
  const [again, on] = [c.unique('again'), c.unique('on')]
  a.mov(edi, sum).add(edi, far).mov(ecx, 20_000_000).mov(ebx, 1).label(again).cmp(sum, edi).jae(on).pause()
  a.dec(ecx).jne(again).xor(ebx, ebx).label(on)
  c.value(rbx)
}

/** Startup signals until one has come to somebody who waits for it: a word has a value then. EAX, ECX, EDX and ESI change. */
function begins(a: Asm, c: CheckBuilder, word: Word, value: number): void {
  const [again, done] = [c.unique('again'), c.unique('done')]
  a.mov(esi, 1000).label(again)
  send(a, startup)
  pass(a, c)
  a.cmp(word, value).jae(done).dec(esi).jne(again).label(done)
}

const [vector, notification] = [0x41, 0x52]
const descriptor = vmxPlace.msrList

/** Posts to the other one's guest, and notifies it where nobody has. Source: SDM 3C 30.6. */
function post(a: Asm): void {
  const told = a.unique('told')
  a.lock().bts(mem32({ displacement: descriptor + (vector >> 5) * 4 }), vector & 31)
  a.lock()
    .bts(mem32({ displacement: descriptor + 32 }), 0)
    .jb(told)
  send(a, interrupt | notification).label(told)
}

/** Interrupts are virtual, and posted. */
const controls = {
  pin: pinControls.EXTERNAL_INTERRUPT_EXITING | pinControls.POSTED_INTERRUPTS,
  primary: primaryControls.TPR_SHADOW,
  secondary:
    secondaryControls.VIRTUALIZE_APIC_ACCESSES |
    secondaryControls.APIC_REGISTERS |
    secondaryControls.VIRTUAL_INTERRUPTS,
  exit: exitControls.ACKNOWLEDGE_INTERRUPT,
}
const fields: Fields = [
  ...ownTable,
  ['GUEST_RFLAGS', 0x202n],
  ['POSTED_INTR_NV', BigInt(notification)],
  ['POSTED_INTR_DESC_ADDR', BigInt(descriptor)],
]

/** Waits for four interrupts in a loop, and for four in HLT; its handler counts them. */
function waitsForPosted(a: Asm, handler: string): void {
  const [spin, halt, out] = [a.unique('spin'), a.unique('halt'), a.unique('out')]
  a.jmp(spin).label(handler).lock().inc(seen)
  a.mov(mem32({ displacement: vmxPlace.apicAccess + EOI }), 0).iretq()
  a.label(halt).sti().hlt().label(spin).cli().cmp(released, 1).je(out).test(seen, 4).jne(halt)
  a.sti().nop().jmp(spin).label(out)
}

/** Interrupts for a guest that another processor runs, which never leaves for one. Source: SDM 3C 30.6. */
function posting(k: VmxKernelBuilder): void {
  const rounds = 60
  const expected = `ok ${rounds.toString(16)} 12 1`
  k.kernel.check('interrupts are posted to a guest that spins, and to one that halts', expected, (a, c) => {
    const [handler, next] = [c.unique('handler'), c.unique('next')]
    gate(a, vector, handler)
    runSecond(a, c, {
      ...{ controls, fields },
      code: (g) => waitsForPosted(g, handler),
      left: (b) => tell(b, 'VM_EXIT_REASON', first).inc(second),
    })
    a.xor(r14d, r14d).label(next).inc(r14d)
    post(a)
    waitForCount(a, c)
    a.cmp(r14d, rounds).jb(next).mov(ebx, seen)
    c.value(rbx)
    // it may be halted
    a.mov(released, 1)
    post(a)
    waitFor(a, c, finished, 1)
    show(a, c, first, second)
  })
}

/** Waits, but not for ever, until as many have been seen as R14 says. ECX changes. */
function waitForCount(a: Asm, c: CheckBuilder): void {
  const [again, done] = [c.unique('again'), c.unique('done')]
  a.mov(ecx, 20_000_000).label(again).cmp(seen, r14d).jae(done).pause().dec(ecx).jne(again).label(done)
}

/** What a processor sends to another that is in VMX operation. */
export function vmxSignals(): Kernel {
  const k = twoHypervisors('vmxSignals')
  signalling(k)
  posting(k)
  return { ...k.kernel.finish(), processors: 2 }
}
