import { primaryControls, secondaryControls } from '@vmm/nested-vmx'
import { type Assembler, bl, ebx, ecx, rax, rbx, rcx, rdx } from '@vmm/x86-assembler'
import type { Kernel } from '../kernel/kernel.ts'
import type { Fields } from '../vmx/guest-state.ts'
import type { Controls } from '../vmx/hypervisor.ts'
import { VmxKernelBuilder } from '../vmx/scene.ts'

type Code = (a: Assembler) => unknown

const { TSC_OFFSETTING, USE_MSR_BITMAPS } = primaryControls
const { TSC_SCALING, RDTSCP } = secondaryControls
const offset = 0x1234_5555_0000n
/** With a multiplier of 2 to the power of -48 nothing of the time is left but its offset. */
const still: Fields = [
  ['TSC_OFFSET', offset],
  ['TSC_MULTIPLIER', 1n],
]
const rdtsc: Code = (a) => a.rdtsc()

/** The counter as RDTSC, RDTSCP and RDMSR read it. Source: SDM 3C 25.6.5, 26.3. */
function counter(k: VmxKernelBuilder): void {
  const read = (name: string, expected: string, controls: Controls, code: Code, besides: Code = (a) => a) =>
    k.check(name, expected, {
      controls,
      fields: still,
      code: (a) => {
        code(a)
        besides(a.shl(rdx, 32).or(rax, rdx).mov(rbx, rax))
      },
      after: (_, c) => c.value(rbx),
    })
  const isNot =
    (value: bigint): Code =>
    (a) =>
      a.mov(rcx, value).cmp(rbx, rcx).setne(bl).movzx(ebx, bl)
  const scaled = { primary: TSC_OFFSETTING | USE_MSR_BITMAPS, secondary: TSC_SCALING | RDTSCP }
  read('RDTSC is scaled, and then has an offset', '123455550000 12 0', scaled, rdtsc)
  read('RDTSCP is', '123455550000 12 0', scaled, (a) => a.rdtscp())
  read('RDMSR of the counter is', '123455550000 12 0', scaled, (a) => a.mov(ecx, 0x10).rdmsr())
  read('what has no offset is not scaled', '1 12 0', { secondary: TSC_SCALING }, rdtsc, isNot(0n))
  read('what is not scaled may have an offset', '1 12 0', { primary: TSC_OFFSETTING }, rdtsc, isNot(offset))
}

/** Two PAUSEs at CPL 0. Source: SDM 3C 25.6.13, 26.1.3. */
function pauses(k: VmxKernelBuilder): void {
  const twice = (name: string, expected: string, gap: bigint, window: bigint) =>
    k.check(name, expected, {
      controls: { secondary: secondaryControls.PAUSE_LOOP_EXITING },
      fields: [
        ['PLE_GAP', gap],
        ['PLE_WINDOW', window],
      ],
      code: (a) => a.pause().rdtsc().rdtsc().pause(),
    })
  const long = 0xffff_ffffn
  twice('a loop of PAUSE that takes longer than its window leaves', '28 0', long, 0n)
  twice('within its window it does not', '12 0', long, long)
  twice('behind the gap a loop begins anew', '12 0', 0n, 0n)
}

/** Time as a guest has it. */
export function vmxTime(): Kernel {
  const k = new VmxKernelBuilder('vmxTime')
  counter(k)
  pauses(k)
  return k.kernel.finish()
}
