import { pinControls, primaryControls } from '@vmm/nested-vmx'
import { nobody } from '@vmm/vcpu'
import { type Assembler, al, assembler, cr2, cr4, eax, mem8, rax, rbx, rcx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type HypervisorOptions, hypervisor, places, plainVmcs, reasonOf } from './hypervisor.ts'

const at = (address: number, plus = 0): bigint => BigInt(address + plus)
const primary = plainVmcs.CPU_BASED_VM_EXEC_CONTROL!
const pin = plainVmcs.PIN_BASED_VM_EXEC_CONTROL!
const loops = (a: Assembler): void => void a.label('here').inc(rbx).jmp('here')

/** SMM has the same memory. */
function begun(options: Partial<HypervisorOptions>) {
  const it = hypervisor({ l2: loops, ...options })
  it.engine.machine.smmSlots.replace([{ address: 0, bytes: 0x4_0000, offset: 0 }])
  return it
}

/** L2 under way. */
function running(options: Partial<HypervisorOptions> = {}) {
  const it = begun(options)
  it.run(20)
  expect(it.vcpu.vmx.inL2).toBe(true)
  return it
}

describe('INIT', () => {
  test('leaves L2 for L1, and is over with that', () => {
    const it = running()
    it.vcpu.injectInit()
    expect(it.run()).toEqual({ kind: 'hlt' })
    expect([reasonOf(it), it.vcpu.vmx.state.vmxon, it.vcpu.isSignalled]).toEqual(['INIT_SIGNAL', true, false])
  })

  test('waits in root operation until VMXOFF, and a startup signal comes in vain', () => {
    const it = hypervisor({
      l2: (a) => a.vmcall(),
      handler: (a) => a.label('root').cmp(mem8(places.tables), 0).je('root').vmxoff().hlt(),
    })
    it.run(100)
    it.vcpu.injectInit()
    it.vcpu.injectStartup(0x12)
    it.run(100)
    expect([it.vcpu.isSignalled, it.vcpu.vmx.state.vmxon, it.vcpu.inSmm]).toEqual([true, true, false])
    it.engine.writePhysical(places.tables, Uint8Array.of(1))
    it.run(3)
    const { cs } = it.vcpu.state.getSregs()
    expect([it.vcpu.isSignalled, it.vcpu.vmx.state.vmxon, cs.selector]).toEqual([false, false, 0xf000])
  })

  test('ends VMX operation of a processor that its owner initializes in L2', () => {
    const it = running()
    it.vcpu.initialize()
    expect(it.vcpu.vmx.told()).toMatchObject({ guestMode: false, vmxon: false })
    expect([it.engine.get('VMX'), it.engine.get('CR4_REQUIRED'), it.engine.get('RIP')]).toEqual([0n, 0n, 0xfff0n])
  })
})

describe('a startup signal', () => {
  const waits = { GUEST_ACTIVITY_STATE: 3n }

  test('leaves an L2 that waits for one, with its vector', () => {
    const it = hypervisor({ fields: waits, l2: loops })
    expect([it.run(), it.vcpu.vmx.inL2]).toEqual([{ kind: 'hlt' }, true])
    it.vcpu.injectStartup(0x12)
    expect(it.run()).toEqual({ kind: 'hlt' })
    expect([reasonOf(it), it.field('EXIT_QUALIFICATION'), it.field('GUEST_ACTIVITY_STATE')]).toEqual([
      'SIPI_SIGNAL',
      0x12n,
      3n,
    ])
  })

  test('is nothing to an L2 that runs', () => {
    const it = running()
    it.vcpu.injectStartup(0x12)
    it.run(100)
    expect([it.vcpu.vmx.inL2, it.vcpu.isSignalled]).toEqual([true, false])
  })

  test('is what an L2 that waits for it has alone: INIT, NMIs and interrupts are not', () => {
    const it = hypervisor({
      fields: { ...waits, PIN_BASED_VM_EXEC_CONTROL: pin | pinControls.NMI_EXITING },
      l2: loops,
    })
    it.run()
    it.vcpu.injectInit()
    it.vcpu.injectNmi()
    expect([it.run(), it.vcpu.vmx.inL2]).toEqual([{ kind: 'hlt' }, true])
  })
})

