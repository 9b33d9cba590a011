import { type FieldType, layout } from '@vmm/layout'
import { type StateField, stateFields } from '@vmm/x86-registers'

/** Entries of one view of a TLB context, and bytes of an entry {tag: u64, addend: i32, page flags: i32}. */
export const tlbEntries = 2048
export const tlbEntryBytes = 16
export const tlbViewBytes = tlbEntries * tlbEntryBytes
/** A privilege's views follow each other: read, write, execute. */
export const tlbKinds = { read: 0, write: tlbViewBytes, execute: 2 * tlbViewBytes } as const
export type TlbKind = keyof typeof tlbKinds
export const tlbPrivilegeBytes = 3 * tlbViewBytes
/** User, supervisor with AC=0, supervisor with AC=1. */
export const tlbPrivileges = { user: 0, supervisor: tlbPrivilegeBytes, supervisorAc: 2 * tlbPrivilegeBytes } as const
/** Behind a context's views: how many entries were made since it was last empty, and where the first of them are. */
export const fillLogEntries = 2047
const fillLogBytes = 4 * (1 + fillLogEntries)
export const fillLogOffset = 3 * tlbPrivilegeBytes
/** Of the number of entries: some are pieces of pages larger than 4 KiB. */
export const holdsLargePages = 1 << 31
export const tlbContextBytes = fillLogOffset + fillLogBytes
export const tlbContexts = 16

/** Jump cache of a context: {rip: u64, block: i32, generation: i32}. */
export const jumpEntries = 4096
/** An entry of a jump cache: the address of a block, where the block is, and the generation of translations that it is from. */
export const inJumpEntry = { rip: 0, block: 8, generation: 12 } as const
export const jumpEntryBytes = 16

/** What is kept of a segment that lets accesses through: {bytes: u64, base: u64}. */
export const inReach = { bytes: 0, base: 8 } as const
export const reachBytes = 16

/** Modes that are kept with what they were derived from: a program, its kernel with and without AC, and others. */
export const knownModes = 8
const knownModeLayout = layout({
  CR0: 'u32',
  CR4: 'u32',
  IA32_EFER: 'u32',
  DR7: 'u32',
  'CS.access': 'u32',
  'SS.access': 'u32',
  'CS.base': 'u32',
  'CS.limit': 'u32',
  /** RFLAGS.TF, VM and AC. */
  flags: 'u32',
  CPL: 'u32',
  /** What follows from these; views are so far from the beginning of a TLB context. */
  word: 'u32',
  programViews: 'u32',
  processorViews: 'u32',
  canonicalShift: 'u32',
  /** The one that it changed to last. */
  behind: 'u32',
})
export const knownModeBytes = 64
export const inKnownMode = knownModeLayout.offset

/** A page without memory: its linear and physical address, and the views and the generation that it was found in; 0 is none. */
const devicePageLayout = layout({ linear: 'u64', physical: 'u64', views: 'u32', generation: 'u32' })
export const devicePageBytes = devicePageLayout.size
export const inDevicePage = devicePageLayout.offset

/** Blocks of an instruction that lies in two pages, by the first: where it begins, its mode, its block, and where the second page is. */
export const astrideBlocks = 1024
const astrideLayout = layout({ host: 'u32', mode: 'u32', block: 'u32', second: 'u32' })
export const astrideBytes = 16
export const inAstride = astrideLayout.offset

/** Instructions whose accesses to a page without memory were let through: {record, and 1 for a store: u32, page: u64}, each at its record's number. */
export const knownAccesses = 64
const knownAccessLayout = layout({ key: 'u32', unused: 'u32', page: 'u64' })
export const knownAccessBytes = 16
export const inKnownAccess = knownAccessLayout.offset

/** Pages with paging structures of a guest under EPT: {guest-physical address, and 1: u64, physical address: u64}, each at its number's low bits. */
export const knownTables = 64
const knownTableLayout = layout({ tag: 'u64', physical: 'u64' })
export const knownTableBytes = knownTableLayout.size
export const inKnownTable = knownTableLayout.offset

/** Ports that are kept as written to in vain. */
export const quietPorts = 16

/** Ports whose bytes are known: {port, what is read from it, instructions retired when that ends}, each at its number's low bits. */
export const knownBytes = 16
const knownByteLayout = layout({ port: 'u32', value: 'u32', until: 'u64' })
export const knownByteBytes = knownByteLayout.size
export const inKnownByte = knownByteLayout.offset

