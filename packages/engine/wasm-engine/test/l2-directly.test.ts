import { livePlaces, pinControls } from '@vmm/nested-vmx'
import { nobody } from '@vmm/vcpu'
import { type Assembler, al, dx, ebp, mem64, rax, rbx, rcx, rdx, rsi } from '@vmm/x86-assembler'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type HypervisorOptions, hypervisor, places, plainVmcs } from './hypervisor.ts'

const encodings = { reason: 0x4402, length: 0x440c, rip: 0x681e, error: 0x4400 } as const
const [interruptExit, vmcallExit] = [1, 18]

const read = (a: Assembler, to: typeof rbx | typeof rdx, field: number) => a.mov(rax, field).vmread(to, rax)

/** L2 executes CPUID again and again; L1 goes on behind each, until L2 calls it. */
const many = (rounds: number): HypervisorOptions => ({
  l2: (a) => a.mov(ebp, rounds).label('again').cpuid().dec(ebp).jne('again').vmcall(),
  handler: (a) => {
    read(a, rbx, encodings.reason).cmp(rbx, vmcallExit).je('done')
    read(a, rbx, encodings.length)
    read(a, rdx, encodings.rip).add(rdx, rbx).vmwrite(rax, rdx).vmresume()
    a.label('done').hlt()
  },
})

afterEach(() => void vi.restoreAllMocks())

/** What can be seen of it. */
const seen = ({ vcpu, engine, vmcs }: ReturnType<typeof hypervisor>) => ({
  retired: engine.retired(),
  regs: vcpu.state.getRegs(),
  sregs: vcpu.state.getSregs(),
  vmcs: Buffer.from(vmcs().bytes).toString('hex'),
  inL2: vcpu.vmx.inL2,
})

describe('transitions', () => {
  test('are made by an engine that does not come back', () => {
    const it = hypervisor(many(1000))
    const runs = vi.spyOn(it.engine, 'run')
    expect(it.run(1_000_000).kind).toBe('hlt')
    expect(it.field('VM_EXIT_REASON')).toBe(BigInt(vmcallExit))
    expect(runs.mock.calls.length).toBeLessThan(30)
  })

  test('come to the same one by one', () => {
    const together = hypervisor(many(20))
    const before = together.engine.retired()
    expect(together.run(1_000_000).kind).toBe('hlt')
    const { retired, ...whole } = seen(together)
    const single = hypervisor(many(20))
    const from = single.engine.retired()
    while (single.run(1).kind === 'intr');
    expect(seen(single)).toEqual({ ...whole, retired: retired - before + from })
  })

  test('come to the same wherever a budget ends', () => {
    const all = hypervisor(many(6))
    const start = all.engine.retired()
    all.run(1_000_000)
    const [whole, count] = [seen(all), all.engine.retired() - start]
    for (let budget = 2; budget < count; budget += 1) {
      const it = hypervisor(many(6))
      const from = it.engine.retired()
      expect(it.run(budget).kind).toBe('intr')
      expect(it.engine.retired() - from).toBe(budget)
      expect(it.run(1_000_000).kind).toBe('hlt')
      expect(seen(it), `${budget} first`).toEqual({ ...whole, retired: from + count })
    }
  })

  test('leave to the vCPU what waits before the next instruction', () => {
    const rounds = 40
    let pending = false
    const it = hypervisor({
      l2: many(rounds).l2,
      handler: (a) => {
        read(a, rbx, encodings.reason).cmp(rbx, interruptExit).je('interrupted')
        // at the seventh exit an interrupt comes, which L1 does not take
        a.inc(rsi).cmp(rsi, 7).jne('others').mov(dx, 0x80).out(dx, al).label('others')
        many(rounds).handler!(a)
        a.label('interrupted').hlt()
      },
      fields: {
        PIN_BASED_VM_EXEC_CONTROL: plainVmcs.PIN_BASED_VM_EXEC_CONTROL! | pinControls.EXTERNAL_INTERRUPT_EXITING,
      },
      machine: {
        ...nobody(() => 0),
        interruptPending: () => pending,
        portOut: () => {
          pending = true
          return true
        },
      },
    })
    expect(it.run(1_000_000).kind).toBe('hlt')
    expect(it.field('VM_EXIT_REASON')).toBe(BigInt(interruptExit))
    expect(it.vcpu.state.getRegs()).toMatchObject({ rsi: 7n, rbp: BigInt(rounds - 6) })
  })
})

describe('VMREAD and VMWRITE of the current VMCS', () => {
  /** Fields are read and written by a program that has been in L2, and goes there again. */
  const writing = (encoding: number, value: bigint): HypervisorOptions => ({
    l2: (a) => a.cpuid().vmcall(),
    handler: (a) => {
      a.cmp(rsi, 0).jne('done').inc(rsi)
      // the first is asked about
      read(a, rbx, encodings.length)
      read(a, rdx, encodings.rip).add(rdx, rbx).vmwrite(rax, rdx)
      a.mov(rax, encoding).mov(rdx, value).vmwrite(rax, rdx).lahf().mov(rcx, rax)
      a.mov(rax, encoding).vmread(rbx, rax).vmresume()
      read(a, rdx, encodings.error)
      a.label('done').hlt()
    },
  })

  const outcome = (options: HypervisorOptions, how: 'directly' | 'by asking') => {
    const it = hypervisor(options)
    const { fields } = it.engine.known
    const keep = how === 'directly' ? [] : [vi.spyOn(fields, 'keep'), vi.spyOn(fields, 'again')]
    for (const each of keep) each.mockImplementation(() => {})
    const asked = vi.spyOn(it.vcpu.vmx, 'execute')
    const exit = it.run(2000)
    const count = asked.mock.calls.length
    vi.restoreAllMocks()
    const { retired, ...state } = seen(it)
    return { exit, state, count }
  }

  test('of any field, with any value, come to the same whether they are asked about or not', () => {
    let fewer = 0
    for (const { field, encoding, upperHalf, bytes } of livePlaces) {
      const values = [(1n << BigInt(8 * bytes)) - 1n, 0x8000_0000_0000_0001n]
      for (const number of upperHalf === undefined ? [encoding] : [encoding, upperHalf])
        for (const value of values) {
          const [one, other] = [
            outcome(writing(number, value), 'directly'),
            outcome(writing(number, value), 'by asking'),
          ]
          expect({ ...one, count: 0 }, `${field} = ${value.toString(16)}`).toEqual({ ...other, count: 0 })
          fewer += one.count < other.count ? 1 : 0
        }
    }
    expect(fewer).toBeGreaterThan(200)
  })

  test('are asked about again where another VMCS is current, or none', () => {
    const it = hypervisor({
      l2: (a) => a.cpuid(),
      handler: (a) => {
        read(a, rbx, encodings.reason)
        read(a, rbx, encodings.reason)
        a.vmclear(mem64(places.pointers + 8))
          .mov(rax, encodings.reason)
          .mov(rbx, 5)
          .vmread(rbx, rax)
          .hlt()
      },
    })
    expect(it.run().kind).toBe('hlt')
    expect(it.vcpu.state.getRegs().rbx).toBe(5n)
  })
})
