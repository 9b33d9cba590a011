import type { FunctionType, ValueType } from '@vmm/wasm-encoder'
import { arithmeticFlags } from '@vmm/x86-registers'

const type = (parameters: readonly ValueType[], results: readonly ValueType[]): FunctionType => ({
  parameters,
  results,
})

/** (cpu, record, tlb): what every handler gets. */
const frame = ['i32', 'i32', 'i32'] as const

/** A run loop: (cpu, block to begin with, or 0) gives a status. */
export const loopType = type(['i32', 'i32'], ['i32'])

/** A region: (cpu, tlb, block that it is entered at) gives how it left. */
export const regionType = type(['i32', 'i32', 'i32'], ['i32'])

/** A handler: gives the next record, or a status below `firstRecord`. */
export const handlerType = type(frame, ['i32'])

/**
 * Functions of the interpreter module that handlers and procedures call. `kind` words are described in `access.ts`. Hosts of
 * 0 mean that a fault was noted.
 */
export const runtimeTypes = {
  ...(Object.fromEntries(arithmeticFlags.map((flag) => [`flag${flag}`, type(['i32'], ['i32'])])) as Record<
    `flag${(typeof arithmeticFlags)[number]}`,
    FunctionType
  >),
  /** Arithmetic flags in place; from now on they are kept so. */
  materialize: type(['i32'], ['i32']),
  /** (…, linear, kind): host address to read from, and the record to go on with. */
  slowRead: type([...frame, 'i64', 'i32'], ['i32', 'i32']),
  /** (…, linear, kind): host address to write to; below guest memory it must be committed. */
  slowWrite: type([...frame, 'i64', 'i32'], ['i32']),
  /** (…, linear, kind): host address in memory that a load or store may use; 0 where it takes more than that. */
  plainRead: type([...frame, 'i64', 'i32'], ['i32']),
  plainWrite: type([...frame, 'i64', 'i32'], ['i32']),
  /** (cpu, record): the pending store happens; the record to go on with. */
  commit: type(['i32', 'i32'], ['i32']),
  /** (cpu, record, linear, kind): an access that is made beside them is looked at, too; the record to go on with. */
  watched: type(['i32', 'i32', 'i64', 'i32'], ['i32']),
  /** (…, linear, bytes, kind): 1 if the access would succeed. */
  check: type([...frame, 'i64', 'i32', 'i32'], ['i32']),
  /** Effective address by the record. */
  offset: type(['i32', 'i32'], ['i64']),
  /** (cpu, record, segment, offset, kind): linear address and 1, or 0 after a fault. */
  segmented: type(['i32', 'i32', 'i32', 'i64', 'i32'], ['i64', 'i32']),
  /** (cpu, segment, offset, highest offset, width): elements from an offset up that stay in the segment, at least 1. */
  elementRoom: type(['i32', 'i32', 'i64', 'i64', 'i32'], ['i64']),
  /** (…, from, to, step, width, count): elements moved, 0 after a fault, and the record to go on with. Linear addresses. */
  bulkMove: type([...frame, 'i64', 'i64', 'i64', 'i32', 'i64'], ['i64', 'i32']),
  /** (…, to, value, step, width, count): the same for elements filled. */
  bulkFill: type([...frame, 'i64', 'i64', 'i64', 'i32', 'i64'], ['i64', 'i32']),
  /** (cpu, value): translations of a new CR3 are used. */
  useContext: type(['i32', 'i64'], []),
  /** (cpu, linear): translations of one page go. */
  flushPage: type(['i32', 'i64'], []),
  /** (cpu, call): 0, or 1 after a fault. Values travel in `hostValues`. */
  host: type(['i32', 'i32'], ['i32']),
  /** (cpu, kind): interrupts wait until the next instruction is done. */
  shadow: type(['i32', 'i32'], []),
  /** The mode word, TLB views and code base follow changed state. */
  modeChanged: type(['i32'], []),
  /** (cpu): block at RIP, or 0 and a status. */
  findBlock: type(['i32'], ['i32', 'i32']),
  /** (cpu, host, mode): 1 if the instruction there is now in the passing block. */
  pass: type(['i32', 'i32', 'i32'], ['i32']),
  /** (cpu, address): what is at a physical address, 64 bits. */
  readPhysical: type(['i32', 'i64', 'i32'], ['i64']),
  /** (cpu, address, expected, value, bytes): 1 if swapped. */
  swapPhysical: type(['i32', 'i64', 'i64', 'i64', 'i32'], ['i32']),
} as const

