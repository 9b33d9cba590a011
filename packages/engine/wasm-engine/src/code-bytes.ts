import { accessKind } from './access.ts'
import { type CpuPorts, notYet } from './ports.ts'
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

  /** Up to fifteen bytes at RIP, copied to `stepBytes`; their number, or undefined if there is not even one: why has been noted. */
  fetch(): number | undefined {
    const { state } = this.#around
    const first = Math.min(longest, pageBytes - Number(this.#linear(0) & 4095n))
    const had = this.#copy(0, first)
    if (had === 0) return undefined
    if (had < first || first === longest) return had
    const [noted, cr2] = [state.notedFault(), state.get('CR2')]
    const more = this.#copy(first, longest - first)
    state.set('CR2', cr2)
    state.noteFault(noted.vector, noted.errorCode)
    return first + more
  }

  /** Whether the byte so far behind RIP can be fetched; if not, why has been noted. */
  reaches(offset: number): boolean {
    return this.#copy(offset, 1) === 1
  }

  #linear(offset: number): bigint {
    const { state } = this.#around
    return (state.get('RIP') + state.long(at.codeBase) + BigInt(offset)) & state.long(at.codeMask)
  }

  /** Copies bytes of one page. Gives how many there were; with fewer than asked for, why has been noted. */
  #copy(offset: number, count: number): number {
    const { state, ports, fill } = this.#around
    const host = fill(BigInt.asIntN(64, this.#linear(offset)), accessKind.execute | 1)
    if (host === 0) return 0
    const target = this.#cpu + at.stepBytes + offset
    if (host !== noMemory) {
      this.#bytes.copyWithin(target, host, host + count)
      return count
    }
    const address = Number(state.long(at.missPhysical))
    for (let done = 0; done < count; done += 1) {
      const byte = ports.mmioRead(address + done, 1, 'fetch')
      if (byte === undefined) {
        state.noteFault(notYet, undefined)
        return done
      }
      this.#bytes[target + done] = Number(byte & 0xffn)
    }
    return count
  }
}
