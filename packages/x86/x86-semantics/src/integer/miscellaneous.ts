import { sdm } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Memory, type Operand, type Place } from '../operand.ts'
import { exitReason, mayExit, requireEnabled } from '../system/non-root.ts'
import { refuseUnless } from '../system/privilege.ts'

const nothing = (mnemonic: string, title = mnemonic): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', title), () => {})

/** Hints translate their address as a load would, for the faults. SDM 2A, CLFLUSH. */
const flushLine = (mnemonic: 'CLFLUSH' | 'CLFLUSHOPT' | 'CLWB'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Flush Cache Line`), (m: Machine, line: Memory<8>) => {
    m.check('operand', m.address(line), 1, 'read')
  })

const undefinedOpcode = (mnemonic: string): Instruction =>
  instruction(mnemonic, sdm('2D', '6.1', 'UD—Undefined Instruction'), (m: Machine) => m.fault('UD'))

const random = (mnemonic: 'RDRAND' | 'RDSEED'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', `${mnemonic}—Read Random`), (m: Machine, to: Place<16 | 32 | 64>) => {
    mayExit(m, exitReason[mnemonic])
    const [value] = m.host(mnemonic === 'RDRAND' ? 'random' : 'seed')
    m.write(to, m.truncate(value, to.width))
    const zero = () => m.constant(0, 1)
    m.flags(equations({ CF: () => m.constant(1, 1), OF: zero, SF: zero, ZF: zero, AF: zero, PF: zero }))
  })

/** Writes a 64-bit value to EDX:EAX. */
export function writePair(m: Machine, value: Bits<64>): void {
  m.write(gpr('RAX', 32), m.truncate(value, 32))
  m.write(gpr('RDX', 32), m.extract(value, 32, 32))
}

/** EDX:EAX as one value. */
export function readPair(m: Machine): Bits<64> {
  const high = m.shiftLeft(m.zeroExtend(m.read(gpr('RDX', 32)), 64), m.constant(32, 64))
  return m.or(high, m.zeroExtend(m.read(gpr('RAX', 32)), 64))
}

/** CR4.TSD keeps the time-stamp counter for CPL 0. */
function refuseTimeStamp(m: Machine): void {
  const disabled = m.bit(m.get('CR4'), 2)
  m.when(m.and(disabled, m.not(m.isZero(m.get('CPL')))), () => m.fault('GP', m.constant(0, 32)))
}

const rdtsc = instruction('RDTSC', sdm('2B', '4.3', 'RDTSC—Read Time-Stamp Counter'), (m: Machine) => {
  refuseTimeStamp(m)
  mayExit(m, exitReason.RDTSC)
  const [now] = m.host('timeStamp')
  writePair(m, now)
})

const rdtscp = instruction(
  'RDTSCP',
  sdm('2B', '4.3', 'RDTSCP—Read Time-Stamp Counter and Processor ID'),
  (m: Machine) => {
    requireEnabled(m, exitReason.RDTSCP)
    refuseTimeStamp(m)
    mayExit(m, exitReason.RDTSCP)
    const [now] = m.host('timeStamp')
    writePair(m, now)
    m.write(gpr('RCX', 32), m.truncate(m.get('IA32_TSC_AUX'), 32))
  },
)

const rdpid = instruction('RDPID', sdm('2B', '4.3', 'RDPID—Read Processor ID'), (m: Machine, to: Place<32 | 64>) => {
  // one control enables both
  requireEnabled(m, exitReason.RDTSCP)
  m.write(to, m.zeroExtend(m.truncate(m.get('IA32_TSC_AUX'), 32), to.width))
})

const rdpmc = instruction('RDPMC', sdm('2B', '4.3', 'RDPMC—Read Performance-Monitoring Counters'), (m: Machine) => {
  const allowed = m.bit(m.get('CR4'), 8)
  m.when(m.and(m.not(allowed), m.not(m.isZero(m.get('CPL')))), () => m.fault('GP', m.constant(0, 32)))
  mayExit(m, exitReason.RDPMC)
  const [value] = m.host('performanceCounter', m.read(gpr('RCX', 32)))
  writePair(m, value)
})

const cpuid = instruction('CPUID', sdm('2A', '3.3', 'CPUID—CPU Identification'), (m: Machine) => {
  mayExit(m, exitReason.CPUID)
  const [eax, ebx, ecx, edx] = m.host('cpuid', m.read(gpr('RAX', 32)), m.read(gpr('RCX', 32)))
  m.fence()
  m.write(gpr('RAX', 32), eax)
  m.write(gpr('RBX', 32), ebx)
  m.write(gpr('RCX', 32), ecx)
  m.write(gpr('RDX', 32), edx)
})

/** RDFSBASE and its like want CR4.FSGSBASE; bases written must be canonical. */
const segmentBase = (mnemonic: 'RDFSBASE' | 'RDGSBASE' | 'WRFSBASE' | 'WRGSBASE'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', `${mnemonic}—FS/GS Segment Base`), (m: Machine, operand: Place<32 | 64>) => {
    m.when(m.not(m.bit(m.get('CR4'), 16)), () => m.fault('UD'))
    const field = mnemonic.includes('FS') ? 'FS.base' : 'GS.base'
    if (mnemonic.startsWith('RD')) return m.write(operand, m.truncate(m.get(field), operand.width))
    const base = m.zeroExtend(m.read(operand), 64)
    const shift = m.select(m.bit(m.get('CR4'), 12), m.constant(7, 64), m.constant(16, 64))
    m.when(m.not(m.equal(m.shiftRightSigned(m.shiftLeft(base, shift), shift), base)), () =>
      m.fault('GP', m.constant(0, 32)),
    )
    m.set(field, base)
  })

/** PKRU wants CR4.PKE and ECX of zero. */
const protectionKeys = (mnemonic: 'RDPKRU' | 'WRPKRU'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', `${mnemonic}—Protection Key Rights`), (m: Machine) => {
    m.when(m.not(m.bit(m.get('CR4'), 22)), () => m.fault('UD'))
    refuseUnless(m, m.isZero(m.read(gpr('RCX', 32))))
    if (mnemonic === 'RDPKRU') {
      m.write(gpr('RAX', 32), m.get('PKRU'))
      m.write(gpr('RDX', 32), m.constant(0, 32))
      return
    }
    refuseUnless(m, m.isZero(m.read(gpr('RDX', 32))))
    m.set('PKRU', m.read(gpr('RAX', 32)))
  })

/** The extensions that MONITOR and MWAIT are asked for, and those that MWAIT knows. Above CPL 0 there is neither. */
function waiting(
  m: Machine,
  reason: number,
): { readonly asked: Bits<64>; readonly known: Bits<64>; readonly works: Bits<1> } {
  const [known, idle] = m.host('waitExtensions')
  m.when(m.not(m.isZero(m.get('CPL'))), () => m.fault('UD'))
  mayExit(m, reason)
  const asked = m.mode.codeSize === 64 ? m.read(gpr('RCX', 64)) : m.zeroExtend(m.read(gpr('RCX', 32)), 64)
  return { asked, known, works: m.isZero(idle) }
}

const monitor = instruction('MONITOR', sdm('2B', '4.3', 'MONITOR—Set Up Monitor Address'), (m: Machine) => {
  const { asked, works } = waiting(m, exitReason.MONITOR)
  m.when(works, () => {
    refuseUnless(m, m.isZero(asked))
    const offset = m.zeroExtend(m.read(gpr('RAX', m.mode.addressSize)), 64)
    m.check('operand', offset, 1, 'read')
    m.host('monitor', m.linear('operand', offset))
  })
})

/** Without a line that is armed and has not been stored to since, it does not wait. EAX is a hint. */
const mwait = instruction('MWAIT', sdm('2B', '4.3', 'MWAIT—Monitor Wait'), (m: Machine) => {
  const { asked, known, works } = waiting(m, exitReason.MWAIT)
  m.when(works, () => {
    refuseUnless(m, m.isZero(m.and(asked, m.not(known))))
    const isArmed = m.not(m.equal(m.get('MONITOR'), m.constant((1n << 64n) - 1n, 64)))
    m.when(isArmed, () => m.exit('mwait'))
  })
})

const pause = instruction('PAUSE', sdm('2B', '4.3', 'PAUSE—Spin Loop Hint'), (m: Machine) => {
  mayExit(m, exitReason.PAUSE)
  m.exit('pause')
})

const bound = instruction(
  'BOUND',
  sdm('2A', '3.3', 'BOUND—Check Array Index Against Bounds'),
  (m: Machine, index: Operand<16 | 32>, bounds: Memory<16 | 32>) => {
    const value = m.read(index)
    const offset = m.address(bounds)
    const at = (distance: number) =>
      m.zeroExtend(m.truncate(m.add(offset, m.constant(distance, 64)), m.mode.addressSize), 64)
    const lower = m.load('operand', offset, index.width)
    const upper = m.load('operand', at(index.width / 8), index.width)
    m.when(m.or(m.less(value, lower as typeof value), m.less(upper as typeof value, value)), () => m.fault('BR'))
  },
)

/** A store that no cache keeps. */
const movdiri = instruction(
  'MOVDIRI',
  sdm('2B', '4.3', 'MOVDIRI—Move Doubleword as Direct Store'),
  (m: Machine, to: Memory<32 | 64>, from: Operand<32 | 64>) => m.write(to, m.read(from)),
)

const lineBytes = 64

/** A whole line, to an address in a register, in ES, which must be aligned. */
const movdir64b = instruction(
  'MOVDIR64B',
  sdm('2B', '4.3', 'MOVDIR64B—Move 64 Bytes as Direct Store'),
  (m: Machine, to: Operand<16 | 32 | 64>, from: Memory<Width>) => {
    const destination = m.zeroExtend(m.read(to), 64)
    const source = m.address(from)
    const wrapped = (offset: Bits<64>, distance: number) =>
      m.zeroExtend(m.truncate(m.add(offset, m.constant(distance, 64)), m.mode.addressSize), 64)
    const parts = [0, 16, 32, 48].map((at) => ({ at, value: m.load('operand', wrapped(source, at), 128) }))
    refuseUnless(m, m.isZero(m.and(m.linear('ES', destination), m.constant(lineBytes - 1, 64))))
    m.check('ES', destination, lineBytes, 'write')
    for (const { at, value } of parts) m.store('ES', wrapped(destination, at), value)
  },
)

export const miscellaneous: readonly Instruction[] = [
  nothing('NOP'),
  nothing('LFENCE'),
  instruction('MFENCE', sdm('2B', '4.3', 'MFENCE—Memory Fence'), (m: Machine) => m.fence()),
  nothing('SFENCE'),
  instruction('SERIALIZE', sdm('2B', '4.3', 'SERIALIZE—Serialize Instruction Execution'), (m: Machine) => m.fence()),
  nothing('CLDEMOTE'),
  movdiri,
  movdir64b,
  nothing('PREFETCHW'),
  nothing('PREFETCHNTA'),
  nothing('PREFETCHT0'),
  nothing('PREFETCHT1'),
  nothing('PREFETCHT2'),
  flushLine('CLFLUSH'),
  flushLine('CLFLUSHOPT'),
  flushLine('CLWB'),
  undefinedOpcode('UD0'),
  undefinedOpcode('UD1'),
  undefinedOpcode('UD2'),
  random('RDRAND'),
  random('RDSEED'),
  rdtsc,
  rdtscp,
  rdpid,
  rdpmc,
  cpuid,
  segmentBase('RDFSBASE'),
  segmentBase('RDGSBASE'),
  segmentBase('WRFSBASE'),
  segmentBase('WRGSBASE'),
  protectionKeys('RDPKRU'),
  protectionKeys('WRPKRU'),
  monitor,
  mwait,
  pause,
  bound,
]
