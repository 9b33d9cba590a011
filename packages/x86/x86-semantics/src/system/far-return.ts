import { sdm } from '@vmm/source'
import { segmentNames } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { peek, release, setStackPointer, stackPointer } from '../integer/stack.ts'
import { gpr, type Operand } from '../operand.ts'
import {
  baseOf,
  checkAccessed,
  type Descriptor,
  dplOf,
  isBig,
  isCode,
  isCodeOrData,
  isConforming,
  isLong,
  isNull,
  markAccessed,
  present,
  readDescriptor,
  rplOf,
  selectorCode,
  setNull,
  setRealSegment,
  setSegment,
} from './descriptor.ts'
import { checkLongBits, checkOffset, enterCode, landing } from './far-transfer.ts'
import { replaceFlags, writableFlags } from './flags.ts'
import { flagBit, iopl, refuseUnless } from './privilege.ts'
import { type FarReturn, freeShadowStack, prepareFarReturn } from './shadow-stack.ts'
import { returnToTask } from './task-switch.ts'
import { checkVirtualImage, loadVirtualImage } from './virtual-8086.ts'

type Size = 16 | 32 | 64

interface Returning {
  readonly selector: Bits<16>
  readonly offset: Bits<64>
  readonly descriptor: Descriptor
  readonly level: Bits<8>
}

/** Reads and checks the code segment that a far return or IRET goes to, but for the offset in it. SDM 2A, IRET, Operation. */
function codeOf(m: Machine, selector: Bits<16>, offset: Bits<64>): Returning {
  m.when(isNull(m, selector), () => m.fault('GP', m.constant(0, 32)))
  const code = selectorCode(m, selector)
  const descriptor = readDescriptor(m, selector, 'GP', code)
  const { raw } = descriptor
  const level = rplOf(m, selector)
  const inner = m.below(level, m.get('CPL'))
  const dpl = dplOf(m, raw)
  const levelFits = m.select(isConforming(m, raw), m.not(m.below(level, dpl)), m.equal(level, dpl))
  m.when(m.or(m.not(isCode(m, raw)), m.or(inner, m.not(levelFits))), () => m.fault('GP', code))
  checkLongBits(m, raw, code)
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  checkAccessed(m, descriptor)
  return { selector, offset: landing(m, offset, raw), descriptor, level }
}

/** What the shadow stack says of the return, and what is left to do there. */
function shadowOf(m: Machine, { selector, offset, descriptor, level }: Returning, kind: FarReturn['kind']): () => void {
  if (m.mode.cet !== true) return () => {}
  const long = m.mode.execution === 'protected' ? m.constant(0, 1) : isLong(m, descriptor.raw)
  const narrow = m.and(m.add(baseOf(m, descriptor.raw), offset), m.constant(0xffff_ffff, 64))
  const outer = m.below(m.get('CPL'), level)
  return prepareFarReturn(m, { level, outer, isLong: long, selector, linear: m.select(long, offset, narrow), kind })
}

interface Stack {
  readonly selector: Bits<16>
  readonly pointer: Bits<64>
}

/** Checks and loads the stack of the level returned to; `then` runs when all checks but that of the offset are done. */
function enterStack(m: Machine, { selector, pointer }: Stack, to: Returning, then: () => void): void {
  const nullAllowed =
    m.mode.execution === 'long' || m.mode.execution === 'compatibility'
      ? m.and(isLong(m, to.descriptor.raw), m.not(m.equal(to.level, m.constant(3, 8))))
      : m.constant(0, 1)
  m.when(
    isNull(m, selector),
    () => {
      refuseUnless(m, nullAllowed)
      then()
      setNull(m, 'SS', selector)
      m.set('SS.access', m.or(m.constant(1 << 16, 32), m.shiftLeft(m.zeroExtend(to.level, 32), m.constant(5, 32))))
      m.write(gpr('RSP', 64), pointer)
    },
    () => {
      const code = selectorCode(m, selector)
      const descriptor = readDescriptor(m, selector, 'GP', code)
      const { raw } = descriptor
      const writable = m.and(m.and(isCodeOrData(m, raw), m.not(isCode(m, raw))), m.bit(raw, 41))
      const level = m.and(m.equal(rplOf(m, selector), to.level), m.equal(dplOf(m, raw), to.level))
      m.when(m.not(m.and(writable, level)), () => m.fault('GP', code))
      m.when(m.not(present(m, raw)), () => m.fault('SS', code))
      checkAccessed(m, descriptor)
      then()
      markAccessed(m, descriptor)
      setSegment(m, 'SS', selector, raw)
      setPointer(m, pointer, raw, to)
    },
  )
}

