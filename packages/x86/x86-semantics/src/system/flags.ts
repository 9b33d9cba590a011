import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { peek, push, release } from '../integer/stack.ts'
import { exitReason, mayExit } from './non-root.ts'
import { flagBit, iopl, refuseUnless, requireCpl0 } from './privilege.ts'
import { checkVirtualImage, loadVirtualImage, virtualImage } from './virtual-8086.ts'

function setFlag(m: Machine, at: number, value: 0 | 1): void {
  const mask = 1n << BigInt(at)
  const flags = m.get('RFLAGS')
  m.set(
    'RFLAGS',
    value === 1 ? m.or(flags, m.constant(mask, 64)) : m.and(flags, m.constant(~mask & (2n ** 64n - 1n), 64)),
  )
}

const direction = (mnemonic: 'CLD' | 'STD'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Direction Flag`), (m: Machine) =>
    setFlag(m, flagBit.DF, mnemonic === 'STD' ? 1 : 0),
  )

/**
 * CLI and STI: by IOPL, else by the virtual interrupt flag where CR4.VME or CR4.PVI gives one. SDM 2A, CLI, Table 3-7.
 */
const interruptFlag = (mnemonic: 'CLI' | 'STI'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Interrupt Flag`), (m: Machine) => {
    const value = mnemonic === 'STI' ? 1 : 0
    const direct = () => {
      if (value === 1) m.when(m.not(m.bit(m.get('RFLAGS'), flagBit.IF)), () => m.interruptShadow('sti'))
      setFlag(m, flagBit.IF, value)
    }
    if (m.mode.execution === 'real') return direct()
    const cpl = m.mode.execution === 'virtual-8086' ? m.constant(3, 8) : m.get('CPL')
    const allowed = m.not(m.below(iopl(m), cpl))
    m.when(allowed, direct, () => {
      const virtual = m.bit(m.get('CR4'), m.mode.execution === 'virtual-8086' ? 0 : 1)
      refuseUnless(m, m.and(virtual, m.equal(cpl, m.constant(3, 8))))
      if (value === 1) refuseUnless(m, m.not(m.bit(m.get('RFLAGS'), flagBit.VIP)))
      setFlag(m, flagBit.VIF, value)
    })
  })

/** RF and VM read as zero in the image. In virtual-8086 mode below IOPL 3 only VME allows it, with VIF as IF. */
const pushf = instruction(
  'PUSHF',
  sdm('2B', '4.3', 'PUSHF/PUSHFD/PUSHFQ—Push RFLAGS Register Onto the Stack'),
  (m: Machine) => {
    const size = m.mode.operandSize
    const flags = m.and(m.rflags(), m.constant(0xfcffff, 64))
    if (m.mode.execution !== 'virtual-8086') return push(m, m.truncate(flags, size))
    const direct = m.equal(iopl(m), m.constant(3, 8))
    m.when(
      direct,
      () => push(m, m.truncate(flags, size)),
      () => {
        refuseUnless(m, size === 16 ? m.bit(m.get('CR4'), 0) : m.constant(0, 1))
        push(m, m.truncate(virtualImage(m, flags), 16))
      },
    )
  },
)

/** CF PF AF ZF SF TF DF OF NT AC ID: what any program may change. */
const always = 0x24_4dd5n
const ifMask = 1n << 9n
const ioplMask = 3n << 12n

/** The bits of RFLAGS that POPF and IRET may change at this privilege, without VM, VIF and VIP. */
export function writableFlags(m: Machine): Bits<64> {
  if (m.mode.execution === 'real') return m.constant(always | ifMask | ioplMask, 64)
  const cpl = m.get('CPL')
  const forIf = m.select(m.below(iopl(m), cpl), m.constant(0, 64), m.constant(ifMask, 64))
  const forIopl = m.select(m.isZero(cpl), m.constant(ioplMask, 64), m.constant(0, 64))
  return m.or(m.or(m.constant(always, 64), forIf), forIopl)
}

/** Replaces the flags under the mask. Loads of less than 32 bits leave the upper ones alone; RF becomes zero unless it is in the mask. */
export function replaceFlags(m: Machine, value: Bits<64>, mask: Bits<64>): void {
  const old = m.rflags()
  m.setRflags(m.or(m.and(old, m.not(mask)), m.and(value, mask)))
}

const popf = instruction('POPF', sdm('2B', '4.3', 'POPF/POPFD/POPFQ—Pop Stack Into RFLAGS Register'), (m: Machine) => {
  const size = m.mode.operandSize
  const value = m.zeroExtend(peek(m, size), 64)
  const width = m.constant(size === 16 ? 0xffff : 0xffff_ffff, 64)
  const direct = (mask: Bits<64>) => {
    release(m, size / 8)
    // RF is cleared whatever the image says
    replaceFlags(
      m,
      m.and(value, m.constant(~(1n << 16n) & (2n ** 64n - 1n), 64)),
      m.or(m.and(mask, width), m.constant(size === 16 ? 0 : 1n << 16n, 64)),
    )
  }
  if (m.mode.execution !== 'virtual-8086') return direct(writableFlags(m))
  m.when(
    m.equal(iopl(m), m.constant(3, 8)),
    () => direct(m.constant(always | ifMask, 64)),
    () => popfVirtual(m, size, value),
  )
})

/** POPF in virtual-8086 mode with VME: IF goes to VIF, unless an interrupt waits or TF would be set. */
function popfVirtual(m: Machine, size: 16 | 32 | 64, value: Bits<64>): void {
  checkVirtualImage(m, size, value)
  release(m, 2)
  loadVirtualImage(m, value)
}

const alignment = (mnemonic: 'CLAC' | 'STAC'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—AC Flag in EFLAGS Register`), (m: Machine) => {
    if (m.mode.execution === 'virtual-8086') return m.fault('UD')
    m.when(m.not(m.isZero(m.get('CPL'))), () => m.fault('UD'))
    setFlag(m, flagBit.AC, mnemonic === 'STAC' ? 1 : 0)
  })

const halt = instruction('HLT', sdm('2A', '3.3', 'HLT—Halt'), (m: Machine) => {
  requireCpl0(m)
  mayExit(m, exitReason.HLT)
  m.exit('hlt')
})

export const flagInstructions: readonly Instruction[] = [
  direction('CLD'),
  direction('STD'),
  interruptFlag('CLI'),
  interruptFlag('STI'),
  pushf,
  popf,
  alignment('CLAC'),
  alignment('STAC'),
  halt,
]