/** Answers of CPUID that are kept, each in a place of its own by leaf and sub-leaf. */
export const knownCpuids = 64
const knownCpuidLayout = layout({
  leaf: 'u32',
  subleaf: 'u32',
  /** Which answers are good now, and the privilege level that asked. */
  tag: 'u32',
  unused: 'u32',
  /** EAX, EBX, ECX and EDX. */
  answer: ['u64', 4],
})
export const knownCpuidBytes = 64
export const inKnownCpuid = knownCpuidLayout.offset

/** Fields of a VMCS that VMREAD and VMWRITE find, by the bits of their encodings: {its place: u16, its kind: u8, marks: u32, bits: u64}. */
export const knownFields = 2048
const knownFieldLayout = layout({ offset: 'u16', kind: 'u8', unused: 'u8', marks: 'u32', looked: 'u64' })
export const knownFieldBytes = knownFieldLayout.size
export const inKnownField = knownFieldLayout.offset

/** A page of what is moved to state and from it. */
export const besideBytes = 4096

/** Instructions of a block at most. */
export const longestBlock = 64
/** Of the longest block, with the record that ends it. */
export const prefixBytes = 40 + 32 * (longestBlock + 1)

/** Execution, code size and stack size: what handlers are emitted for. */
export const modesOfCode = 128

const fieldKind = { 8: 'u8', 16: 'u16', 32: 'u32', 64: 'u64' } as const

const architectural = Object.fromEntries(
  (Object.keys(stateFields) as StateField[]).map((name) => [name, fieldKind[stateFields[name]]]),
) as Record<StateField, FieldType>

/**
 * One vCPU in linear memory. General, MMX, x87 and vector registers come first: records name them by 16-bit offsets.
 * Then what the interpreter keeps to itself, then the named architectural state.
 */