describe('a page fault that leaves L2', () => {
  const faults = (code: (a: Assembler) => unknown): bigint => {
    const it = hypervisor({
      fields: { EXCEPTION_BITMAP: 1n << 14n },
      l2: (a) => {
        code(a)
        a.mov(rcx, 0x4000_0000).mov(al, mem8(rcx))
      },
    })
    it.engine.set('CR2', 0x1234n)
    it.run()
    expect([reasonOf(it), it.field('EXIT_QUALIFICATION')]).toEqual(['EXCEPTION_NMI', 0x4000_0000n])
    return it.engine.get('CR2')
  }

  test('leaves CR2 as L2 has moved it there', () => {
    expect(faults((a) => a.mov(rax, 0x5678).mov(cr2, rax))).toBe(0x5678n)
    expect(faults((a) => a.nop())).toBe(0x1234n)
  })
})

describe('a breakpoint of L2, while a debugger has asked for breakpoints', () => {
  const meets = (bitmap: bigint) => {
    const it = hypervisor({ fields: { EXCEPTION_BITMAP: bitmap }, l2: (a) => a.inc(rbx).int3() })
    it.vcpu.setGuestDebug({ control: 0x1_0001, arch: { debugreg: [] } })
    const exit = it.run()
    it.vcpu.setGuestDebug({ control: 0, arch: { debugreg: [] } })
    return { ...it, exit }
  }

  test('is L1’s where L1 wants it: KVM asks for a hardware exception, which INT3 is not', () => {
    const it = meets(1n << 3n)
    expect([it.exit, reasonOf(it)]).toEqual([{ kind: 'hlt' }, 'EXCEPTION_NMI'])
  })

  test('is the debugger’s where L1 does not', () => {
    const { exit, vcpu } = meets(0n)
    expect([exit, vcpu.vmx.inL2]).toEqual([{ kind: 'debug', exception: 3, pc: at(places.l2, 3) }, true])
  })
})

const smbase = 0x3_0000
/** In real mode, with nothing before it: what SMM does, and RSM. */
const inSmm = (does: (a: Assembler) => unknown) => (write: (address: number, bytes: Uint8Array) => void) => {
  const a = assembler({ origin: 0x8000, codeSize: 16 })
  does(a)
  write(smbase + 0x8000, a.rsm().finish().bytes)
}

