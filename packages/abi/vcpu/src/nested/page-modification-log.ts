import type { VmxState } from '@vmm/nested-vmx'
import type { Engine } from '../engine-port.ts'

const entries = 512
const entryBytes = 8

/** The log of pages that L2 has made dirty, in L1's memory. Source: SDM 3C 29.3.6 Page-Modification Logging. */
export class PageModificationLog {
  readonly #engine: () => Engine
  readonly #state: VmxState

  constructor(engine: () => Engine, state: VmxState) {
    this.#engine = engine
    this.#state = state
  }

  /** Its index counts down, from the last entry to below the first one. */
  get hasRoom(): boolean {
    return this.#state.vmcs.word('GUEST_PML_INDEX') < entries
  }

  /** A page has become dirty, while there is room. Where no memory is, nothing is kept of it. */
  add(address: bigint): void {
    const { vmcs } = this.#state
    const index = vmcs.word('GUEST_PML_INDEX')
    const bytes = new Uint8Array(entryBytes)
    new DataView(bytes.buffer).setBigUint64(0, address, true)
    this.#engine().writePhysical(Number(vmcs.read('PML_ADDRESS')) + index * entryBytes, bytes)
    vmcs.setWord('GUEST_PML_INDEX', index - 1)
  }
}
