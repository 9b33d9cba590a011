import { type CpuPorts, Engine, generalProtection } from '@vmm/wasm-engine'
import { dataOffset, type Outcome, place, type Snippet } from './snippet.ts'

/** Someone who runs snippets and is judged. */
export interface Subject {
  run(snippet: Snippet): Outcome
}

const page = 4096
const memory = { tables: 0x1000, code: 0x1_0000, data: 0x2_0000, bytes: 0x4_0000 } as const
const present = 7n
/** A repeated string instruction comes back after each element; none here has more. */
const mostSteps = 5000
const fxAt = { FCW: 0, FSW: 2, FTW: 4, FOP: 6, FIP: 8, FDP: 16, MXCSR: 24, ST: 32, XMM: 160 } as const
/** Present, accessed, DPL 3: 64-bit code, and data. */
const access = { code: 0xa0fbn, data: 0xc0f3n } as const
const topOf = (fsw: number) => (fsw >> 11) & 7

const ports: CpuPorts = {
  cpuid: () => [0, 0, 0, 0],
  readMsr: () => generalProtection,
  writeMsr: () => generalProtection,
  portIn: () => 0xffff_ffff,
  portOut: () => {},
  mmioRead: () => (1n << 64n) - 1n,
  mmioWrite: () => {},
  timeStamp: () => 0n,
  random: () => 0n,
  taskPriority: () => 0,
  setTaskPriority: () => {},
  hypercall: () => {},
  writeXcr: () => generalProtection,
}

/** Our engine as a program under Linux sees it: 64-bit code at CPL 3. */
export class EngineSubject implements Subject {
  readonly #engine = new Engine({ slots: [{ address: 0, bytes: memory.bytes }], ports })

  constructor() {
    this.#mapPages()
    this.#enterProgram()
  }

  #mapPages(): void {
    const tables = new DataView(new ArrayBuffer(7 * page))
    const entry = (table: number, index: number, value: number) =>
      tables.setBigUint64(table * page + index * 8, BigInt(value) | present, true)
    const table = (index: number) => memory.tables + index * page
    const map = (linear: number, physical: number, directory: number) => {
      const index = (level: number) => Math.floor(linear / 2 ** (12 + 9 * level)) & 0x1ff
      entry(0, index(3), table(1))
      entry(1, index(2), table(directory))
      entry(directory, index(1), table(directory + 1))
      entry(directory + 1, index(0), physical)
    }
    map(place.code, memory.code, 2)
    map(place.data, memory.data, 4)
    this.#engine.writePhysical(memory.tables, new Uint8Array(tables.buffer))
    this.#engine.writePhysical(memory.code, new Uint8Array(page).fill(0xcc))
  }

  #enterProgram(): void {
    const engine = this.#engine
    engine.set('CR0', 0x8005_0033n)
    engine.set('CR4', 0x5_06a0n)
    engine.set('CR3', BigInt(memory.tables))
    engine.set('IA32_EFER', 0xd01n)
    engine.set('XCR0', 7n)
    engine.set('PHYSICAL_MASK', (1n << 46n) - 1n)
    engine.set('CPL', 3n)
    engine.set('CS.selector', 0x33n)
    engine.set('CS.access', access.code)
    for (const name of ['SS', 'DS', 'ES', 'FS', 'GS'] as const) {
      engine.set(`${name}.selector`, name === 'SS' ? 0x2bn : 0n)
      engine.set(`${name}.access`, access.data)
      engine.set(`${name}.limit`, 0xffff_ffffn)
      engine.set(`${name}.base`, 0n)
    }
    engine.modeChanged()
  }

  run(snippet: Snippet): Outcome {
    const engine = this.#engine
    engine.writePhysical(memory.code, snippet.code)
    engine.physical(memory.data)!.fill(0, 0, page)
    engine.writePhysical(memory.data + dataOffset, snippet.data)
    this.#load(snippet)
    let stop = engine.run(1)
    // a repeated string instruction is not done while RIP stays; what jumps to itself is done after the first time
    const repeats = snippet.code.includes(0xf3) || snippet.code.includes(0xf2)
    for (let step = 0; repeats && step < mostSteps && stop.kind !== 'fault'; step += 1) {
      if (engine.get('RIP') !== BigInt(place.code)) break
      stop = engine.run(1)
    }
    engine.writePhysical(memory.code, new Uint8Array(16).fill(0xcc))
    const failed = stop.kind === 'fault' ? stop : undefined
    return {
      ...this.#state(),
      vector: failed?.vector,
      errorCode: failed?.errorCode ?? 0,
      address: engine.get('CR2'),
      rip: engine.get('RIP'),
    }
  }

  #load({ gprs, rflags, fx }: Snippet): void {
    const engine = this.#engine
    gprs.forEach((value, index) => {
      engine.setGpr(index, value)
    })
    engine.setRflags(rflags)
    engine.set('RIP', BigInt(place.code))
    engine.set('CR2', 0n)
    const view = new DataView(fx.buffer, fx.byteOffset)
    const fsw = view.getUint16(fxAt.FSW, true)
    engine.set('FCW', BigInt(view.getUint16(fxAt.FCW, true)))
    engine.set('FSW', BigInt(fsw))
    engine.set('FTW', BigInt(view.getUint8(fxAt.FTW)))
    engine.set('FOP', BigInt(view.getUint16(fxAt.FOP, true)))
    engine.set('FIP', BigInt(view.getUint32(fxAt.FIP, true)))
    engine.set('FDP', BigInt(view.getUint32(fxAt.FDP, true)))
    engine.set('MXCSR', BigInt(view.getUint32(fxAt.MXCSR, true)))
    for (let index = 0; index < 8; index += 1) {
      const from = fxAt.ST + index * 16
      engine.x87((topOf(fsw) + index) & 7).set(fx.subarray(from, from + 10))
    }
    for (let index = 0; index < 16; index += 1) {
      const from = fxAt.XMM + index * 16
      engine.vector(index).set(fx.subarray(from, from + 16))
    }
    engine.modeChanged()
  }

  #state(): Pick<Outcome, 'gprs' | 'rflags' | 'fx' | 'data'> {
    const engine = this.#engine
    const fx = new Uint8Array(512)
    const view = new DataView(fx.buffer)
    const fsw = Number(engine.get('FSW'))
    view.setUint16(fxAt.FCW, Number(engine.get('FCW')), true)
    view.setUint16(fxAt.FSW, fsw, true)
    view.setUint8(fxAt.FTW, Number(engine.get('FTW')))
    view.setUint32(fxAt.MXCSR, Number(engine.get('MXCSR')), true)
    for (let index = 0; index < 8; index += 1) fx.set(engine.x87((topOf(fsw) + index) & 7), fxAt.ST + index * 16)
    for (let index = 0; index < 16; index += 1) fx.set(engine.vector(index).subarray(0, 16), fxAt.XMM + index * 16)
    const data = engine.physical(memory.data + dataOffset)!.slice(0, place.dataBytes)
    const gprs = BigUint64Array.from({ length: 16 }, (_, index) => engine.gpr(index))
    return { gprs, rflags: engine.rflags(), fx, data }
  }
}
