import { hostNamed } from '@vmm/cpu-models'
import { type CpuidTable, entry } from '@vmm/cpuid'
import { al, assembler, dx, eax, ecx, edx, esi } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm } from './index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

const featureBits = { hle: 1 << 4, rtm: 1 << 11, speculation: 1 << 29 }
const table: CpuidTable = [
  entry(0, { eax: 7, ebx: 0x756e_6547, ecx: 0x6c65_746e, edx: 0x4965_6e69 }),
  entry(1, { eax: 0x806f8 }),
  entry(7, { ebx: featureBits.hle | featureBits.rtm, edx: featureBits.speculation }, 0),
  entry(0x4000_0000, { eax: 0x4000_0005, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x7648_2074 }),
  entry(0x4000_0001, { eax: 0x3123_7648 }),
  entry(0x4000_0003, { eax: 1 << 15 }),
  entry(0x8000_0000, { eax: 0x8000_0007 }),
  entry(0x8000_0007, { edx: 1 << 8 }),
]

function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A guest in 32-bit code that asks for a leaf and then writes to a port. */
function asking(kernel: string, leaf: number, cpl: 0 | 3): KvmVcpu {
  const vm = given(openKvm({ kernel, host, memoryBytes: 1 << 20 }).createVm())
  const code = assembler({ origin: 0x1000, codeSize: 32 })
    .mov(eax, leaf)
    .xor(ecx, ecx)
    .cpuid()
    .mov(esi, edx)
    .mov(dx, 0x80)
    .out(dx, al)
  vm.memory.bytes.set(code.finish().bytes, 0x1000)
  const slot = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(slot))
  const vcpu = given(vm.createVcpu(0))
  given(vcpu.setCpuid2(table))
  const sregs = vcpu.state.getSregs()
  const flat = { base: 0n, limit: 0xffff_ffff, selector: 8 | cpl, dpl: cpl, db: 1, g: 1, s: 1, present: 1 }
  const [cs, ss] = [
    { ...sregs.cs, ...flat, type: 11 },
    { ...sregs.ss, ...flat, type: 3 },
  ]
  vcpu.state.setSregs({ ...sregs, cr0: 1n, cs, ss })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rflags: 0x3002n })
  return vcpu
}

/** How many of the registers user space could write: a release does not know all. */
const written = (vcpu: KvmVcpu, msrs: readonly (readonly [number, bigint])[]) =>
  vcpu.state.setMsrs(msrs.map(([index, data]) => ({ index, data })))

test.each([
  [3, 1n, 'shutdown'],
  [0, 1n, 'io'],
  [3, 0n, 'io'],
] as const)('CPUID at CPL %i with faulting %i ends in %s', (cpl, faulting, kind) => {
  const vcpu = asking('6.12', 1, cpl)
  const msrs = [
    [0xce, 1n << 31n],
    [0x140, faulting],
  ] as const
  expect(written(vcpu, msrs)).toBe(2)
  expect(given(vcpu.run()).kind).toBe(kind)
})

test.each([
  ['6.12', 2n, 2, 0],
  ['6.12', 0n, 2, featureBits.hle | featureBits.rtm],
  ['5.3', 2n, 1, featureBits.hle | featureBits.rtm],
])(
  'in %s an IA32_TSX_CTRL of %i, %i of two registers written, leaves %i of leaf 7',
  (kernel, control, count, features) => {
    const vcpu = asking(kernel, 7, 0)
    const msrs = [
      [0x10a, 1n << 7n],
      [0x122, control],
    ] as const
    expect(written(vcpu, msrs)).toBe(count)
    given(vcpu.run())
    expect(Number(vcpu.state.getRegs().rbx)).toBe(features)
  },
)

test.each([
  ['6.12', 0n, 1, 0],
  ['6.12', 1n, 1, 1 << 8],
  ['6.1', 0n, 0, 1 << 8],
])(
  'in %s a control of %i, in %i registers, leaves a guest of Hyper-V %i of the invariant TSC',
  (kernel, control, count, invariant) => {
    const vcpu = asking(kernel, 0x8000_0007, 0)
    expect(written(vcpu, [[0x4000_0118, control]])).toBe(count)
    given(vcpu.run())
    expect(Number(vcpu.state.getRegs().rsi)).toBe(invariant)
  },
)

test.each([
  ['5.16.20', 0x6_0007n, 'EINVAL xcr0-unsupported'],
  ['5.17.15', 0x6_0007n, undefined],
  ['5.17.15', 0x2_0007n, 'EINVAL xcr0-half-amx'],
  ['6.12.117', 0x7n, undefined],
])(
  'KVM of Linux %s gives a guest that was shown AMX the XCR0 bits %x only as far as it can save them',
  (kernel, value, expected) => {
    const vm = given(openKvm({ kernel, host, memoryBytes: 1 << 20 }).createVm())
    const vcpu = given(vm.createVcpu(0))
    given(vcpu.setCpuid2([...table, entry(0xd, { eax: 0x6_0007 }, 0)], { permitted: 1n << 18n }))
    const refused = vcpu.state.setXcrs({ nr_xcrs: 1, flags: 0, xcrs: [{ xcr: 0, value }] })
    expect(refused && `${'errno' in refused && refused.errno} ${refused.rule}`).toBe(expected)
  },
)