const vcpuLayout = layout({
  gpr: ['u64', 16],
  /** Reads as zero: the base or index of an address that has none. */
  zero: 'u64',
  /** The offset (RIP) of the block under execution: the base of RIP-relative addresses. */
  blockRip: 'u64',
  /** Holds sixteen: an index for RIP-relative addresses whose displacement would not fit. */
  sixteen: 'u64',
  /** {significand: u64, sign and exponent: u16} by physical number. */
  x87: { bytes: 8 * 16, align: 16 },
  /** 64 bytes each: room for ZMM. */
  vector: { bytes: 32 * 64, align: 64 },
  /** Instructions left of the slice, counted down when a block is entered. */
  budget: 'i32',
  /** Record of the instruction that called out, and its block. */
  record: 'u32',
  block: 'u32',
  /** Walks of page tables for the TLB. */
  tlbMisses: 'u64',
  /** The mode word that blocks are keyed by. */
  mode: 'u32',
  /** TLB views in use by the program, and by the processor on its own behalf. */
  tlb: 'u32',
  tlbProcessor: 'u32',
  /** Where entries that are made in these views are noted. */
  fillLog: 'u32',
  /** By TLB context: its PCID with the number of its space above it, or -1; when it was last used; and the generation of what was looked up in it. */
  contextTags: ['i32', tlbContexts],
  contextStamps: ['u32', tlbContexts],
  contextGenerations: ['u32', tlbContexts],
  /** The number of the space in use, where it is in a tag. */
  contextSpace: 'u32',
  /** How addresses of data are masked in what is kept: see `maskingOf`. */
  masking: 'u32',
  /** The last stamp, and the last generation of any context. */
  contextClock: 'u32',
  lastGeneration: 'u32',
  tlbFlushes: 'u64',
  jumpCache: 'u32',
  jumpGeneration: 'u32',
  /** Arithmetic flags, see `lazyWord`: class 0 means `flags` holds them in place, else they are of the operands but for those written apart. */
  lazyClass: 'u32',
  flags: 'u32',
  lazyA: 'u64',
  lazyB: 'u64',
  lazyC: 'u64',
  /** The exception of a fault status, its error code, and for #PF the address. */
  faultVector: 'u32',
  faultCode: 'u32',
  faultHasCode: 'u32',
  exitReason: 'u32',
  /** Why PAUSE stops, or 0 where it does not. */
  pauseReason: 'u32',
  /** Regions that were entered, those that declined, and the instructions that they retired. */
  regionsEntered: 'u64',
  regionsDeclined: 'u64',
  regionsRetired: 'u64',
  /** Elements of strings that were more than the first of as many as were done at once, modulo 2^32. */
  bulkRetired: 'u32',
  /** Bytes that may be stored at once from where a store of many begins, before code comes. */
  bulkRoom: 'u32',
  /** Set by a description that sets RIP itself: a fault after that is one of the instruction there. */
  moved: 'u32',
  /** Set by the surroundings while something waits for the program to take interrupts. */
  eventPending: 'u32',
  /** Added to RIP to make a linear address: the CS base outside 64-bit code. */
  codeBase: 'u64',
  /** All ones in 64-bit code, 32 ones elsewhere: keeps linear code addresses in range. */
  codeMask: 'u64',
  /** 64 less the width of canonical addresses: 16, 7, or 0 where every address will do. */
  canonicalShift: 'u64',
  /** The limit of CS that code outside 64-bit code was last looked up under. */
  codeLimit: 'u32',
  /**
   * By segment, outside 64-bit code: {bytes from offset 0 up that may be read and written with nothing more to check, base}, 64
   * bits each.
   */
  reach: { bytes: 8 * reachBytes, align: 16 },
  /** Where the views of the TLB context in use begin. */
  context: 'u32',
  /** Where EPT has pages with paging structures: those that were read, and behind them those that were marked. */
  knownTables: { bytes: 2 * knownTables * knownTableBytes, align: 16 },
  /** The table of memory slots that its physical addresses are looked up in: its address space. */
  slotTable: 'u32',
  /** Of a page's coders, everybody else. */
  otherCoders: 'u64',
  /** Where the area of its thread begins. */
  area: 'u32',
  /** PKRU when translations were last forgotten: they hold what it allowed. */
  keys: 'u32',
  /** 1 while nobody watches accesses or steps, so that `knownModes` say all that there is to a mode. */
  plain: 'u32',
  /** The last modes of that kind, each with what it was derived from. */
  knownModes: { bytes: knownModes * knownModeBytes, align: 64 },
  /** Which of them the mode is, if it is one. */
  knownMode: 'u32',
  /** Answers of CPUID: the tag that good ones have, but for the level, and the CR4 that they were given for. */
  cpuidTag: 'u32',
  cpuidsAnswered: 'u32',
  knownCR4: 'u64',
  knownCpuids: { bytes: knownCpuids * knownCpuidBytes, align: 64 },
  /** Ports that a byte may be written to and nobody hears of it, each at its number's low bits; and how often that was done. */
  quietPorts: ['u32', quietPorts],
  /** Ports that a byte may be read from without asking. */
  knownBytes: { bytes: knownBytes * knownByteBytes, align: 16 },
  /** Accesses to either. */
  portAccesses: 'u32',
  /** Instructions that will have been retired when the budget is spent. */
  sliceEnd: 'u64',
  /** What the time-stamp counter showed before the first instruction, and how much an instruction adds; 0 where that is unknown. */
  stampBase: 'u64',
  stampRate: 'u64',
  /** Accesses of instructions to pages without memory that need not be asked about again. */
  knownAccesses: { bytes: knownAccesses * knownAccessBytes, align: 16 },
  /** Where the registers of the local APIC are in guest-physical memory; all ones where they are not. */
  apicPlace: 'u64',
  /** What its registers hold, by number: those are known whose bit is set. */
  apicRegisters: ['u32', 64],
  apicShown: 'u64',
  /** The task priority register, in bits 7:0 of what was stored there last. */
  apicTaskPriority: 'u32',
  /** While nothing comes of a store to it: the bits of the registers that hold the same. Else 0. */
  apicFree: 'u32',
  /** Accesses of emitted code so far. */
  apicAccesses: 'u32',
  /** Exceptions that may still be delivered before TypeScript is asked, and those that were. */
  mayDeliver: 'u32',
  /** Not zero while emitted code delivers: it gives up where an access would be seen by anybody. */
  delivering: 'u32',
  delivered: 'u32',
  /** Table slots of the delivery of exceptions, by the low bits of the mode word; 0 where it was not compiled yet. */
  deliverySlots: ['u16', modesOfCode],
  /** Always zero: the link of a jump that has none. */
  noLink: 'u32',
  /** Table slots of run loops by the low bits of the mode word, 0 for the first one; and the one that runs. */
  loopSlots: ['u16', modesOfCode],
  loop: 'u32',
  /** Not zero while every access must take the odd path: armed alignment checks, data breakpoints. */
  oddAccesses: 'u32',
  /** Where the block that was not found begins in linear memory, or 0 if it is in no memory. */
  missHost: 'u32',
  /** The guest-physical address of the last access that met no memory. */
  missPhysical: 'u64',
  /** Where the bytes of an access lie that is no plain load or store. */
  scratch: 'u32',
  /** The last page without memory that was read, and the last that was written. */
  devicePages: { bytes: 2 * devicePageBytes, align: 8 },
  /** Not zero after a page was looked up, for a store that is to be told, at `missPhysical`. */
  told: 'u32',
  pendingLinear: 'u64',
  pendingSize: 'u32',
  pendingFlags: 'u32',
  /** Arguments and results of calls into the surroundings. */
  hostValues: ['u64', 8],
  /** A block of one instruction, and the copy of a record that makes its block end early. */
  stepBlock: { bytes: 32 * 3, align: 32 },
  /** The bytes of that instruction. */
  stepBytes: { bytes: 16, align: 16 },
  /** A block of one instruction that was decoded to be run once, by emitted code; nothing of it is remembered. */
  passing: { bytes: 40 + 32 * 2, align: 8 },
  /** Where the last instruction begins that could not be decoded so because its head is not known; and how often other code was forgotten for such code. */
  unknownHead: 'u32',
  passed: 'u32',
  /** The first instructions of a block that the budget is too short for: the longest block, and the record that ends it. */
  prefix: { bytes: prefixBytes, align: 32 },
  resync: { bytes: 32 * 2, align: 32 },
  ...architectural,
  /** What who runs the processor keeps near the state. */
  beside: { bytes: besideBytes, align: 8 },
  /** Whether that has a VMCS whose fields may be read and written without asking, where they are, and what was written. */
  fieldsKnown: 'u32',
  fieldMarks: 'u32',
  knownFields: { bytes: knownFields * knownFieldBytes, align: 8 },
  astride: { bytes: astrideBlocks * astrideBytes, align: 16 },
  contexts: { bytes: (tlbContexts + 1) * tlbContextBytes, align: 4096 },
  jumpCaches: { bytes: tlbContexts * jumpEntries * jumpEntryBytes, align: 4096 },
})

