import {
  Decoder,
  type Instruction,
  InstructionInfoFactory,
  MemorySizeExt,
  OpAccess,
  Register,
  RegisterExt,
} from 'iced-x86'
import { expect, test } from 'vitest'
import { createDecoded, type Decoded, informationOf, noRegister, rowOf, type UsedMemory } from '../src/index.ts'
import { heads, streamsOf } from './encodings.ts'
import { decode, icedVerdict, options, ourText } from './iced.ts'

type Uses = Map<string, { reads: number; writes: number }>

/** Certainties as numbers: never, perhaps, always. */
const certainties = { never: 0, perhaps: 1, always: 2 } as const
const theirAccess: Readonly<Record<number, readonly [reads: number, writes: number]>> = {
  ...{ [OpAccess.Read]: [2, 0], [OpAccess.CondRead]: [1, 0], [OpAccess.Write]: [0, 2] },
  ...{ [OpAccess.CondWrite]: [0, 1], [OpAccess.ReadWrite]: [2, 2], [OpAccess.ReadCondWrite]: [2, 1] },
}

function add(uses: Uses, name: string, reads: number, writes: number): void {
  const before = uses.get(name) ?? { reads: 0, writes: 0 }
  uses.set(name, { reads: Math.max(before.reads, reads), writes: Math.max(before.writes, writes) })
}

const general = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi']
const generalName = (index: number): string => general[index] ?? `r${index}`
const fileNames = {
  gpr: '',
  control: 'cr',
  xmm: 'v',
  mmx: 'mm',
  opmask: 'k',
  x87: 'st',
  segment: 's',
  debug: 'dr',
  bound: 'bnd',
  tile: 't',
  blockScale: 'bsr',
}
const ourName = (file: keyof typeof fileNames, index: number): string =>
  file === 'gpr' ? generalName(index) : `${fileNames[file]}${index}`

/** A register of the judge's, whole. */
function theirName(register: number): string {
  return Register[RegisterExt.fullRegister(register)]!.toLowerCase().replace(/^[xyz]mm/, 'v')
}

/** Registers that operands name, of which nothing is asked here. */
function named(decoded: Decoded): Set<string> {
  const found = new Set<string>()
  for (const { kind, file, index } of decoded.operands.slice(0, decoded.count))
    if (kind === 'register') found.add(ourName(file, index))
  for (const register of [decoded.base, decoded.index]) if (register !== noRegister) found.add(generalName(register))
  return found
}

const text = (uses: Uses): string =>
  [...uses]
    .map(([name, { reads, writes }]) => `${name}:${reads}${writes}`)
    .sort()
    .join(' ')

const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']
const flat = (segment: string, { codeSize }: Decoded): string =>
  codeSize === 64 && !['fs', 'gs'].includes(segment) ? 'flat' : segment

function ourMemory(memory: UsedMemory, decoded: Decoded): string {
  const index = memory.index === noRegister ? '' : `+${generalName(memory.index)}`
  const repeated = decoded.rep !== 'none'
  return `${flat(segments[memory.segment]!, decoded)}:${generalName(memory.base)}${index} ${repeated ? 0 : memory.width} ${certainties[memory.reads]}${certainties[memory.writes]}`
}

/** Memory of the judge's but for that of operands; pieces of the stack are put together. */
function theirMemory(used: readonly unknown[], decoded: Decoded): string[] {
  const sums = new Map<string, number>()
  const explicit = decoded.operands.slice(0, decoded.count).some(({ kind }) => kind === 'memory')
  const list = used as readonly { access: OpAccess; base: number; index: number; segment: number; memorySize: number }[]
  for (const { access, base, index, segment, memorySize } of explicit ? list.slice(1) : list) {
    const [reads, writes] = theirAccess[access]!
    const at = `${flat(Register[segment]!.toLowerCase(), decoded)}:${theirName(base)}${index === 0 ? '' : `+${theirName(index)}`}`
    const key = `${at} # ${reads}${writes}`
    sums.set(key, (sums.get(key) ?? 0) + 8 * MemorySizeExt.size(memorySize))
  }
  return [...sums].map(([key, bits]) => key.replace('#', `${bits}`)).sort()
}

