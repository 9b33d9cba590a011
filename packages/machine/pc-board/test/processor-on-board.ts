import { buildTable } from '@vmm/cpuid'
import { nobody, Vcpu, type VcpuExit } from '@vmm/vcpu'
import { Engine } from '@vmm/wasm-engine'
import { type Assembler, assembler } from '@vmm/x86-assembler'
import { createPcBoard, type MachineEvent, type PcBoard } from '../src/index.ts'

const codeAt = 0x1_0000
const memoryBytes = 0x10_0000
const built = buildTable({ model: 'max' })
if (built.kind === 'refused') throw new Error(built.says)
const { entries } = built

/** A processor on a board, with 1 MiB of memory. */
export interface OnBoard {
  readonly board: PcBoard
  readonly engine: Engine
  readonly vcpu: Vcpu
  readonly events: readonly MachineEvent[]
  /** Runs flat 32-bit code at CPL 0, from 10000H on. */
  run(write: (a: Assembler) => void): VcpuExit
}

/** Whatever a board does not answer reads as ones here: no access leaves the machine. */
export function onBoard(): OnBoard {
  let engine: Engine | undefined
  const events: MachineEvent[] = []
  const now = () => engine?.retired() ?? 0
  const board = createPcBoard({
    clock: { now },
    cpus: 1,
    memorySize: memoryBytes,
    tsc: () => ({ at: (at) => BigInt(at), when: Number }),
    onSignal: () => {},
    onEvent: (event) => events.push(event),
    pciTestDevice: 'present',
    memory: {
      read: (address, length) => engine?.physical(address)?.slice(0, length),
      write: (address, bytes) => engine?.writePhysical(address, bytes) === true,
    },
    serialPorts: [{ onTransmit: () => {} }],
  })
  const half = (address: number) => BigInt(board.readMemory(0, address, 4) >>> 0)
  const changed = () => vcpu.kick()
  const vcpu: Vcpu = new Vcpu({
    cpuid: entries,
    createEngine: (ports) => {
      // a processor in hardware: all of its instructions reach devices, not only those that KVM's emulator has
      engine = new Engine({
        slots: [{ address: 0, bytes: memoryBytes }],
        ports: { ...ports, unreachable: () => false },
      })
      return engine
    },
    machine: {
      ...nobody(now),
      portIn: (port, size) => board.readPort(port, size),
      portOut: (port, size, value) => {
        board.writePort(port, size, value)
        changed()
        return true
      },
      mmioRead: (address, size) =>
        size === 8 ? half(address) | (half(address + 4) << 32n) : BigInt(board.readMemory(0, address, size) >>> 0),
      mmioWrite: (address, size, value) => {
        board.writeMemory(0, address, size === 8 ? 4 : size, Number(value & 0xffff_ffffn))
        if (size === 8) board.writeMemory(0, address + 4, 4, Number(value >> 32n))
        changed()
        return true
      },
      readApicMsr: (index) => board.readMsr(0, index),
      writeApicMsr: (index, value, initiator) => board.writeMsr(0, index, value, initiator),
    },
  })
  const made = vcpu.engine as Engine
  const run = (write: (a: Assembler) => void): VcpuExit => {
    const a = assembler({ origin: codeAt, codeSize: 32 })
    write(a)
    made.writePhysical(codeAt, a.finish().bytes)
    vcpu.reset()
    begin(vcpu)
    return ranOn(vcpu, made)
  }
  return { board, engine: made, vcpu, events, run }
}

const mostInstructions = 100_000

/** A run comes back after accesses that may have changed what is pending: it goes on then. */
function ranOn(vcpu: Vcpu, engine: Engine): VcpuExit {
  const end = engine.retired() + mostInstructions
  let exit = vcpu.run({ budget: mostInstructions })
  while (exit.kind === 'intr' && engine.retired() < end) exit = vcpu.run({ budget: end - engine.retired() })
  return exit
}

/** Protected mode, flat segments, SSE on. */
function begin({ state }: Vcpu): void {
  const sregs = state.getSregs()
  const flat = { base: 0n, limit: 0xffff_ffff, g: 1, db: 1, selector: 8 }
  const segments = Object.fromEntries(
    (['ds', 'es', 'ss', 'fs', 'gs'] as const).map((name) => [name, { ...sregs[name], ...flat }]),
  )
  state.setSregs({ ...sregs, ...segments, cs: { ...sregs.cs, ...flat }, cr0: 0x11n, cr4: 0x600n })
  state.setRegs({ ...state.getRegs(), rip: BigInt(codeAt), rsp: 0x8000n })
}
