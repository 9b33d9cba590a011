import { pinControls, secondaryControls } from '@vmm/nested-vmx'
import { type Assembler, ebx, ecx, edi, esi, mem32, r14d, rax, rbx, rdi, rsi, rsp } from '@vmm/x86-assembler'
import type { Kernel } from '../kernel/kernel.ts'
import {
  finished,
  first,
  nmi,
  released,
  second,
  secondStack,
  seen,
  send,
  startSecond,
  sum,
  turn,
} from '../kernel/second-processor.ts'
import { waitFor, waitUntil } from '../kernel/waiting.ts'
import { eptSlot, fillVmcs, takeVmcs, vmread, vmwrite } from '../vmx/hypervisor.ts'
import { vmx } from '../vmx/instructions.ts'
import type { VmxKernelBuilder } from '../vmx/scene.ts'
import {
  firstStack,
  giveBack,
  guestCode,
  leavesTo,
  prepare,
  runSecond,
  secondEnters,
  show,
  skip,
  take,
  tell,
  twoHypervisors,
} from '../vmx/two-hypervisors.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Asm = Assembler
type Word = typeof sum
type Code = (a: Asm) => unknown

/** Source: SDM 3C 24.11.1 Software Use of Virtual-Machine Control Structures. */
function together(k: VmxKernelBuilder): void {
  const rounds = 300
  const code: Code = (a) => {
    const again = a.unique('again')
    a.mov(esi, rounds).label(again).lock().inc(sum).cpuid().dec(esi).jne(again)
  }
  const handler = (a: Asm, word: Word): Asm => {
    const done = a.unique('done')
    vmread(a, 'VM_EXIT_REASON').cmp(ebx, 10).jne(done)
    return vmx(skip(a.lock().inc(word)), 'vmresume').label(done)
  }
  k.kernel.check('each runs a guest of its own', 'ok 258 12c 12c 12', (a, c) => {
    const [guest, exit, done] = [c.unique('guest'), c.unique('exit'), c.unique('done')]
    runSecond(a, c, { code, left: (b) => handler(b, second) })
    guestCode(a, c, guest, code)
    takeVmcs(a)
    fillVmcs(a, {}, guest, exit)
    vmx(a, 'vmlaunch').jmp(done).label(exit)
    handler(a, first).label(done)
    waitFor(a, c, finished, 1)
    show(a, c, sum, first, second)
    vmread(a, 'VM_EXIT_REASON')
    c.value(rbx)
  })
}

/** A VMCS that both use, one after the other. Source: SDM 3C 24.11.1, 24.11.3. */
function moving(k: VmxKernelBuilder): void {
  const rounds = 100
  /** Enters the guest and gives its VMCS back when it has left. */
  const turns = (a: Asm, stack: number, failed: string): Asm => {
    const left = a.unique('left')
    return giveBack(
      skip(
        vmx(leavesTo(take(a), left, stack), 'vmlaunch')
          .jmp(failed)
          .label(left),
      ),
    )
  }
  const steps: Code = (a) => {
    const again = a.unique('again')
    a.label(again).add(rsp, 8).cpuid().jmp(again)
  }
  k.kernel.check('a VMCS goes from one to the other and back', `ok ${(16 * rounds).toString(16)} a`, (a, c) => {
    const [again, failed, failedToo, nowhere] = ['again', 'failed', 'failed', 'nowhere'].map((name) =>
      c.unique(name),
    ) as [string, string, string, string]
    prepare(a, c, {}, steps, nowhere)
    startSecond(a, c, (b) => {
      const next = c.unique('next')
      secondEnters(b).mov(edi, rounds).label(next)
      waitUntil(b, c, turn, 1)
      turns(b, secondStack, failedToo).mov(turn, 0).dec(edi).jne(next).label(failedToo).vmxoff()
    })
    a.mov(edi, rounds).label(again)
    turns(a, firstStack, failed).mov(turn, 1)
    waitUntil(a, c, turn, 0)
    a.dec(edi).jne(again).label(failed).label(nowhere)
    vmread(take(a), 'GUEST_RSP').sub(rbx, secondStack - 0x4000)
    c.value(rbx)
    vmread(a, 'VM_EXIT_REASON')
    c.value(rbx)
  })
  k.kernel.check('one that the other has cleared is not launched', 'ok 5 a', (a, c) => {
    const [exit, left, failed] = [c.unique('exit'), c.unique('left'), c.unique('failed')]
    prepare(a, c, {}, steps, exit)
    vmx(leavesTo(take(a), exit, firstStack), 'vmlaunch')
      .jmp(failed)
      .label(exit)
    giveBack(a)
    startSecond(a, c, (b) => {
      vmx(leavesTo(take(secondEnters(b)), left, secondStack), 'vmresume')
      vmx(tell(b, 'VM_INSTRUCTION_ERROR', first), 'vmlaunch').label(left)
      tell(b, 'VM_EXIT_REASON', second).vmxoff()
    })
    waitFor(a, c, finished, 1)
    show(a, c, first, second)
    a.label(failed)
  })
  spoiled(k, steps, 'control', 'PIN_BASED_VM_EXEC_CONTROL', '7 a')
  spoiled(k, steps, 'host', 'HOST_TR_SELECTOR', '8 a')
  spoiled(k, steps, 'guest', 'GUEST_RFLAGS', '80000021 a')
}

