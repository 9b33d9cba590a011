import {
  entryControls,
  exitControls,
  primaryControls,
  type Vmcs12Field,
  type Vmcs12Values,
  vmcs12Places,
} from '@vmm/nested-vmx'
import { type Assembler, ebp, ecx, mem64, r8, rax, rbx, rcx, rdi, rdx, rsp } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type HypervisorOptions, hypervisor, places, plainVmcs, reasonOf } from './hypervisor.ts'

const [IA32_S_CET, IA32_INTERRUPT_SSP_TABLE_ADDR] = [0x6a2, 0x6a8]
const [SH_STK_EN, ENDBR_EN, TRACKER] = [1n, 4n, 0x800n]
const CET = 1n << 23n
/** Shadow stacks of both, and a table of pages that has them. */
const stacks = { l1: 0x2_0000, l2: 0x2_1000 } as const
const [table, seen] = [0x2_2000, 0x2_3000]
const LOAD_CET = { entry: entryControls.LOAD_CET, exit: exitControls.LOAD_CET } as const

const encodingOf = (field: Vmcs12Field): number => vmcs12Places.find((place) => place.field === field)!.encoding

/** 2 MiB at 0, to themselves; shadow stacks may be read, and are dirty. */
function pages(): Uint8Array {
  const entries = Array.from({ length: 512 }, (_, page) => {
    const isStack = page === stacks.l1 >> 12 || page === stacks.l2 >> 12
    return BigInt(page << 12) | (isStack ? 0x41n : 0x43n)
  })
  return new Uint8Array(new BigUint64Array(entries).buffer)
}

/** A hypervisor without tracking and shadow stacks of its own, until it has some. */
function enforced(fields: Vmcs12Values, l2: HypervisorOptions['l2'], handler: (a: Assembler) => void) {
  return hypervisor({
    fields: {
      CPU_BASED_VM_EXEC_CONTROL: plainVmcs.CPU_BASED_VM_EXEC_CONTROL! | primaryControls.USE_MSR_BITMAPS,
      MSR_BITMAP: BigInt(places.msrBitmap),
      HOST_CR0: 0x8001_0031n,
      GUEST_CR0: 0x8001_0031n,
      ...fields,
    },
    l2,
    handler,
    memory: (write) => {
      write(places.pageTables + 0x2000, new Uint8Array(new BigUint64Array([BigInt(table) | 3n]).buffer))
      write(table, pages())
    },
  })
}

/** Keeps what it reads of the state of CET at `seen`. */
const keeps = (a: Assembler): Assembler =>
  a
    .mov(ecx, IA32_S_CET)
    .rdmsr()
    .mov(mem64(seen), rax)
    .mov(ecx, IA32_INTERRUPT_SSP_TABLE_ADDR)
    .rdmsr()
    .mov(mem64(seen + 8), rax)

const at = (engine: ReturnType<typeof enforced>['engine'], address: number): bigint => {
  const bytes = engine.physical(address)!
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
}

const guestState: Vmcs12Values = { GUEST_S_CET: ENDBR_EN, GUEST_SSP: 0x5008n, GUEST_INTR_SSP_TABLE: 0x6000n }
const hostState: Vmcs12Values = { HOST_S_CET: 0x20n, HOST_SSP: 0x7008n, HOST_INTR_SSP_TABLE: 0x8000n }
const state = ({ engine }: ReturnType<typeof enforced>) =>
  [engine.get('IA32_S_CET'), engine.get('SSP'), engine.get('IA32_INTERRUPT_SSP_TABLE_ADDR')] as const
const saved = ({ field }: ReturnType<typeof enforced>) =>
  [field('GUEST_S_CET'), field('GUEST_SSP'), field('GUEST_INTR_SSP_TABLE')] as const