export type RuntimeName = keyof typeof runtimeTypes
export const runtimeNames = Object.keys(runtimeTypes) as RuntimeName[]

/** What the interpreter module imports from TypeScript: everything rare. */
export const importTypes = {
  host: runtimeTypes.host,
  /** The mode is none that is known. */
  derive: runtimeTypes.modeChanged,
  commit: runtimeTypes.commit,
  watched: runtimeTypes.watched,
  shadow: runtimeTypes.shadow,
  /** An access that crosses pages or meets no memory: host address of the scratch, or 0, and the record to go on with. */
  oddRead: runtimeTypes.slowRead,
  oddWrite: runtimeTypes.slowWrite,
  /** (cpu, record, kind): an access to a device, at `missPhysical`, through the scratch: 0 after a fault, else the record to go on with. */
  deviceRead: type(['i32', 'i32', 'i32'], ['i32']),
  deviceWrite: type(['i32', 'i32', 'i32'], ['i32']),
  /** (cpu, bytes, kind): whether an access to a device, at `missPhysical`, is let be made; where it is not, that has been noted. */
  deviceReach: type(['i32', 'i32', 'i32'], ['i32']),
  /** (cpu, physical address, whether it is a store): a page of a slot that is told of. 0: it must not be, which has been noted. */
  touched: type(['i32', 'i64', 'i32'], ['i32']),
} as const

/** Internal functions of the interpreter module. */
export const internalTypes = {
  /** (cpu, record, tlb, linear, kind): host address; 0 after a fault; `noMemory` where no memory answers. */
  fill: type([...frame, 'i64', 'i32'], ['i32']),
  find: type([...frame, 'i64', 'i32'], ['i32']),
  /** (cpu, why): what to do after the status of a fault: leave with it, or go on, for it has been delivered. */
  deliverFault: type(['i32', 'i32'], ['i32']),
  /** (host, mode, block, count, offset): how many records the block has, which had so many that cover so many bytes. */
  draft: type(['i32', 'i32', 'i32', 'i32', 'i32'], ['i32']),
  /** (cpu, gpa): host address of a physical byte, or 0, and the flags of its slot. */
  hostOf: type(['i32', 'i64'], ['i32', 'i32']),
} as const

/** `inBlock.region` of a block that no region is ever entered at. */
export const noRegion = 0xffff_ffff

/** What `fill` gives where a physical address has no memory behind it. */
export const noMemory = -1

/** Function indices of the runtime in the module that is being built. */
export type RuntimeIndices = Readonly<Record<RuntimeName, number>>

/** What a handler gives back instead of a record. */
export const status = {
  /** RIP holds where to go on. */
  jumped: 1,
  /** `faultVector` and its neighbours say which; RIP is still the record's. */
  fault: 2,
  /** The instruction is complete; `exitReason` says why the CPU stops. */
  exit: 3,
  /** The instruction is complete; something that waits may now be taken. */
  events: 4,
  /** The block is longer than the budget. */
  budget: 5,
  /** No block is known for RIP. */
  miss: 6,
  /** The instruction is complete; its block must not go on. */
  resync: 7,
  /** The bytes at RIP cannot be fetched: a fault before the block began. */
  fetchFault: 8,
  /** RIP holds where to go on, in another run loop. */
  switched: 9,
  /** A block has been entered so often that it may become part of a region: `block` says which. Nothing of it has happened. */
  hot: 10,
} as const

/** Anything from here on is the address of a record. */
export const firstRecord = 64

export const exitReasons = ['none', 'hlt', 'mwait', 'pause', 'shutdown'] as const
export type ExitReason = (typeof exitReasons)[number]
