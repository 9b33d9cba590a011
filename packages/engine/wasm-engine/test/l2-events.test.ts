import { entryControls, exitControls, pinControls, primaryControls, secondaryControls } from '@vmm/nested-vmx'
import { nobody } from '@vmm/vcpu'
import { al, cr8, eax, ecx, mem8, mem64, mem128, rax, rbx, rcx, rdx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type HypervisorOptions, hypervisor, places, plainVmcs, reasonOf } from './hypervisor.ts'

const at = (address: number, plus = 0): bigint => BigInt(address + plus)
const primary = plainVmcs.CPU_BASED_VM_EXEC_CONTROL!
const pin = plainVmcs.PIN_BASED_VM_EXEC_CONTROL!
const [interrupt, nmiInfo] = [0x8000_0021n, 0x8000_0202n]
const idt = places.tables + 0x1000
const gateTo = 0x8800

/** One gate of L2's IDT: vector, and where it leads. */
function gate(vector: number): readonly [address: number, bytes: Uint8Array] {
  const view = new DataView(new ArrayBuffer(16))
  view.setUint16(0, gateTo, true)
  view.setUint16(2, 8, true)
  view.setUint16(4, 0x8e00, true)
  return [idt + vector * 16, new Uint8Array(view.buffer)]
}

/** A descriptor table with a 64-bit code segment at 8, and code for L2's handler. */
const prepared =
  (...vectors: readonly number[]) =>
  (write: (address: number, bytes: Uint8Array) => void) => {
    write(places.tables, new Uint8Array(new BigUint64Array([0n, 0xaf_9b00_0000_ffffn, 0xcf_9300_0000_ffffn]).buffer))
    for (const vector of vectors) write(...gate(vector))
    // INC RBX; VMCALL
    write(gateTo, Uint8Array.of(0x48, 0xff, 0xc3, 0x0f, 0x01, 0xc1))
  }
const withTables = {
  GUEST_GDTR_BASE: at(places.tables),
  GUEST_GDTR_LIMIT: 0x17n,
  GUEST_IDTR_BASE: at(idt),
  GUEST_IDTR_LIMIT: 0xfffn,
}

/** Interrupts that wait from the beginning. */
function waiting() {
  const it = {
    waits: true,
    taken: 0,
    machine: {
      ...nobody(() => 0),
      interruptPending: () => it.waits,
      acknowledge: () => {
        it.waits = false
        it.taken += 1
        return 0x21
      },
    },
  }
  return it
}

function leftFor(options: HypervisorOptions) {
  const it = hypervisor(options)
  expect(it.run()).toEqual({ kind: 'hlt' })
  return { ...it, reason: reasonOf(it) }
}

