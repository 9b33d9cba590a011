import { createHash } from 'node:crypto'
import { primaryControls, RememberedTransition, type Vmcs12Field, vmcs12Places } from '@vmm/nested-vmx'
import { type Assembler, dr7, eax, ebp, ecx, mem64, r8, rax, rbx, rcx, rdi, rdx } from '@vmm/x86-assembler'
import { afterEach, expect, test, vi } from 'vitest'
import { type HypervisorOptions, hypervisor, places, plainVmcs } from './hypervisor.ts'

const [reason, length, rip, vmcall] = [0x4402, 0x440c, 0x681e, 18]
/** What L1 writes behind each exit: pairs of a field and its value. */
const script = 0x2_0000
const rounds = 400
const [IA32_EFER, IA32_KERNEL_GS_BASE, IA32_S_CET] = [0xc000_0080, 0xc000_0102, 0x6a2]
/** One MSR for entries to load and exits to store. */
const list = 0x2_8000

const usualPat = 0x0007_0406_0007_0406n

/** Values that decide about a transition, or are moved by it: the first is the usual one. */
const choices: readonly (readonly [Vmcs12Field, readonly bigint[]])[] = [
  ['VM_EXIT_CONTROLS', [0x3_6fffn, 0x3_6ffbn, 0x13_6fffn, 0x3f_6fffn, 0x2f_6fffn, 0x1003_6fffn]],
  ['VM_ENTRY_CONTROLS', [0x13fbn, 0x13ffn, 0x93fbn, 0xd3ffn, 0x10_13fbn]],
  ['GUEST_DR7', [0x400n, 0x700n]],
  ['GUEST_IA32_EFER', [0x500n, 0x501n, 0xd01n]],
  ['HOST_IA32_EFER', [0x500n, 0xd01n]],
  ['GUEST_IA32_PAT', [usualPat, 0n]],
  ['HOST_IA32_PAT', [usualPat, 0x0606_0606_0606_0606n]],
  ['GUEST_IA32_DEBUGCTL', [0n, 1n]],
  ['GUEST_INTERRUPTIBILITY_INFO', [0n, 8n, 1n, 2n]],
  ['GUEST_PENDING_DBG_EXCEPTIONS', [0n, 0x1001n]],
  ['GUEST_RFLAGS', [2n, 0x8d7n, 0x202n, 0x246n]],
  ['GUEST_CR4', [0x2020n, 0x2620n]],
  ['CR0_GUEST_HOST_MASK', [0n, 0x8n]],
  ['CR4_READ_SHADOW', [0n, 0x2000n]],
  ['GUEST_GS_BASE', [0n, 0x7fff_0000_1000n]],
  ['GUEST_SYSENTER_EIP', [0n, 0x1234_5678n]],
  ['HOST_FS_BASE', [0n, 0xffff_8000_0000_0000n]],
  ['HOST_CR4', [0x2020n, 0x2420n]],
  ['GUEST_SS_AR_BYTES', [0xc093n, 0x1_c093n]],
  ['GUEST_S_CET', [0n, 4n]],
  ['GUEST_SSP', [0n, 0x7fff_0000_1008n]],
  ['HOST_S_CET', [0n, 1n]],
  ['HOST_INTR_SSP_TABLE', [0n, 0xffff_8000_0000_0040n]],
  ['VM_ENTRY_MSR_LOAD_COUNT', [0n, 1n]],
  ['VM_EXIT_MSR_STORE_COUNT', [0n, 1n]],
]

const encodingOf = (field: Vmcs12Field): number => vmcs12Places.find((place) => place.field === field)!.encoding

function listed(): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(0, IA32_KERNEL_GS_BASE, true)
  return bytes
}

/** Mulberry32. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Mostly what is usual, so that transitions are alike, and now and then something else. */
function written(seed: number): Uint8Array {
  const [below, bytes] = [numbers(seed), new Uint8Array(rounds * 16)]
  const view = new DataView(bytes.buffer)
  for (let round = 0; round < rounds; round += 1) {
    const [field, values] = choices[below(choices.length)]!
    view.setBigUint64(round * 16, BigInt(encodingOf(field)), true)
    view.setBigUint64(round * 16 + 8, values[below(8) === 0 ? below(values.length) : 0]!, true)
  }
  return bytes
}

