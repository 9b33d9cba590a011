import type { Bits, Machine } from '../algebra.ts'
import { gpr } from '../operand.ts'
import { setRealSegment } from './descriptor.ts'
import { hasPermissionMap } from './permission-map.ts'
import { flagBit, iopl, refuseUnless } from './privilege.ts'

/** CR4.VME. */
const extensions = (m: Machine): Bits<1> => m.bit(m.get('CR4'), 0)

const one = (at: number): bigint => 1n << BigInt(at)

/**
 * Whether the TSS lets virtual-8086 mode handle a vector itself: its bit in the 32 bytes below the I/O permission map is
 * clear. A TSS that is too short is #GP(0). Source: SDM 3B §21.3.3.4, Figure 21-5.
 */
function redirected(m: Machine, vector: Bits<8>): Bits<1> {
  const limit = m.get('TR.limit')
  refuseUnless(m, hasPermissionMap(m))
  const base = m.get('TR.base')
  const map = m.zeroExtend(m.loadLinear(m.add(base, m.constant(102, 64)), 16, 'processor'), 32)
  const at = m.add(m.sub(map, m.constant(32, 32)), m.zeroExtend(m.shiftRight(vector, m.constant(3, 8)), 32))
  refuseUnless(m, m.not(m.below(limit, at)))
  const byte = m.loadLinear(m.add(base, m.zeroExtend(at, 64)), 8, 'processor')
  return m.isZero(m.and(m.shiftRight(byte, m.and(vector, m.constant(7, 8))), m.constant(1, 8)))
}

/**
 * INT n in virtual-8086 mode: with CR4.VME perhaps to a handler of virtual-8086 mode itself; otherwise with IOPL 3 to
 * the IDT, and else #GP(0). Source: SDM 3B §21.3.3, Table 21-2.
 */
export function virtualInterrupt(m: Machine, vector: Bits<8>, throughIdt: () => void): void {
  const direct = m.equal(iopl(m), m.constant(3, 8))
  const own = m.variable(m.constant(0, 1))
  m.when(extensions(m), () => own.set(redirected(m, vector)))
  m.when(
    own.get(),
    () => enterOwnHandler(m, vector, direct),
    () => {
      refuseUnless(m, direct)
      throughIdt()
    },
  )
}

/** By the interrupt vector table at address 0. Below IOPL 3 the handler sees VIF as IF, and IOPL 3. */
function enterOwnHandler(m: Machine, vector: Bits<8>, direct: Bits<1>): void {
  const entry = m.shiftLeft(m.zeroExtend(vector, 64), m.constant(2, 64))
  const offset = m.loadLinear(entry, 16, 'program')
  const selector = m.loadLinear(m.add(entry, m.constant(2, 64)), 16, 'program')
  const flags = m.rflags()
  const image = m.select(direct, flags, virtualImage(m, flags))
  const top = m.read(gpr('RSP', 16))
  const below = (bytes: number) => m.zeroExtend(m.sub(top, m.constant(bytes, 16)), 64)
  m.check('SS', below(6), 6, 'write')
  m.store('SS', below(2), m.truncate(image, 16))
  m.store('SS', below(4), m.get('CS.selector'))
  m.store('SS', below(6), m.truncate(m.nextRip(), 16))
  m.write(gpr('RSP', 16), m.sub(top, m.constant(6, 16)))
  const clear = m.select(direct, m.constant(one(flagBit.IF), 64), m.constant(one(flagBit.VIF), 64))
  m.setRflags(m.and(flags, m.not(m.or(clear, m.constant(one(flagBit.TF) | one(flagBit.RF), 64)))))
  m.set('UNSTEPPED', m.constant(1, 8))
  setRealSegment(m, 'CS', selector)
  m.set('UNSTEPPED', m.constant(1, 8))
  m.jump(m.zeroExtend(offset, 64))
}

/** The flags as a program below IOPL 3 sees them: VIF in place of IF, and IOPL 3. */
export function virtualImage(m: Machine, flags: Bits<64>): Bits<64> {
  const vif = m.shiftLeft(m.zeroExtend(m.bit(flags, flagBit.VIF), 64), m.constant(flagBit.IF, 64))
  return m.or(m.and(flags, m.constant(0xfdff, 64)), m.or(vif, m.constant(0x3000, 64)))
}

/**
 * Faults unless a flags image may be loaded below IOPL 3: with CR4.VME, in 16 bits, without TF, and with IF only while
 * no interrupt waits. Source: SDM 2B, POPF, Operation.
 */
export function checkVirtualImage(m: Machine, size: 16 | 32 | 64, image: Bits<64>): void {
  refuseUnless(m, size === 16 ? extensions(m) : m.constant(0, 1))
  const waits = m.and(m.bit(image, flagBit.IF), m.bit(m.get('RFLAGS'), flagBit.VIP))
  refuseUnless(m, m.not(m.or(waits, m.bit(image, flagBit.TF))))
}

/** Flags that POPF and IRET load below IOPL 3: CF PF AF ZF SF DF OF NT, and IF into VIF. */
const loaded = 0x4cd5n | one(flagBit.VIF)

/** Loads the flags of a checked image. */
export function loadVirtualImage(m: Machine, image: Bits<64>): void {
  const vif = m.shiftLeft(m.zeroExtend(m.bit(image, flagBit.IF), 64), m.constant(flagBit.VIF, 64))
  const fresh = m.or(m.and(image, m.constant(0xffff, 64)), vif)
  m.setRflags(m.or(m.and(m.rflags(), m.not(m.constant(loaded, 64))), m.and(fresh, m.constant(loaded, 64))))
}