describe('an exception of L2', () => {
  test('is L1’s where the exception bitmap says so, with its error code', () => {
    const it = leftFor({ fields: { EXCEPTION_BITMAP: 1n << 13n }, l2: (a) => a.mov(rax, 1n << 63n).jmp(rax) })
    expect([it.reason, it.field('VM_EXIT_INTR_INFO'), it.field('VM_EXIT_INTR_ERROR_CODE')]).toEqual([
      'EXCEPTION_NMI',
      0x8000_0b0dn,
      0n,
    ])
  })

  test('goes to its own handler otherwise', () => {
    const it = leftFor({ fields: withTables, memory: prepared(6), l2: (a) => a.mov(rbx, 4).ud2() })
    expect([it.reason, it.field('GUEST_RIP'), it.vcpu.state.getRegs().rbx]).toEqual(['VMCALL', BigInt(gateTo + 3), 5n])
  })

  test('for a page leaves CR2 alone, and tells the address', () => {
    const it = hypervisor({
      fields: { EXCEPTION_BITMAP: 1n << 14n },
      l2: (a) => a.mov(rcx, 0x4000_0000).mov(al, mem8(rcx)),
    })
    it.engine.set('CR2', 0x1234n)
    it.run()
    const told = [reasonOf(it), it.field('EXIT_QUALIFICATION'), it.engine.get('CR2')]
    expect(told).toEqual(['EXCEPTION_NMI', 0x4000_0000n, 0x1234n])
  })

  test('for a page is chosen by mask and match of its error code', () => {
    const faults = (match: bigint) =>
      leftFor({
        fields: {
          ...withTables,
          EXCEPTION_BITMAP: 1n << 14n,
          PAGE_FAULT_ERROR_CODE_MASK: 2n,
          PAGE_FAULT_ERROR_CODE_MATCH: match,
        },
        memory: prepared(14),
        l2: (a) => a.mov(rcx, 0x4000_0000).mov(al, mem8(rcx)),
      }).reason
    expect([faults(0n), faults(2n)]).toEqual(['EXCEPTION_NMI', 'VMCALL'])
  })

  test('that its own handler cannot take becomes a double fault, and without any a triple fault', () => {
    const nothing = (bitmap: bigint) =>
      leftFor({ fields: { EXCEPTION_BITMAP: bitmap }, l2: (a) => a.mov(rax, 1n << 63n).jmp(rax) })
    expect(nothing(0n).reason).toBe('TRIPLE_FAULT')
    const doubled = nothing(1n << 8n)
    expect([doubled.reason, doubled.field('VM_EXIT_INTR_INFO'), doubled.field('IDT_VECTORING_INFO_FIELD')]).toEqual([
      'EXCEPTION_NMI',
      0x8000_0b08n,
      0n,
    ])
  })

  test('of INT3 is a software exception with its length', () => {
    const it = leftFor({ fields: { EXCEPTION_BITMAP: 1n << 3n }, l2: (a) => a.int3() })
    expect([it.reason, it.field('VM_EXIT_INTR_INFO'), it.field('VM_EXIT_INSTRUCTION_LEN')]).toEqual([
      'EXCEPTION_NMI',
      0x8000_0603n,
      1n,
    ])
  })
})

describe('an event that an entry injects', () => {
  const injects = (info: bigint, more = {}) => ({
    ...withTables,
    GUEST_RFLAGS: 0x202n,
    VM_ENTRY_INTR_INFO_FIELD: info,
    ...more,
  })

  test('is taken before the first instruction, and is over at the exit', () => {
    const it = leftFor({ fields: injects(interrupt), memory: prepared(0x21), l2: (a) => a.ud2() })
    expect([it.reason, it.field('VM_ENTRY_INTR_INFO_FIELD')]).toEqual(['VMCALL', interrupt & 0x7fff_ffffn])
    expect(it.vcpu.state.getRegs().rbx).toBe(1n)
  })

  test('returns behind its instruction where software raises it', () => {
    const it = leftFor({
      fields: injects(0x8000_0421n, { VM_ENTRY_INSTRUCTION_LEN: 2n }),
      memory: prepared(0x21),
      l2: (a) => a.int(0x21),
    })
    const stack = it.engine.physical(Number(it.field('GUEST_RSP')))!
    expect(new DataView(stack.buffer, stack.byteOffset).getBigUint64(0, true)).toBe(at(places.l2, 2))
  })

  test('whose delivery runs into EPT is told with the exit', () => {
    const it = leftFor({
      fields: injects(interrupt, eptFields()),
      memory: (write) => {
        prepared(0x21)(write)
        ept(write, [idt])
      },
      l2: (a) => a.ud2(),
    })
    expect([it.reason, it.field('IDT_VECTORING_INFO_FIELD')]).toEqual(['EPT_VIOLATION', interrupt])
    expect(it.field('GUEST_PHYSICAL_ADDRESS')).toBe(at(idt, 0x210))
  })
})

const eptFields = () => ({
  CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.SECONDARY_CONTROLS,
  SECONDARY_VM_EXEC_CONTROL: secondaryControls.EPT | secondaryControls.VPID,
  VIRTUAL_PROCESSOR_ID: 1n,
  EPT_POINTER: at(places.ept, 0x1e),
})

/** The first 2 MiB to themselves in pages of 4 KiB, without some. */
function ept(write: (address: number, bytes: Uint8Array) => void, without: readonly number[] = []): void {
  const table = (address: number, entries: readonly bigint[]) =>
    write(address, new Uint8Array(new BigUint64Array(entries).buffer))
  table(places.ept, [at(places.ept, 0x1007)])
  table(places.ept + 0x1000, [at(places.ept, 0x2007)])
  table(places.ept + 0x2000, [at(places.ept, 0x3007)])
  const pages = Array.from({ length: 64 }, (_, page) =>
    without.includes(page * 4096) ? 0n : BigInt(page * 4096) | 0x37n,
  )
  table(places.ept + 0x3000, pages)
}

