import { type OrcEntry, orcRegister } from './orc-entry.ts'
import type { OrcTable } from './orc-table.ts'

/** What is known of a processor that executes a kernel's code: registers, and memory from the stack pointer up. */
export interface StackState {
  readonly rip: bigint
  readonly rsp: bigint
  readonly rbp: bigint
  readonly bytes: Uint8Array
}

/** A frame: where it executes, or the last byte of the CALL that it is in. */
interface Frame {
  readonly rip: bigint
  readonly rsp: bigint
  readonly rbp: bigint
}

const deepest = 64
const word = 8n
/** Where interrupts, and what saves all registers before, leave RIP and RSP; RBP is among those registers. Source: struct pt_regs. */
const saved = { rbp: 0x20n, rip: 0x80n, rsp: 0x98n } as const

/**
 * Addresses that the code at `rip` will return to, the next one first, as far as the stack that is known goes. A caller's
 * address is that of its CALL's last byte, so that it lies in the caller.
 * Source: Documentation/arch/x86/orc-unwinder.rst; arch/x86/kernel/unwind_orc.c, unwind_next_frame (Linux 6.1, 6.12).
 */
export function callersOf(table: OrcTable, state: StackState): readonly bigint[] {
  const read = readerOf(state)
  const found: bigint[] = []
  let frame: Frame | undefined = state
  while (found.length < deepest) {
    const entry: OrcEntry | undefined = table.at(frame.rip)
    const next: Frame | undefined = entry && callerOf(frame, entry, read)
    // stacks grow down: callers are above
    if (next === undefined || next.rsp <= frame.rsp) break
    found.push(next.rip)
    frame = next
  }
  return found
}

type Read = (address: bigint) => bigint | undefined

function readerOf({ rsp, bytes }: StackState): Read {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (address) => {
    const offset = address - rsp
    return offset < 0n || offset + word > BigInt(bytes.length) ? undefined : view.getBigUint64(Number(offset), true)
  }
}

function callerOf(frame: Frame, entry: OrcEntry, read: Read): Frame | undefined {
  const end = endOf(frame, entry, read)
  if (end === undefined) return undefined
  switch (entry.kind) {
    case 'call': {
      const [rip, rbp] = [read(end - word), rbpOf(frame, entry, end, read)]
      return rip === undefined || rbp === undefined ? undefined : { rip: rip - 1n, rsp: end, rbp }
    }
    case 'registers':
      return interrupted(end, read, read(end + saved.rbp))
    case 'interrupt':
      return interrupted(end - saved.rip, read, frame.rbp)
    case 'nothing':
      return undefined
    default:
      return entry.kind satisfies never
  }
}

/** What the stack pointer was before the frame: only what the stack says is known here, not every register that may hold it. */
function endOf({ rsp, rbp }: Frame, { spRegister, spOffset }: OrcEntry, read: Read): bigint | undefined {
  const offset = BigInt(spOffset)
  switch (spRegister) {
    case orcRegister.sp:
      return rsp + offset
    case orcRegister.bp:
      return rbp + offset
    case orcRegister.bpIndirect:
      return read(rbp + offset)
    case orcRegister.spIndirect: {
      const base = read(rsp)
      return base === undefined ? undefined : base + offset
    }
    default:
      return undefined
  }
}

function rbpOf({ rbp }: Frame, { bpRegister, bpOffset }: OrcEntry, end: bigint, read: Read): bigint | undefined {
  if (bpRegister === orcRegister.undefined) return rbp
  return read((bpRegister === orcRegister.previousSp ? end : rbp) + BigInt(bpOffset))
}

/** Registers that were saved, at an address: where they are from was executing, and called nobody. */
function interrupted(registers: bigint, read: Read, rbp: bigint | undefined): Frame | undefined {
  const [rip, rsp] = [read(registers + saved.rip), read(registers + saved.rsp)]
  if (rip === undefined || rsp === undefined || rbp === undefined) return undefined
  return { rip, rsp, rbp }
}