/** Byte offset of a field of the vCPU block. */
export const at = vcpuLayout.offset

/** Of each vCPU, in whole pages of WebAssembly. */
export const vcpuBytes = Math.ceil(vcpuLayout.size / 65536) * 65536

/** A decoded instruction of a block: 32 bytes. */
const recordLayout = layout({
  handler: 'u16',
  /** Position in the block. */
  index: 'u8',
  /** Effective segment, 0 to 5. */
  segment: 'u8',
  /** Register operands by position: offsets into the vCPU block. */
  a: 'u16',
  b: 'u16',
  c: 'u16',
  base: 'u16',
  indexRegister: 'u16',
  scale: 'u8',
  addressSize: 'u8',
  displacement: 'i32',
  /** From the block's first byte to this instruction, and to the next one. */
  offset: 'u16',
  next: 'u16',
  immediate: 'u64',
})
export const recordBytes = 32
export const inRecord = recordLayout.offset
/**
 * The block that is entered from a record: by its jump, or by going on behind it. Instructions that jump so far from themselves, and the
 * end of a block, have neither registers nor a displacement.
 */
export const linkInRecord = { jump: inRecord.displacement, next: inRecord.a } as const

/** The head of a block: 40 bytes, records follow. */
const blockLayout = layout({
  /** The mode word it was decoded for; all ones once it is stale. */
  mode: 'u32',
  count: 'u32',
  /** Linear-memory address of its first byte. */
  host: 'u32',
  /** Next block in the same bucket of the hash. */
  chain: 'u32',
  /** How often in a row its region was left before its first instruction. */
  vain: 'u32',
  /** How often it was entered, where that is counted; else whether a region was entered at it since room was made for others. */
  runs: 'u32',
  /** How often it is still entered before it asks for a region. */
  heat: 'i32',
  /** One more than the table slot of the region that is entered at it, or 0. */
  region: 'u32',
  /** Its number among the blocks that this region is entered at, and how far it is from that region's first byte. */
  entry: 'u32',
  distance: 'i32',
})
export const inBlock = blockLayout.offset
export const blockHeadBytes = 40