describe('EPT', () => {
  test('that has a page lets L2 use it, and one without it leaves L2 with both addresses', () => {
    const hole = 0x2_0000
    const it = leftFor({
      fields: eptFields(),
      memory: (write) => ept(write, [hole]),
      l2: (a) => a.mov(rcx, hole).mov(mem64({ base: rcx, displacement: 8 }), rax),
    })
    expect([it.reason, it.field('GUEST_PHYSICAL_ADDRESS'), it.field('GUEST_LINEAR_ADDRESS')]).toEqual([
      'EPT_VIOLATION',
      at(hole, 8),
      at(hole, 8),
    ])
    // a write, of nothing that is permitted, with a linear address that is final
    expect(it.field('EXIT_QUALIFICATION')).toBe(0x182n)
    expect(it.field('GUEST_RIP')).toBe(at(places.l2, 7))
  })

  test('is looked at again when L1 has given the page and forgotten what was known', () => {
    const hole = 0x2_0000
    const it = leftFor({
      fields: eptFields(),
      memory: (write) => ept(write, [hole]),
      l2: (a) => a.mov(rcx, hole).mov(mem64(rcx), 0x55).mov(rbx, mem64(rcx)).vmcall(),
      handler: (a) => {
        a.mov(rax, 0x4402).vmread(rdx, rax).cmp(rdx, 48).jne('done')
        a.mov(rax, hole | 0x37).mov(mem64(places.ept + 0x3000 + (hole >> 12) * 8), rax)
        a.mov(rax, 2).invept(rax, mem128('none')).vmresume()
        a.label('done').hlt()
        a.align(16).label('none').dq(0, 0)
      },
    })
    expect([it.reason, it.vcpu.state.getRegs().rbx]).toEqual(['VMCALL', 0x55n])
  })

  test('that is misconfigured leaves L2 for that', () => {
    const hole = 0x2_0000
    const it = leftFor({
      fields: eptFields(),
      memory: (write) => {
        ept(write)
        // writable and not readable
        write(places.ept + 0x3000 + (hole >> 12) * 8, new Uint8Array(new BigUint64Array([BigInt(hole) | 0x32n]).buffer))
      },
      l2: (a) => a.mov(rcx, hole).mov(rax, mem64(rcx)),
    })
    expect([it.reason, it.field('GUEST_PHYSICAL_ADDRESS')]).toEqual(['EPT_MISCONFIG', at(hole)])
  })
})

describe('an interrupt while L2 runs', () => {
  const exiting = { PIN_BASED_VM_EXEC_CONTROL: pin | pinControls.EXTERNAL_INTERRUPT_EXITING }

  test('leaves for L1 whatever the flags of L2 say, and waits there', () => {
    const around = waiting()
    const it = leftFor({ fields: exiting, l2: (a) => a.ud2(), machine: around.machine })
    expect([it.reason, around.taken, it.field('VM_EXIT_INTR_INFO')]).toEqual(['EXTERNAL_INTERRUPT', 0, 0n])
  })

  test('is acknowledged where the exit does that', () => {
    const around = waiting()
    const fields = { ...exiting, VM_EXIT_CONTROLS: plainVmcs.VM_EXIT_CONTROLS! | exitControls.ACKNOWLEDGE_INTERRUPT }
    const it = leftFor({ fields, l2: (a) => a.ud2(), machine: around.machine })
    expect([it.reason, around.taken, it.field('VM_EXIT_INTR_INFO')]).toEqual(['EXTERNAL_INTERRUPT', 1, interrupt])
  })

  test('wakes an L2 that halts', () => {
    const around = waiting()
    around.waits = false
    const it = hypervisor({ fields: exiting, l2: (a) => a.hlt(), machine: around.machine })
    expect([it.run(), it.vcpu.vmx.inL2]).toEqual([{ kind: 'hlt' }, true])
    around.waits = true
    expect(it.vcpu.isReady).toBe(true)
    it.run()
    expect([reasonOf(it), it.field('GUEST_ACTIVITY_STATE')]).toEqual(['EXTERNAL_INTERRUPT', 1n])
  })

  test('is L2’s own without the control, when its flags let it', () => {
    const around = waiting()
    const it = leftFor({
      fields: withTables,
      memory: prepared(0x21),
      l2: (a) => a.sti().nop().nop().ud2(),
      machine: around.machine,
    })
    expect([it.reason, it.field('GUEST_RIP')]).toEqual(['VMCALL', BigInt(gateTo + 3)])
  })

  test('has its window told as soon as L2 would take one', () => {
    const fields = { CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.INTERRUPT_WINDOW_EXITING }
    const it = leftFor({ fields, l2: (a) => a.nop().sti().nop().nop().ud2() })
    expect([it.reason, it.field('GUEST_RIP')]).toEqual(['INTERRUPT_WINDOW', at(places.l2, 3)])
  })
})