describe('SMM of a processor in VMX operation', () => {
  const interrupted = (options: Partial<HypervisorOptions> = {}) => {
    const it = running({ memory: inSmm((a) => a.nop()), ...options })
    expect(it.vcpu.injectSmi()).toBeUndefined()
    it.run(1)
    expect(it.vcpu.inSmm).toBe(true)
    return it
  }

  test('is outside it, whatever L2 was at, and RSM goes on with L2', () => {
    const fields = { PIN_BASED_VM_EXEC_CONTROL: pin | pinControls.EXTERNAL_INTERRUPT_EXITING, CR0_GUEST_HOST_MASK: 8n }
    const it = interrupted({ fields })
    const told = it.vcpu.vmx.told()
    expect([it.engine.get('VMX'), it.engine.get('CR0_MASK'), it.vcpu.vmx.inL2]).toEqual([0n, 0n, false])
    expect(told).toMatchObject({ vmxon: false, guestMode: false, smmVmxon: true, smmGuestMode: true })
    it.run(2)
    expect([it.vcpu.inSmm, it.vcpu.vmx.inL2, it.engine.get('VMX'), it.engine.get('CR0_MASK')]).toEqual([
      ...[false, true, 2n, 8n],
    ])
    expect(it.vcpu.vmx.told()).toMatchObject({ vmxon: true, guestMode: true, smmVmxon: false, smmGuestMode: false })
    const { rip } = it.vcpu.state.getRegs()
    expect(rip >= at(places.l2) && rip < at(places.l2, 8)).toBe(true)
    expect([it.engine.get('CR3'), it.engine.get('CR4'), it.engine.get('IA32_EFER')]).toEqual([
      ...[at(places.pageTables), 0x2020n, 0x500n],
    ])
  })

  test('L2 comes through with its registers, and with what SMM has made of them', () => {
    const counts = (smi: boolean): bigint => {
      const it = running({
        memory: inSmm((a) => a.mov(eax, 1)),
        l2: (a) => a.mov(rbx, 5).label('here').cmp(mem8(places.tables), 0).je('here').add(rbx, 2).vmcall(),
      })
      if (smi) it.vcpu.injectSmi()
      it.run(100)
      it.engine.writePhysical(places.tables, Uint8Array.of(1))
      it.run()
      expect(reasonOf(it)).toBe('VMCALL')
      return it.vcpu.state.getRegs().rbx
    }
    expect([counts(true), counts(false)]).toEqual([7n, 7n])
    // where RBX is saved, and what INC makes of it
    const it = interrupted()
    it.engine.writePhysical(smbase + 0xffe0, Uint8Array.of(0x77, 0, 0, 0, 0, 0, 0, 0))
    it.run(1)
    expect([it.vcpu.vmx.inL2, it.vcpu.state.getRegs().rbx]).toEqual([true, 0x78n])
  })

  test('has no VMX: CR4.VMXE cannot be set, and its instructions are undefined', () => {
    const faulting = (does: (a: Assembler) => unknown) => {
      const it = interrupted({ memory: inSmm(does) })
      // a handler of no exception: the third ends it
      return it.run(50)
    }
    expect(faulting((a) => a.mov(eax, cr4).or(eax, 0x2000).mov(cr4, eax)).kind).toBe('shutdown')
    expect(faulting((a) => a.mov(eax, cr4).or(eax, 0x200).mov(cr4, eax)).kind).not.toBe('shutdown')
  })

  test('from root operation, too', () => {
    const it = begun({
      l2: (a) => a.vmcall(),
      handler: (a) => a.label('root').jmp('root'),
      memory: inSmm((a) => a.nop()),
    })
    it.run(100)
    it.vcpu.injectSmi()
    it.run(1)
    expect([it.vcpu.inSmm, it.engine.get('VMX'), it.engine.get('CR4_REQUIRED')]).toEqual([true, 0n, 0n])
    expect(it.vcpu.vmx.told()).toMatchObject({ vmxon: false, smmVmxon: true, smmGuestMode: false })
    it.run(3)
    expect([it.vcpu.inSmm, it.engine.get('VMX'), it.vcpu.vmx.state.vmxon]).toEqual([false, 1n, true])
    expect(it.vcpu.vmx.state.current).toBe(at(places.vmcs))
  })

  test('comes before a monitor trap, which is due behind RSM', () => {
    const seen: boolean[] = []
    const it = begun({
      fields: { CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.MONITOR_TRAP_FLAG },
      l2: (a) => a.out(0x80, al).ud2(),
      memory: inSmm((a) => a.out(0x81, al)),
      machine: {
        ...nobody(() => 0),
        portOut: (port) => {
          if (port === 0x80) it.vcpu.injectSmi()
          else seen.push(it.vcpu.vmx.told().smmGuestMode)
          return true
        },
      },
    })
    it.run()
    expect([seen, reasonOf(it), it.field('GUEST_RIP')]).toEqual([[true], 'MONITOR_TRAP_FLAG', at(places.l2, 2)])
  })

  test('is saved and restored with what waits for RSM', () => {
    const it = interrupted()
    const saved = structuredClone(it.vcpu.save())
    it.vcpu.reset()
    it.vcpu.restore(saved)
    expect(it.vcpu.inSmm).toBe(true)
    it.run(3)
    expect([it.vcpu.inSmm, it.vcpu.vmx.inL2]).toEqual([false, true])
  })
})