/** 64-bit code takes all of RSP; a 32-bit stack ESP; a 16-bit one SP. */
function setPointer(m: Machine, pointer: Bits<64>, stack: Bits<64>, to: Returning): void {
  const long =
    m.mode.execution === 'long' || m.mode.execution === 'compatibility'
      ? isLong(m, to.descriptor.raw)
      : m.constant(0, 1)
  m.when(
    long,
    () => m.write(gpr('RSP', 64), pointer),
    () =>
      m.when(
        isBig(m, stack),
        () => m.write(gpr('RSP', 32), m.truncate(pointer, 32)),
        () => m.write(gpr('RSP', 16), m.truncate(pointer, 16)),
      ),
  )
}

/** Data segments that the outer level may not have become null, and null selectors become 0. SDM 2A, IRET, and 3A §5.8.6. */
function dropInnerSegments(m: Machine, level: Bits<8>): void {
  for (const name of segmentNames) {
    if (name === 'CS' || name === 'SS') continue
    const access = m.get(`${name}.access`)
    const dpl = m.and(m.truncate(m.shiftRight(access, m.constant(5, 32)), 8), m.constant(3, 8))
    const conforming = m.equal(m.and(access, m.constant(0xc, 32)), m.constant(0xc, 32))
    // a segment that is null already keeps its base, whatever its rights: FS and GS of 64-bit programs, also behind a VM exit
    const usable = m.not(m.bit(access, 16))
    const base = m.get(`${name}.base`)
    const empty = isNull(m, m.get(`${name}.selector`))
    const kept = m.select(empty, base, m.constant(0, 64))
    m.when(empty, () => m.set(`${name}.selector`, m.constant(0, 16)))
    m.when(m.and(usable, m.and(m.not(conforming), m.below(dpl, level))), () => {
      setNull(m, name, m.constant(0, 16))
      m.set(`${name}.base`, kept)
    })
  }
}

const isReal = (m: Machine): boolean => m.mode.execution === 'real' || m.mode.execution === 'virtual-8086'

const retf = instruction(
  'RETF',
  sdm('2B', '4.3', 'RET—Return From Procedure'),
  (m: Machine, ...[extra]: readonly Operand<16>[]) => {
    const size = m.mode.operandSize
    const offset = m.zeroExtend(peek(m, size), 64)
    const selector = m.truncate(peek(m, size, size / 8), 16)
    const more = extra === undefined ? m.constant(0, 64) : m.zeroExtend(m.read(extra), 64)
    const drop = () => setStackPointer(m, m.add(stackPointer(m), m.add(more, m.constant(size / 4, 64))))
    if (isReal(m)) {
      m.when(m.below(m.zeroExtend(m.get('CS.limit'), 64), offset), () => m.fault('GP', m.constant(0, 32)))
      drop()
      setRealSegment(m, 'CS', selector)
      return m.jump(offset)
    }
    const to = codeOf(m, selector, offset)
    const outer = m.below(m.get('CPL'), to.level)
    m.when(
      outer,
      () => {
        const above = m.add(stackPointer(m), m.add(more, m.constant(size / 4, 64)))
        const wide = (value: Bits<64>) => m.zeroExtend(m.truncate(value, m.mode.stackSize), 64)
        const pointer = m.add(m.zeroExtend(m.load('SS', wide(above), size), 64), more)
        const stackSelector = m.truncate(m.load('SS', wide(m.add(above, m.constant(size / 8, 64))), size), 16)
        enterStack(m, { selector: stackSelector, pointer }, to, () => {
          checkOffset(m, to.offset, to.descriptor.raw)
          shadowOf(m, to, 'far return')()
          enterCode(m, to.selector, to.descriptor, to.level)
          m.set('CPL', to.level)
        })
        dropInnerSegments(m, to.level)
      },
      () => {
        checkOffset(m, to.offset, to.descriptor.raw)
        shadowOf(m, to, 'far return')()
        drop()
        enterCode(m, to.selector, to.descriptor, to.level)
      },
    )
    m.jump(to.offset)
  },
)

/** IRET in real and virtual-8086 mode: three words, flags by the operand size; below IOPL 3 only with CR4.VME. */
function iretReal(m: Machine): void {
  const size = m.mode.operandSize
  const offset = m.zeroExtend(peek(m, size), 64)
  const selector = m.truncate(peek(m, size, size / 8), 16)
  const image = m.zeroExtend(peek(m, size, size / 4), 64)
  m.when(m.below(m.zeroExtend(m.get('CS.limit'), 64), offset), () => m.fault('GP', m.constant(0, 32)))
  const finish = (flags: () => void) => {
    release(m, (size / 8) * 3)
    setRealSegment(m, 'CS', selector)
    flags()
    m.jump(offset)
  }
  const direct = () => finish(() => setFlags(m, image, size))
  if (m.mode.execution === 'real') return direct()
  m.when(m.equal(iopl(m), m.constant(3, 8)), direct, () => {
    checkVirtualImage(m, size, image)
    finish(() => loadVirtualImage(m, image))
  })
}

