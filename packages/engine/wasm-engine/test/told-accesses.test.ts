import { nobody } from '@vmm/vcpu'
import { type Assembler, al, cx, di, mem8, mem16, si, sp } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { alone, codeAt } from './alone.ts'

const low = { address: 0, bytes: 0x8000, offset: 0 }
const high = { address: 0x9000, bytes: 0x4000, offset: 0x9000, told: true }

interface Told {
  readonly cpu: ReturnType<typeof alone>
  /** Pages that were told of for stores, and for loads, in order. */
  readonly pages: number[]
  readonly loaded: number[]
  run(): string
}

/** Code below 8000H, and told memory from 9000H up. `mayStore` says what is answered. */
function told(write: (a: Assembler) => void, mayStore: () => boolean = () => true, bits: 16 | 32 = 16): Told {
  const pages: number[] = []
  const loaded: number[] = []
  const touched = (address: number, access: string) => {
    if (access === 'load') loaded.push(address & ~0xfff)
    else pages.push(address & ~0xfff)
    return mayStore()
  }
  const cpu = alone(write, { machine: { ...nobody(() => 0), touched }, bits })
  cpu.engine.slots.replace([low, high])
  const run = () => {
    let exit = cpu.run()
    while (exit.kind === 'intr') exit = cpu.run()
    return exit.kind
  }
  return { cpu, pages, loaded, run }
}

const again = ({ cpu }: Told) => {
  cpu.vcpu.state.setRegs({ ...cpu.vcpu.state.getRegs(), rip: BigInt(codeAt) })
  cpu.vcpu.state.setMpState({ mp_state: 0 })
}

test('the first load and the first store to a page are told, those after them are not', () => {
  const guest = told((a) =>
    a
      .mov(al, mem8({ displacement: 0xa000 }))
      .mov(mem8({ displacement: 0x9004 }), 1)
      .mov(mem8({ displacement: 0x9008 }), 1)
      .mov(mem8({ displacement: 0x7000 }), 1)
      .hlt(),
  )
  expect(guest.run()).toBe('hlt')
  expect([guest.pages, guest.loaded]).toEqual([[0x9000], [0xa000]])
})

test('what is forgotten is told again', () => {
  const guest = told((a) => a.mov(mem8({ displacement: 0x9004 }), 1).hlt())
  guest.run()
  again(guest)
  guest.run()
  expect(guest.pages).toEqual([0x9000])
  guest.cpu.engine.forgetStores()
  again(guest)
  guest.run()
  expect(guest.pages).toEqual([0x9000, 0x9000])
})

test('a store across two pages tells both', () => {
  const guest = told((a) => a.mov(mem16({ displacement: 0x9fff }), 0x1234).hlt())
  guest.run()
  expect(guest.pages).toEqual([0x9000, 0xa000])
  expect([...guest.cpu.engine.slots.memory.subarray(0x9fff, 0xa001)]).toEqual([0x34, 0x12])
})

test('a repeated store tells every page that it comes to', () => {
  const guest = told((a) => a.mov(di, 0x9800).mov(cx, 0x2000).rep().stosb().hlt())
  guest.run()
  expect([...new Set(guest.pages)]).toEqual([0x9000, 0xa000, 0xb000])
})

test('a store that must not be has not happened, and is tried again', () => {
  let may = false
  const guest = told(
    (a) => a.mov(mem8({ displacement: 0x9004 }), 0x5a).hlt(),
    () => may,
  )
  expect(guest.run()).toBe('dirty-ring-full')
  const at = () => guest.cpu.engine.slots.memory[0x9004]
  expect([at(), guest.cpu.vcpu.state.getRegs().rip]).toEqual([0, BigInt(codeAt)])
  may = true
  expect(guest.run()).toBe('hlt')
  expect(at()).toBe(0x5a)
})

test('a push is told where it stores', () => {
  const guest = told((a) => a.mov(sp, 0xa002).push(si).hlt())
  guest.run()
  expect(guest.pages).toEqual([0xa000])
})

test('what a device writes is told', () => {
  const guest = told((a) => a.hlt())
  guest.cpu.engine.writePhysical(0x9ffe, Uint8Array.of(1, 2, 3))
  expect(guest.pages).toEqual([0x9000, 0xa000])
})

test('what the processor writes into page tables is told', () => {
  const guest = told(
    (a) => a.mov(mem8({ displacement: 0x7000 }), 1).hlt(),
    () => true,
    32,
  )
  const { state } = guest.cpu.vcpu
  guest.cpu.engine.slots.memory.set([0x83], 0xb000)
  const sregs = state.getSregs()
  const flat = { ...sregs.ds, base: 0n, limit: 0xffff_ffff, g: 1, db: 1, selector: 8 }
  const cs = { ...flat, type: 11 }
  expect(state.setSregs({ ...sregs, cs, ds: flat, cr0: 0x8000_0011n, cr3: 0xb000n, cr4: 0x10n })).toBeUndefined()
  expect(guest.run()).toBe('hlt')
  expect([[...new Set(guest.pages)], guest.cpu.engine.slots.memory[0xb000]]).toEqual([[0xb000], 0xe3])
})