describe('an NMI while L2 runs', () => {
  const fields = { PIN_BASED_VM_EXEC_CONTROL: pin | pinControls.NMI_EXITING | pinControls.VIRTUAL_NMIS }

  test('leaves for L1, which is not interrupted by another', () => {
    const it = hypervisor({ fields, l2: (a) => a.label('here').jmp('here') })
    it.run(20)
    it.vcpu.injectNmi()
    it.run()
    expect([reasonOf(it), it.field('VM_EXIT_INTR_INFO'), it.engine.get('NMI_BLOCKED')]).toEqual([
      'EXCEPTION_NMI',
      nmiInfo,
      1n,
    ])
  })

  test('of L1’s is blocked behind its injection, and its window opens behind IRET', () => {
    const it = leftFor({
      fields: {
        ...fields,
        ...withTables,
        VM_ENTRY_INTR_INFO_FIELD: nmiInfo,
        CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.NMI_WINDOW_EXITING,
      },
      memory: (write) => {
        prepared(2)(write)
        write(gateTo, Uint8Array.of(0x48, 0xff, 0xc3, 0x48, 0xcf))
      },
      l2: (a) => a.nop().ud2(),
    })
    expect([it.reason, it.field('GUEST_RIP'), it.vcpu.state.getRegs().rbx]).toEqual(['NMI_WINDOW', at(places.l2), 1n])
  })
})

describe('time and steps of L2', () => {
  test('are over when the preemption timer is', () => {
    const fields = {
      PIN_BASED_VM_EXEC_CONTROL: pin | pinControls.PREEMPTION_TIMER,
      VM_EXIT_CONTROLS: plainVmcs.VM_EXIT_CONTROLS! | exitControls.SAVE_PREEMPTION_TIMER,
      VMX_PREEMPTION_TIMER_VALUE: 100n,
    }
    const counted = (): bigint => {
      const it = hypervisor({ fields, l2: (a) => a.label('here').inc(rbx).jmp('here') })
      it.run(100_000)
      expect([reasonOf(it), it.field('VMX_PREEMPTION_TIMER_VALUE')]).toEqual(['PREEMPTION_TIMER', 0n])
      return it.vcpu.state.getRegs().rbx
    }
    expect(counted()).toBe(counted())
    expect(counted() > 1000n).toBe(true)
  })

  test('without any leave L2 before its first instruction', () => {
    const it = leftFor({
      fields: { PIN_BASED_VM_EXEC_CONTROL: pin | pinControls.PREEMPTION_TIMER },
      l2: (a) => a.ud2(),
    })
    expect([it.reason, it.field('GUEST_RIP')]).toEqual(['PREEMPTION_TIMER', at(places.l2)])
  })

  test('are one instruction long under the monitor-trap flag', () => {
    const it = leftFor({
      fields: { CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.MONITOR_TRAP_FLAG },
      l2: (a) => a.nop().inc(eax).ud2(),
      handler: (a) => {
        a.inc(ecx).cmp(ecx, 2).je('done').vmresume()
        a.label('done').hlt()
      },
    })
    expect([it.reason, it.field('GUEST_RIP')]).toEqual(['MONITOR_TRAP_FLAG', at(places.l2, 3)])
  })
})