/** The image's flags as far as the level left behind may change them; RF comes with 32 bits and more. */
function setFlags(m: Machine, image: Bits<64>, size: Size): void {
  const width = m.constant(size === 16 ? 0xffff : 0xffff_ffff, 64)
  const resume = m.constant(size === 16 ? 0 : 1n << BigInt(flagBit.RF), 64)
  const virtual = m.constant(size === 16 ? 0 : 0x18_0000, 64)
  const atZero =
    m.mode.execution === 'real' ? m.constant(0, 64) : m.select(m.isZero(m.get('CPL')), virtual, m.constant(0, 64))
  replaceFlags(m, image, m.or(m.or(m.and(writableFlags(m), width), resume), atZero))
}

/** To virtual-8086 mode: nine doublewords, from CPL 0 only. */
function iretToVirtual(m: Machine, offset: Bits<64>, selector: Bits<16>, image: Bits<64>): void {
  m.when(m.below(m.constant(0xffff, 64), offset), () => m.fault('GP', m.constant(0, 32)))
  const dword = (at: number) => m.zeroExtend(peek(m, 32, at * 4), 64)
  const pointer = dword(3)
  const selectors = [
    ['SS', 4],
    ['ES', 5],
    ['DS', 6],
    ['FS', 7],
    ['GS', 8],
  ] as const
  const values = selectors.map(([, at]) => m.truncate(dword(at), 16))
  freeShadowStack(m)
  m.setRflags(m.or(m.and(image, m.constant(0x3f_7fd5, 64)), m.constant(2, 64)))
  const load = (name: (typeof segmentNames)[number], value: Bits<16>) => {
    m.set(`${name}.selector`, value)
    m.set(`${name}.base`, m.shiftLeft(m.zeroExtend(value, 64), m.constant(4, 64)))
    m.set(`${name}.limit`, m.constant(0xffff, 32))
    m.set(`${name}.access`, m.constant(0xf3, 32))
  }
  load('CS', selector)
  for (const [index, [name]] of selectors.entries()) load(name, values[index]!)
  m.set('CPL', m.constant(3, 8))
  m.write(gpr('RSP', 32), m.truncate(pointer, 32))
  m.jump(offset)
}

/** IRET in protected and IA-32e mode; in 64-bit code the stack always comes along. */
function iretProtected(m: Machine): void {
  const size = m.mode.operandSize
  const long = m.mode.execution === 'long'
  const nested = m.bit(m.get('RFLAGS'), flagBit.NT)
  if (m.mode.execution !== 'protected') m.when(nested, () => m.fault('GP', m.constant(0, 32)))
  const offset = m.zeroExtend(peek(m, size), 64)
  const selector = m.truncate(peek(m, size, size / 8), 16)
  const image = m.zeroExtend(peek(m, size, size / 4), 64)
  const plain = () => {
    const to = codeOf(m, selector, offset)
    const outer = m.below(m.get('CPL'), to.level)
    const withStack = () => {
      const pointer = m.zeroExtend(peek(m, size, (size / 8) * 3), 64)
      const stackSelector = m.truncate(peek(m, size, (size / 8) * 4), 16)
      enterStack(m, { selector: stackSelector, pointer }, to, () => {
        checkOffset(m, to.offset, to.descriptor.raw)
        shadowOf(m, to, 'interrupt return')()
        setFlags(m, image, size)
        enterCode(m, to.selector, to.descriptor, to.level)
      })
      m.when(outer, () => dropInnerSegments(m, to.level))
      m.set('CPL', to.level)
    }
    const withoutStack = () => {
      checkOffset(m, to.offset, to.descriptor.raw)
      shadowOf(m, to, 'interrupt return')()
      release(m, (size / 8) * 3)
      setFlags(m, image, size)
      enterCode(m, to.selector, to.descriptor, to.level)
    }
    if (long) withStack()
    else m.when(outer, withStack, withoutStack)
    m.jump(to.offset)
  }
  if (m.mode.execution !== 'protected' || size === 16) return plain()
  const toVirtual = m.and(m.bit(image, flagBit.VM), m.isZero(m.get('CPL')))
  m.when(toVirtual, () => iretToVirtual(m, offset, selector, image), plain)
}

const iret = instruction('IRET', sdm('2A', '3.3', 'IRET/IRETD/IRETQ—Interrupt Return'), (m: Machine) => {
  m.fence()
  // NMIs are taken again, even if what follows faults: SDM 3A §6.7.1, SDM 3C §26.3
  m.set('NMI_BLOCKED', m.constant(0, 8))
  m.commit()
  if (isReal(m)) return iretReal(m)
  if (m.mode.execution !== 'protected') return iretProtected(m)
  m.when(
    m.bit(m.get('RFLAGS'), flagBit.NT),
    () => returnToTask(m),
    () => iretProtected(m),
  )
})

export const farReturns: readonly Instruction[] = [retf, iret]