/** Ways to come to CPUID. */
const ways: readonly ((a: Assembler) => void)[] = [
  (a) => void a.cpuid(),
  (a) => void a.sti().cpuid().cli(),
  (a) => void a.add(rax, rbx).cpuid(),
  (a) => void a.mov(ecx, IA32_EFER).rdmsr().xor(eax, 1).wrmsr().cpuid(),
  (a) => void a.mov(ecx, IA32_S_CET).rdmsr().xor(eax, 0x20).wrmsr().cpuid(),
  (a) => void a.mov(eax, 0x700).mov(dr7, rax).cpuid(),
]

const program = (seed: number): HypervisorOptions => {
  const below = numbers(seed + 1)
  return {
    fields: {
      CPU_BASED_VM_EXEC_CONTROL: plainVmcs.CPU_BASED_VM_EXEC_CONTROL! | primaryControls.USE_MSR_BITMAPS,
      MSR_BITMAP: BigInt(places.msrBitmap),
      VM_EXIT_MSR_STORE_ADDR: BigInt(list),
      VM_ENTRY_MSR_LOAD_ADDR: BigInt(list),
      VM_EXIT_CONTROLS: choices[0]![1][0]!,
      HOST_IA32_EFER: 0x500n,
      HOST_IA32_PAT: usualPat,
      GUEST_IA32_PAT: usualPat,
      GUEST_IA32_EFER: 0x500n,
    },
    l2: (a) => {
      a.mov(ebp, rounds / 4).label('again')
      for (let each = 0; each < 4; each += 1) ways[below(3) === 0 ? below(ways.length) : 0]!(a)
      a.dec(ebp).jne('again').vmcall()
    },
    handler: (a) => {
      a.cmp(rdi, 0).jne('begun').mov(rdi, script).label('begun')
      a.mov(rax, reason).vmread(rbx, rax).cmp(rbx, vmcall).je('done')
      a.mov(rax, length).vmread(rcx, rax).mov(rax, rip).vmread(rdx, rax).add(rdx, rcx).vmwrite(rax, rdx)
      a.mov(rax, mem64(rdi)).vmread(r8, rax)
      a.mov(rdx, mem64(rdi, 8)).vmwrite(rax, rdx).add(rdi, 16).vmresume()
      // what does not pass is as it was
      a.vmwrite(rax, r8).vmresume()
      a.label('done').hlt()
    },
    memory: (write) => {
      write(script, written(seed))
      write(list, listed())
    },
  }
}

/** What can be seen of it after every so many instructions, in short. */
function course(seed: number): readonly string[] {
  const { vcpu, engine, run, vmcs } = hypervisor(program(seed))
  const from = engine.retired()
  const seen: string[] = []
  for (let slices = 0; slices < 400; slices += 1) {
    const { kind } = run(101)
    const state = { kind, regs: vcpu.state.getRegs(), sregs: vcpu.state.getSregs(), debug: vcpu.state.getDebugregs() }
    const plain = JSON.stringify({ ...state, retired: engine.retired() - from, inL2: vcpu.vmx.inL2 }, (_, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    )
    seen.push(createHash('sha1').update(plain).update(vmcs().bytes).digest('hex'))
    if (kind !== 'intr') return [...seen, kind]
  }
  return seen
}

afterEach(() => void vi.restoreAllMocks())

let times = 0

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'transitions come to what they would step by step: %i',
  (seed) => {
    const again = vi.spyOn(RememberedTransition.prototype, 'again')
    const remembered = course(seed)
    times += again.mock.results.filter(({ value }) => value === true).length
    again.mockReturnValue(false)
    expect(remembered).toEqual(course(seed))
  },
)

test('most of them were remembered', () => {
  expect(times).toBeGreaterThan(3000)
})