describe('a monitor trap', () => {
  const trapping = { CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.MONITOR_TRAP_FLAG }

  test('comes before the first instruction of a handler', () => {
    const fields = { ...withTables, ...trapping }
    const it = leftFor({ fields, memory: prepared(6), l2: (a) => a.ud2() })
    expect([it.reason, it.field('GUEST_RIP')]).toEqual(['MONITOR_TRAP_FLAG', BigInt(gateTo)])
  })

  test('comes behind what an entry injects', () => {
    const fields = { ...withTables, ...trapping, VM_ENTRY_INTR_INFO_FIELD: interrupt, GUEST_RFLAGS: 0x202n }
    const it = leftFor({ fields, memory: prepared(0x21), l2: (a) => a.nop() })
    expect([it.reason, it.field('GUEST_RIP')]).toEqual(['MONITOR_TRAP_FLAG', BigInt(gateTo)])
  })

  test('comes before a single step, which waits', () => {
    const it = leftFor({ fields: { ...trapping, GUEST_RFLAGS: 0x102n }, l2: (a) => a.nop().nop() })
    const told = [it.reason, it.field('GUEST_RIP'), it.field('GUEST_PENDING_DBG_EXCEPTIONS')]
    expect(told).toEqual(['MONITOR_TRAP_FLAG', at(places.l2, 1), 0x4000n])
  })
})

describe('the task priority of L2', () => {
  test('is in the virtual-APIC page, and L1 is told when it falls below the threshold', () => {
    const it = leftFor({
      fields: {
        CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.TPR_SHADOW,
        VIRTUAL_APIC_PAGE_ADDR: at(places.virtualApic),
        TPR_THRESHOLD: 4n,
      },
      memory: (write) => write(places.virtualApic + 0x80, Uint8Array.of(0x90)),
      l2: (a) => a.mov(rbx, cr8).mov(eax, 5).mov(cr8, rax).mov(eax, 3).mov(cr8, rax).ud2(),
    })
    expect([it.reason, it.vcpu.state.getRegs().rbx]).toEqual(['TPR_BELOW_THRESHOLD', 9n])
    expect(it.engine.physical(places.virtualApic + 0x80)![0]).toBe(0x30)
  })
})

describe('a processor in L2', () => {
  test('is saved and restored, and goes on there', () => {
    const it = hypervisor({ l2: (a) => a.mov(rbx, 1).inc(rbx).inc(rbx).cpuid() })
    it.run(7)
    expect(it.vcpu.vmx.inL2).toBe(true)
    const saved = structuredClone(it.vcpu.save())
    it.run()
    const [first, rip] = [it.vcpu.state.getRegs().rbx, it.field('GUEST_RIP')]
    it.vcpu.reset()
    expect(it.vcpu.vmx.inL2).toBe(false)
    it.vcpu.restore(saved)
    it.run()
    expect([reasonOf(it), it.vcpu.state.getRegs().rbx, it.field('GUEST_RIP')]).toEqual(['CPUID', first, rip])
  })

  test('begins in real mode where the guest is unrestricted', () => {
    const real = (name: string, base: bigint, rights: bigint) => ({
      [`GUEST_${name}_BASE`]: base,
      [`GUEST_${name}_SELECTOR`]: base >> 4n,
      [`GUEST_${name}_LIMIT`]: 0xffffn,
      [`GUEST_${name}_AR_BYTES`]: rights,
    })
    const it = leftFor({
      fields: {
        ...eptFields(),
        SECONDARY_VM_EXEC_CONTROL: secondaryControls.EPT | secondaryControls.UNRESTRICTED_GUEST,
        VM_ENTRY_CONTROLS: plainVmcs.VM_ENTRY_CONTROLS! & ~entryControls.IA32E_MODE,
        GUEST_CR0: 0x30n,
        GUEST_CR4: 0x2000n,
        GUEST_RIP: 0n,
        ...real('CS', at(places.l2), 0x9bn),
        ...Object.assign({}, ...['SS', 'DS', 'ES', 'FS', 'GS'].map((name) => real(name, 0n, 0x93n))),
      },
      memory: (write) => ept(write),
      // MOV BX, CS in 16-bit code
      l2: (a) => a.bits(16).db(0x8c, 0xcb).vmcall(),
    })
    expect([it.reason, it.vcpu.state.getRegs().rbx, it.field('GUEST_RIP')]).toEqual(['VMCALL', 0x800n, 2n])
    expect(it.vcpu.state.getSregs().cs.l).toBe(1)
  })
})