/**
 * Where the judge says less, more, or something else, and what settles it.
 *
 * * SDM 3D: ENCLS, ENCLU and ENCLV have parameters in RAX to RDX, GETSEC in EBX and ECX, too; what a leaf does with them is its own.
 * * SDM 2A, CPUID: leaves that have subleaves read ECX; it is written always. CMPXCHG compares with its accumulator and loads it if it differs.
 * * APM 3: PSMASH, RMPADJUST, RMPUPDATE, PVALIDATE and INVLPGB have their operands in registers.
 * * APM 3, CLZERO: a cache line at RAX is written.
 * * SDM 2B, POPA: the stack pointer that PUSHA left is skipped, but popped. PBNDKB takes segments of other prefixes.
 * * SDM 2B, LOADIWKEY: XMM0 is read. SDM 2C, XBEGIN: EAX is written where the transaction aborts.
 */
const settled =
  /^(?:ENCL|GETSEC|CPUID|CMPXCHG|PSMASH|RMP|PVALIDATE|CLZERO|INVLPGB|LOADIWKEY|SKINIT|VM|TDCALL|SEAM|PCONFIG|PBNDKB|HRESET|POPA)/

/** MMX registers that x87's state has, too. */
const isAlias = (register: number): boolean => RegisterExt.isMM(register) && decoded.mnemonic.startsWith('F')

const factory = new InstructionInfoFactory()
const decoded = createDecoded()

function difference(instruction: Instruction): string | undefined {
  const information = informationOf(decoded)
  const skipped = named(decoded)
  const [ours, theirs]: [Uses, Uses] = [new Map(), new Map()]
  for (const { file, index, reads, writes } of information.impliedRegisters)
    add(ours, ourName(file, index), certainties[reads], certainties[writes])
  const info = factory.info(instruction)
  for (const { register, access } of info.usedRegisters() as { register: number; access: OpAccess }[]) {
    const [reads, writes] = theirAccess[access]!
    if (!RegisterExt.isSegmentRegister(register) && !RegisterExt.isK(register) && !isAlias(register))
      add(theirs, theirName(register), reads, writes)
  }
  for (const name of skipped) {
    ours.delete(name)
    theirs.delete(name)
  }
  const memory = theirMemory(info.usedMemory(), decoded).join(', ')
  info.free()
  const ourMemories = information.impliedMemory
    .map((one) => ourMemory(one, decoded))
    .sort()
    .join(', ')
  const same = text(ours) === text(theirs) && ourMemories === memory
  return same
    ? undefined
    : `${decoded.mnemonic} ${rowOf(decoded).operands} ${decoded.operandSize} ${decoded.rep}: ${text(ours)} | ${ourMemories} / ${text(theirs)} | ${memory}`
}

const modrms = Array.from({ length: 64 }, (_, at) => 0xc0 | at).concat([0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f])

test.for([16, 32, 64] as const)(
  'iced-x86 agrees what %s-bit code uses without naming it',
  { timeout: 300_000 },
  (codeSize) => {
    const found = new Set<string>()
    for (const head of [...heads(1).slice(0, 16), ...heads(1).slice(48, 52)]) {
      const streams = streamsOf(head, modrms)
      const decoder = new Decoder(codeSize, streams, options)
      for (let at = 0; at < streams.length; at += 15) {
        if (decode(streams, at, at + 15, codeSize, decoded) !== undefined) continue
        if (settled.test(decoded.mnemonic) || decoded.mnemonic === 'NOP') continue
        decoder.position = at
        if (icedVerdict(decoder, decoded, false).text !== ourText(decoded)) continue
        decoder.position = at
        const instruction = decoder.decode()
        const wrong = difference(instruction)
        instruction.free()
        if (wrong !== undefined) found.add(wrong)
      }
      decoder.free()
    }
    expect([...found]).toEqual([])
  },
)