describe('the state of CET of L2', () => {
  const passing = (fields: Vmcs12Values) => {
    const made = enforced(
      { ...guestState, ...hostState, ...fields },
      (a) => void keeps(a).vmcall(),
      (a) => void a.hlt(),
    )
    made.engine.set('IA32_S_CET', 0x10n)
    made.engine.set('SSP', 0x1008n)
    made.engine.set('IA32_INTERRUPT_SSP_TABLE_ADDR', 0x2000n)
    expect([made.run().kind, reasonOf(made)]).toEqual(['hlt', 'VMCALL'])
    return made
  }
  const entering = { VM_ENTRY_CONTROLS: plainVmcs.VM_ENTRY_CONTROLS! | LOAD_CET.entry }
  const leaving = { VM_EXIT_CONTROLS: plainVmcs.VM_EXIT_CONTROLS! | LOAD_CET.exit }

  test('is what the VMCS says where entries load it, and stays where exits do not', () => {
    const made = passing(entering)
    expect([at(made.engine, seen), at(made.engine, seen + 8)]).toEqual([ENDBR_EN, 0x6000n])
    expect(saved(made)).toEqual([ENDBR_EN, 0x5008n, 0x6000n])
    expect(state(made)).toEqual([ENDBR_EN, 0x5008n, 0x6000n])
  })

  test('is that of L1 where entries do not load it, and is saved', () => {
    const made = passing({})
    expect([at(made.engine, seen), at(made.engine, seen + 8)]).toEqual([0x10n, 0x2000n])
    expect(saved(made)).toEqual([0x10n, 0x1008n, 0x2000n])
    expect(state(made)).toEqual([0x10n, 0x1008n, 0x2000n])
  })

  test('is followed by that of the host where exits load it', () => {
    const made = passing({ ...entering, ...leaving })
    expect(saved(made)).toEqual([ENDBR_EN, 0x5008n, 0x6000n])
    expect(state(made)).toEqual([0x20n, 0x7008n, 0x8000n])
  })

  test('is not loaded, and the host’s is, where the entry fails', () => {
    const made = enforced(
      { ...guestState, ...hostState, ...entering, ...leaving, GUEST_SSP: 2n },
      (a) => void a.vmcall(),
      (a) => void a.hlt(),
    )
    expect([made.run().kind, reasonOf(made)]).toEqual(['hlt', 'failed: INVALID_STATE'])
    expect(saved(made)).toEqual([ENDBR_EN, 2n, 0x6000n])
    expect(state(made)).toEqual([0x20n, 0x7008n, 0x8000n])
  })
})

/** L1 and L2 with a shadow stack each. */
const both: Vmcs12Values = {
  VM_ENTRY_CONTROLS: plainVmcs.VM_ENTRY_CONTROLS! | LOAD_CET.entry,
  VM_EXIT_CONTROLS: plainVmcs.VM_EXIT_CONTROLS! | LOAD_CET.exit,
  EXCEPTION_BITMAP: 1n << 21n,
  GUEST_CR4: 0x2020n | CET,
  GUEST_S_CET: SH_STK_EN,
  GUEST_SSP: BigInt(stacks.l2 + 0xff8),
  HOST_CR4: 0x2020n | CET,
  HOST_S_CET: SH_STK_EN,
  HOST_SSP: BigInt(stacks.l1 + 0xff8),
}

/** L1 makes a call of its own, and lets L2 go on behind what it left for. */
const goesOn =
  (until: number) =>
  (a: Assembler): void => {
    a.mov(rax, encodingOf('VM_EXIT_REASON')).vmread(rbx, rax).cmp(rbx, until).je('done')
    a.call('behind').vmresume().hlt()
    a.label('behind').mov(rax, encodingOf('VM_EXIT_INSTRUCTION_LEN')).vmread(rcx, rax)
    a.mov(rax, encodingOf('GUEST_RIP')).vmread(rdx, rax).add(rdx, rcx).vmwrite(rax, rdx).ret()
    a.label('done').hlt()
  }

