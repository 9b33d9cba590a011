import { accessKind } from './access.ts'
import type { CpuPorts } from './ports.ts'
import { noMemory } from './runtime.ts'
import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** The longest instruction. Source: SDM 2A §2.3.11. */
const longest = 15
const pageBytes = 4096

interface Surroundings {
  readonly state: StateView
  readonly ports: CpuPorts
  /** Host address of a linear one; 0 after a fault, `noMemory` where no memory answers. */
  fill(linear: bigint, kind: number): number
}

/** Bytes at RIP, one instruction's worth: for code whose bytes lie in two pages, or in no memory. */
export class CodeBytes {
  readonly #cpu: number
  readonly #bytes: Uint8Array
  readonly #around: Surroundings

  constructor(cpu: number, buffer: SharedArrayBuffer, around: Surroundings) {
    this.#cpu = cpu
    this.#bytes = new Uint8Array(buffer)
    this.#around = around
  }

  /** Up to fifteen bytes at RIP, copied to `stepBytes`; their number, or undefined after a fault on the first. */
  fetch(): number | undefined {
    const { state } = this.#around
    const linear = this.#linearRip()
    const first = Math.min(longest, pageBytes - Number(linear & 4095n))
    if (!this.#reach(linear)) return undefined
    this.#copy(linear, first, 0)
    if (first === longest) return first
    const [noted, cr2] = [state.notedFault(), state.get('CR2')]
    if (!this.#reach(linear + BigInt(first))) {
      state.set('CR2', cr2)
      state.noteFault(noted.vector, noted.errorCode)
      return first
    }
    this.#copy(linear + BigInt(first), longest - first, first)
    return longest
  }

  /** Whether the byte so far behind RIP can be fetched; if not, the fault has been noted. */
  reaches(offset: number): boolean {
    return this.#reach(this.#linearRip() + BigInt(offset))
  }

  #linearRip(): bigint {
    const { state } = this.#around
    return (state.get('RIP') + state.long(at.codeBase)) & state.long(at.codeMask)
  }

  #reach(linear: bigint): boolean {
    return this.#hostOf(linear) !== 0
  }

  #hostOf(linear: bigint): number {
    const masked = linear & this.#around.state.long(at.codeMask)
    return this.#around.fill(BigInt.asIntN(64, masked), accessKind.execute | 1)
  }

  #copy(linear: bigint, bytes: number, offset: number): void {
    const host = this.#hostOf(linear)
    const target = this.#cpu + at.stepBytes + offset
    if (host !== noMemory) return void this.#bytes.copyWithin(target, host, host + bytes)
    const address = Number(this.#around.state.long(at.missPhysical))
    for (let byte = 0; byte < bytes; byte += 1)
      this.#bytes[target + byte] = Number(this.#around.ports.mmioRead(address + byte, 1) & 0xffn)
  }
}
