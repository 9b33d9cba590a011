import type { TraceEvent } from '@vmm/vcpu'
import { expect, test } from 'vitest'
import { formatEvent } from './trace.ts'

const lines: readonly (readonly [TraceEvent, string])[] = [
  [{ kind: 'kvm_entry', level: 'L1', rip: 0xffff_ffff_8100_0000n }, 'vcpu 0, rip 0xffffffff81000000 L0 to L1'],
  [
    {
      kind: 'kvm_exit',
      level: 'L2',
      reason: 'EXCEPTION_NMI',
      rip: 0x1000n,
      info: 0xcafen,
      interruption: 0x8000_0b0e,
      errorCode: 2,
    },
    'vcpu 0 reason EXCEPTION_NMI rip 0x1000 info1 0x000000000000cafe info2 0x0000000000000000 intr_info 0x80000b0e error_code 0x00000002 L2 to L0',
  ],
  [
    {
      kind: 'kvm_nested_vmexit_inject',
      reason: 'CPUID',
      info: 0n,
      vectoring: 0,
      interruption: 0,
      errorCode: 0,
    },
    'reason: CPUID ext_inf1: 0x0000000000000000 ext_inf2: 0x0000000000000000 ext_int: 0x00000000 ext_int_err: 0x00000000 L2 to L1',
  ],
  [
    { kind: 'kvm_cpuid', function: 0x8000_0000, index: 0, answer: [0x8000_0008, 1, 2, 0xf], found: true },
    'func 80000000 idx 0 rax 80000008 rbx 1 rcx 2 rdx f, cpuid entry found',
  ],
  [
    { kind: 'kvm_cpuid', function: 0x99, index: 3, answer: [0, 0, 0, 0], found: false },
    'func 99 idx 3 rax 0 rbx 0 rcx 0 rdx 0, cpuid entry not found',
  ],
  [{ kind: 'kvm_msr', write: false, index: 0x1b, data: 0xfee0_0900n, exception: false }, 'msr_read 1b = 0xfee00900'],
  [{ kind: 'kvm_msr', write: true, index: 0x999, data: 1n, exception: true }, 'msr_write 999 = 0x1 (#GP)'],
  [{ kind: 'kvm_pio', write: true, port: 0x3f8, size: 1, value: 0x41 }, 'pio_write at 0x3f8 size 1 count 1 val 0x41 '],
  [
    { kind: 'kvm_pio', write: false, port: 0xcfc, size: 4, value: -1 },
    'pio_read at 0xcfc size 4 count 1 val 0xffffffff ',
  ],
  [
    { kind: 'kvm_mmio', write: false, address: 0xfee0_0030, size: 4, value: 0x5_0014n },
    'mmio read len 4 gpa 0xfee00030 val 0x50014',
  ],
  [{ kind: 'kvm_inj_virq', vector: 0xec }, 'IRQ 0xec'],
  [{ kind: 'kvm_inj_exception', vector: 14, errorCode: 4 }, '#PF (0x4)'],
  [{ kind: 'kvm_inj_exception', vector: 6, errorCode: undefined }, '#UD'],
]

test.each(lines)(
  '%o is printed as the kernel prints it, and of exits and entries between which levels',
  (event, line) => {
    expect(formatEvent(event)).toBe(line)
  },
)
