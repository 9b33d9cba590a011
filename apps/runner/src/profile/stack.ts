import { type KvmVcpu, translateLinear } from '@vmm/kvm'
import type { StackState } from '@vmm/symbols'

type Engine = KvmVcpu['processor']['engine']

/** So much of a stack is looked at: what most callers of a kernel's code have together. */
const most = 2048
const pageBytes = 4096
const inPage = BigInt(pageBytes - 1)
const [rsp, rbp] = [4, 5]

/**
 * Looks at the stack of a processor as its system has it mapped, and changes nothing. Where a page is, is remembered for as long as the
 * processor itself may remember it: a walk takes longer than everything else about a sample.
 */
export class Stacks {
  readonly #pages = new Map<bigint, bigint>()
  #cr3 = -1n
  #flushes: number | undefined

  /**
   * From the stack pointer up to the first page that is not there. `flushes`: how often translations were forgotten so far;
   * undefined where nobody counts that.
   */
  of(engine: Engine, flushes: number | undefined): Omit<StackState, 'rip'> {
    this.#forget(engine.get('CR3'), flushes)
    const from = engine.gpr(rsp)
    const bytes = new Uint8Array(most)
    let read = 0
    while (read < most) {
      const address = from + BigInt(read)
      const page = this.#pageOf(engine, address & ~inPage)
      const memory = page === undefined ? undefined : engine.physical(Number(page))
      if (memory === undefined) break
      const offset = Number(address & inPage)
      const piece = memory.subarray(offset, Math.min(pageBytes, offset + most - read))
      if (piece.length === 0) break
      bytes.set(piece, read)
      read += piece.length
    }
    return { rsp: from, rbp: engine.gpr(rbp), bytes: bytes.slice(0, read) }
  }

  #forget(cr3: bigint, flushes: number | undefined): void {
    if (cr3 === this.#cr3 && flushes === this.#flushes && flushes !== undefined) return
    this.#pages.clear()
    this.#cr3 = cr3
    this.#flushes = flushes
  }

  #pageOf(engine: Engine, page: bigint): bigint | undefined {
    const known = this.#pages.get(page)
    if (known !== undefined) return known
    const found = translateLinear(engine, page)
    if (found !== undefined) this.#pages.set(page, found)
    return found
  }
}