/** The second one spoils a field of a VMCS that has passed its checks, and mends it; the first one enters before, between and behind. */
function spoiled(
  k: VmxKernelBuilder,
  code: Code,
  name: string,
  field: 'PIN_BASED_VM_EXEC_CONTROL' | 'HOST_TR_SELECTOR' | 'GUEST_RFLAGS',
  expected: string,
): void {
  k.kernel.check(
    `a ${name} field that the other has spoiled is found, and mended is fine`,
    `ok ${expected}`,
    (a, c) => {
      const exit = c.unique('exit')
      const turned = (b: Asm): unknown => {
        giveBack(b).mov(turn, 1)
        return waitUntil(b, c, turn, 0)
      }
      const enters = (b: Asm): Asm => {
        const left = c.unique('left')
        return vmx(leavesTo(take(b), left, firstStack), 'vmlaunch').label(left)
      }
      prepare(a, c, {}, code, exit)
      startSecond(a, c, (b) => {
        secondEnters(b)
        for (const spoils of [true, false]) {
          waitUntil(b, c, turn, 1)
          vmread(take(b), field)
          if (spoils) vmwrite(b.mov(rdi, rbx).mov(ebx, 0), field)
          else vmwrite(b.mov(rbx, rdi), field)
          giveBack(b).mov(turn, 0)
        }
        b.vmxoff()
      })
      turned(enters(a).label(exit))
      enters(a)
      vmread(a, field === 'GUEST_RFLAGS' ? 'VM_EXIT_REASON' : 'VM_INSTRUCTION_ERROR')
      c.value(rbx)
      turned(a)
      vmread(enters(a), 'VM_EXIT_REASON')
      c.value(rbx)
      waitFor(a, c, finished, 1)
    },
  )
}

const [all, writeBack] = [7, 6 << 3]
const [page, other] = [vmxPlace.fine, vmxPlace.fine + 0x1000]

/** The second one forgets what it knows of the extended page tables. RAX and RBX change. Source: SDM 3C 29.4.3.1. */
function forget(a: Asm): Asm {
  a.mov(mem32({ displacement: vmxPlace.secondDescriptor }), vmxPlace.ept | 0x1e)
  return vmx(a.mov(ebx, vmxPlace.secondDescriptor).mov(rax, 1), 'invept')
}

