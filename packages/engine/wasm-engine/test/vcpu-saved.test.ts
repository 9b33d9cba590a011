import { mpStates, type SavedVcpu, validEvents } from '@vmm/vcpu'
import { ax, dx, eax, edx, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { alone } from './alone.ts'

const msr = { pat: 0x277, sysenterEip: 0x176, mtrrDefault: 0x2ff, kvmSystemTime: 0x4b56_4d01 } as const

/** A vCPU of which every part holds something else than after power-up. */
function lived() {
  const cpu = alone((a) => a.mov(ax, 0x8000).add(ax, ax).hlt())
  const { state } = cpu.vcpu
  cpu.run()
  state.setMsrs([
    { index: msr.pat, data: 0x0007_0406_0007_0401n },
    { index: msr.sysenterEip, data: 0x1234_5678n },
    { index: msr.kvmSystemTime, data: 0x5001n },
  ])
  for (let index = 0; index < 16; index += 1) cpu.engine.vector(index).fill(0x10 + index)
  for (let index = 0; index < 8; index += 1) cpu.engine.x87(index).fill(0x80 + index)
  state.setDebugregs({ db: [1n, 2n, 3n, 4n], dr6: 0xffff_4ff1n, dr7: 0x401n, flags: 0n })
  state.setSregs({ ...state.getSregs(), cr2: 0x1234n, cr3: 0x4000n, idt: { base: 0x700n, limit: 0x3ff } })
  state.setVcpuEvents({
    ...state.getVcpuEvents(),
    exception: { injected: 1, nr: 14, has_error_code: 1, pending: 0, error_code: 5 },
    nmi: { injected: 1, pending: 1, masked: 1 },
    flags: validEvents.nmiPending,
  })
  state.setMpState({ mp_state: mpStates.runnable })
  return cpu
}

const copy = (bytes: Uint8Array) => bytes.slice()

const fresh = () => alone((a) => a.hlt())

test('a vCPU that takes back what another saved tells the same state by every call', () => {
  const [from, to] = [lived(), fresh()]
  const saved = from.vcpu.save()
  to.vcpu.restore(saved)
  expect(to.vcpu.save()).toEqual(saved)
  const told = ({ vcpu: { state } }: ReturnType<typeof lived>) => [
    state.getRegs(),
    state.getSregs2(),
    state.getMsrs(Object.values(msr)),
    state.getVcpuEvents(),
    state.getFpu(),
    state.getXsave(),
    state.getDebugregs(),
    state.getXcrs(),
    state.getMpState(),
  ]
  expect(told(to)).toEqual(told(from))
  expect(told(fresh())).not.toEqual(told(from))
})

test('what was saved stays as it was, whatever runs on', () => {
  const { vcpu, engine } = lived()
  const saved = vcpu.save()
  const before = { ...saved, vectors: saved.vectors.map(copy), x87: saved.x87.map(copy), events: { ...saved.events } }
  engine.vector(3).fill(0xff)
  engine.x87(3).fill(0xff)
  engine.setGpr(0, 77n)
  vcpu.state.setMsrs([{ index: msr.pat, data: 0n }])
  vcpu.injectNmi()
  vcpu.reset()
  expect(saved).toEqual(before)
})

test('restored events are delivered', () => {
  const { vcpu } = lived()
  const to = fresh()
  to.vcpu.restore(vcpu.save())
  // vector 14 leads to a halt
  to.engine.writePhysical(0x700 + 14 * 4, Uint8Array.of(0, 0x20, 0, 0))
  to.engine.writePhysical(0x2000, Uint8Array.of(0xf4))
  expect(to.run()).toEqual({ kind: 'hlt' })
  expect(to.vcpu.state.getRegs().rip).toBe(0x2001n)
})

/** Memory in which linear page 6000H is page A000H by the tables at 4000H, and page B000H by those at 8000H. */
function paged(to: ReturnType<typeof alone>): void {
  const entries = (values: readonly number[]) => new Uint8Array(Uint32Array.from(values).buffer)
  for (const [directory, page] of [
    [0x4000, 0xa000],
    [0x8000, 0xb000],
  ] as const) {
    to.engine.writePhysical(directory, entries([(directory + 0x1000) | 3]))
    const frames = Array.from({ length: 16 }, (_, at) => (at === 6 ? page : at << 12) | 3)
    to.engine.writePhysical(directory + 0x1000, entries(frames))
    to.engine.writePhysical(page, entries([page]))
  }
}

/** 32-bit code with these page tables, about to load from page 6000H. */
function loading(cr3: bigint) {
  const cpu = alone((a) => a.mov(eax, mem32(0x6000)).hlt(), { bits: 32 })
  paged(cpu)
  const sregs = cpu.vcpu.state.getSregs()
  const flat = { base: 0n, limit: 0xffff_ffff, g: 1, db: 1 }
  cpu.vcpu.state.setSregs({
    ...sregs,
    cr0: 0x8000_0011n,
    cr3,
    cs: { ...sregs.cs, ...flat },
    ds: { ...sregs.ds, ...flat },
  })
  return cpu
}

test('restoring forgets translations', () => {
  const other = loading(0x8000n).vcpu.save()
  const cpu = loading(0x4000n)
  expect([cpu.run(), cpu.engine.gpr(0)]).toEqual([{ kind: 'hlt' }, 0xa000n])
  cpu.vcpu.restore(other)
  expect([cpu.run(), cpu.engine.gpr(0)]).toEqual([{ kind: 'hlt' }, 0xb000n])
})

test('restoring goes on in the mode that was saved', () => {
  const protectedMode = loading(0x4000n).vcpu.save()
  const cpu = alone((a) => a.hlt())
  cpu.run()
  paged(cpu)
  // bytes that mean something else to 16-bit code: MOV EAX, moffs32; HLT
  cpu.engine.writePhysical(0x1000, Uint8Array.of(0xa1, 0, 0x60, 0, 0, 0xf4))
  cpu.vcpu.restore(protectedMode)
  expect([cpu.run(), cpu.engine.gpr(0)]).toEqual([{ kind: 'hlt' }, 0xa000n])
})

test('a half-finished access is finished first', () => {
  const asking = alone((a) => a.mov(edx, 0x70).in(eax, dx).hlt())
  expect(asking.run()).toMatchObject({ kind: 'io', direction: 'in' })
  expect(() => asking.vcpu.save()).toThrow(RangeError)
  expect(asking.vcpu.run({ budget: 0, immediateExit: true })).toEqual({ kind: 'intr' })
  expect(asking.vcpu.save().gprs[2]).toBe(0x70n)
})

test('restoring drops an access that waited', () => {
  const saved = fresh().vcpu.save()
  const asking = alone((a) => a.mov(edx, 0x70).in(eax, dx).hlt())
  asking.run()
  asking.vcpu.restore(saved)
  expect(() => asking.vcpu.complete(new Uint8Array(4))).toThrow('no access waits')
})

test.each<readonly [string, (saved: SavedVcpu) => SavedVcpu]>([
  ['another version', (saved) => ({ ...saved, version: 0 })],
  ['a register that this one does not have', (saved) => ({ ...saved, msrs: [{ index: 0x7777, value: 1n }] })],
])('%s is refused', (_what, change) => {
  const { vcpu } = fresh()
  expect(() => vcpu.restore(change(vcpu.save()))).toThrow(RangeError)
})