const rounds = 100
const [vmcall, monitorTrap] = [18, 37]

test('shadow stacks of L1 and L2 are each their own, for as many exits as there are', () => {
  const made = enforced(
    both,
    (a) => {
      a.mov(ebp, rounds).label('again').call('leaf').dec(ebp).jne('again').vmcall()
      a.label('leaf').cpuid().ret()
    },
    goesOn(vmcall),
  )
  expect([made.run(100_000).kind, reasonOf(made)]).toEqual(['hlt', 'VMCALL'])
  expect(saved(made)).toEqual([SH_STK_EN, BigInt(stacks.l2 + 0xff8), 0n])
  expect(state(made)).toEqual([SH_STK_EN, BigInt(stacks.l1 + 0xff8), 0n])
  const returns = [stacks.l1, stacks.l2].map((stack) => at(made.engine, stack + 0xff0))
  expect(returns.map((address) => address >> 11n)).toEqual([BigInt(places.handler >> 11), BigInt(places.l2 >> 11)])
})

test('a return of L2 to elsewhere leaves for L1 as a control protection, with the shadow stack as it was', () => {
  const made = enforced(
    both,
    (a) => {
      a.call('leaf').label('behind').vmcall()
      a.label('leaf').mov(rax, 0x1234).mov(mem64(rsp), rax).ret()
    },
    (a) => void a.hlt(),
  )
  expect([made.run().kind, reasonOf(made)]).toEqual(['hlt', 'EXCEPTION_NMI'])
  // a hardware exception of vector 21 with an error code, which says near return
  expect([made.field('VM_EXIT_INTR_INFO'), made.field('VM_EXIT_INTR_ERROR_CODE')]).toEqual([0x8000_0b15n, 1n])
  expect(made.field('GUEST_SSP')).toBe(BigInt(stacks.l2 + 0xff0))
})

describe('L2 that waits for ENDBRANCH', () => {
  const tracked = { ...both, GUEST_S_CET: ENDBR_EN | TRACKER }

  test('goes on where one is', () => {
    const made = enforced(
      tracked,
      (a) => void a.endbr64().vmcall(),
      (a) => void a.hlt(),
    )
    expect([made.run().kind, reasonOf(made)]).toEqual(['hlt', 'VMCALL'])
    expect(made.field('GUEST_S_CET')).toBe(ENDBR_EN)
  })

  test('leaves for a control protection where none is', () => {
    const made = enforced(
      tracked,
      (a) => void a.nop().vmcall(),
      (a) => void a.hlt(),
    )
    expect([made.run().kind, reasonOf(made), made.field('VM_EXIT_INTR_ERROR_CODE')]).toEqual([
      'hlt',
      'EXCEPTION_NMI',
      3n,
    ])
  })

  test('still does behind an exit between the branch and its target', () => {
    const made = enforced(
      {
        ...{ ...both, GUEST_S_CET: ENDBR_EN },
        CPU_BASED_VM_EXEC_CONTROL: plainVmcs.CPU_BASED_VM_EXEC_CONTROL! | primaryControls.MONITOR_TRAP_FLAG,
      },
      (a) => void a.mov(rdi, places.l2 + 0x100).jmp(rdi),
      (a) => {
        a.mov(rax, encodingOf('VM_EXIT_REASON')).vmread(rbx, rax).cmp(rbx, monitorTrap).jne('done')
        a.mov(rax, encodingOf('GUEST_S_CET')).vmread(r8, rax).vmresume()
        a.label('done').hlt()
      },
    )
    expect([made.run().kind, reasonOf(made), made.field('VM_EXIT_INTR_ERROR_CODE')]).toEqual([
      'hlt',
      'EXCEPTION_NMI',
      3n,
    ])
    expect([made.engine.gpr(8), made.field('GUEST_RIP')]).toEqual([ENDBR_EN | TRACKER, BigInt(places.l2 + 0x100)])
  })
})