/** Extended page tables that one changes, and the other uses. Source: SDM 3C 29.4.3.4. */
function invalidating(k: VmxKernelBuilder): void {
  k.kernel.check('a page that another has moved is seen behind INVEPT', 'ok 11 22 12', (a, c) => {
    a.mov(mem32({ displacement: page }), 0x11).mov(mem32({ displacement: other }), 0x22)
    runSecond(a, c, {
      controls: { pin: pinControls.NMI_EXITING, secondary: secondaryControls.EPT | secondaryControls.VPID },
      code: (g) => {
        g.mov(ebx, mem32({ displacement: page })).mov(first, ebx)
        waitUntil(g, c, released, 1)
        g.mov(ebx, mem32({ displacement: page })).mov(second, ebx)
      },
      left: (b, again) => {
        const done = c.unique('done')
        vmread(b, 'VM_EXIT_REASON').cmp(ebx, 0).jne(done)
        forget(b).mov(released, 1)
        again()
        tell(b.label(done), 'VM_EXIT_REASON', seen)
      },
    })
    waitFor(a, c, first, 1)
    a.mov(mem32({ displacement: eptSlot(0) }), other | all | writeBack)
    send(a, nmi)
    waitFor(a, c, finished, 1)
    show(a, c, first, second, seen)
  })
}

/** Entries that both change without end: pages of the one, and how often the other does, an odd number of times. */
const [pages, rounds] = [64, 4001]
/** Accessed and dirty, and a bit that is software's. Source: SDM 3C 29.3.2, Table 29-7. */
const [flags, own] = [0x300, 1 << 20]
const lowHalf = mem32({ base: rsi })
const highHalf = mem32({ base: rsi, displacement: 4 })

/** Does something for each address that RSI takes. */
function each(a: Asm, from: number, step: number, body: Code): void {
  const next = a.unique('next')
  a.mov(rsi, from).label(next)
  body(a)
  a.add(rsi, step)
    .cmp(rsi, from + step * pages)
    .jne(next)
}

const eachEntry = (a: Asm, body: Code): void => each(a, eptSlot(0), 8, body)

/** Counts in EBX the entries with the bit of software, and in EDI those with both flags. */
function countFlags(a: Asm): void {
  a.xor(ebx, ebx).xor(edi, edi)
  eachEntry(a, (b) => {
    const [lacks, clean] = [b.unique('lacks'), b.unique('clean')]
    b.test(highHalf, own).je(lacks).inc(ebx).label(lacks)
    b.mov(ecx, lowHalf).and(ecx, flags).cmp(ecx, flags).jne(clean).inc(edi).label(clean)
  })
}

/** Source: SDM 3C 29.3.5 Accessed and Dirty Flags for EPT; SDM 3A §9.1.2.1. */
function flagging(k: VmxKernelBuilder): void {
  const both = `${pages.toString(16)} ${pages.toString(16)}`
  k.kernel.check('flags that walks set and bits that another sets are all kept', `ok ${both}`, (a, c) => {
    runSecond(a, c, {
      fields: [['EPT_POINTER', BigInt(vmxPlace.ept | 0x5e)]],
      controls: { secondary: secondaryControls.EPT },
      // stores to all pages, and again when their flags have gone
      code: (g) => {
        const again = c.unique('again')
        g.label(again)
        each(g, page, 0x1000, () => g.mov(lowHalf, 1))
        g.cpuid().jmp(again)
      },
      left: (b, again) => {
        const done = c.unique('done')
        b.cmp(released, 1).je(done)
        eachEntry(b, () => b.lock().and(lowHalf, ~flags))
        skip(b.inc(sum))
        again()
        b.label(done)
      },
    })
    waitFor(a, c, sum, 1)
    const round = c.unique('round')
    a.mov(r14d, rounds).label(round)
    eachEntry(a, () => a.lock().xor(highHalf, own))
    a.dec(r14d).jne(round).mov(released, 1)
    waitFor(a, c, finished, 1)
    countFlags(a)
    c.value(rbx)
    c.value(rdi)
  })
}

/** Two processors with a hypervisor on each: guests at the same time, VMCSs that move, and tables that they share. */
export function vmxProcessors(): Kernel {
  const k = twoHypervisors('vmxProcessors')
  together(k)
  moving(k)
  invalidating(k)
  flagging(k)
  return { ...k.kernel.finish(), processors: 2 }
}
