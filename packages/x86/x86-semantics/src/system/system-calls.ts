import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { isCanonical } from '../integer/control.ts'
import { gpr } from '../operand.ts'
import { exitReason, mayExit } from './non-root.ts'
import { flagBit, refuseUnless, requireCpl0 } from './privilege.ts'
import { leaveUserShadowStack, takeUserShadowStack } from './shadow-stack.ts'

/** DR6.BS. */
const singleStep = 1 << 14
const all64 = (1n << 64n) - 1n

/** A flat segment as SYSCALL and its relatives make them, without looking at any table. */
function setFlat(m: Machine, name: 'CS' | 'SS', selector: Bits<16>, access: number): void {
  m.set(`${name}.selector`, selector)
  m.set(`${name}.base`, m.constant(0, 64))
  m.set(`${name}.limit`, m.constant(0xffff_ffff, 32))
  m.set(`${name}.access`, m.constant(access, 32))
}

/** Accessed code or data, present, G; L or D by the kind of code. DPL in bits 6:5. */
const flat = { code64: 0xa09b, code32: 0xc09b, data: 0xc093, user: 3 << 5 } as const

const selectorFrom = (m: Machine, value: Bits<64>, low: number, plus: number, rpl: number): Bits<16> => {
  const base = m.add(m.extract(value, low, 16), m.constant(plus, 16))
  return m.or(m.and(base, m.constant(0xfffc, 16)), m.constant(rpl, 16))
}

/** SYSCALL: SDM 2B. RCX keeps RIP, R11 RFLAGS; IA32_FMASK names the flags to clear. 64-bit code only on Intel. */
const syscall = instruction('SYSCALL', sdm('2B', '4.3', 'SYSCALL—Fast System Call'), (m: Machine) => {
  m.when(m.not(m.bit(m.get('IA32_EFER'), 0)), () => m.fault('UD'))
  const flags = m.rflags()
  const star = m.get('IA32_STAR')
  const target = m.get('IA32_LSTAR')
  const masked = m.and(m.and(flags, m.constant(~0x1_0000n & all64, 64)), m.not(m.get('IA32_FMASK')))
  m.write(gpr('RCX', 64), m.nextRip())
  m.write(gpr('R11', 64), m.and(flags, m.constant(~0x1_0000n & all64, 64)))
  m.setRflags(m.or(masked, m.constant(2, 64)))
  // a program that is stepped does not step into the kernel that masks TF: it is asked for afterwards
  m.set('UNSTEPPED', m.zeroExtend(m.not(m.bit(masked, flagBit.TF)), 8))
  leaveUserShadowStack(m)
  setFlat(m, 'CS', selectorFrom(m, star, 32, 0, 0), flat.code64)
  setFlat(m, 'SS', m.add(m.extract(star, 32, 16), m.constant(8, 16)), flat.data)
  m.set('CPL', m.constant(0, 8))
  m.jump(target)
})

/** SYSRET faults at CPL 0 when RCX is not canonical: Intel's behaviour, on which kernels rely to their cost. */
const sysret = instruction('SYSRET', sdm('2B', '4.3', 'SYSRET—Return From Fast System Call'), (m: Machine) => {
  m.when(m.not(m.bit(m.get('IA32_EFER'), 0)), () => m.fault('UD'))
  requireCpl0(m)
  const star = m.get('IA32_STAR')
  const to64 = m.mode.operandSize === 64
  const target = to64 ? m.read(gpr('RCX', 64)) : m.zeroExtend(m.read(gpr('RCX', 32)), 64)
  if (to64) refuseUnless(m, isCanonical(m, target))
  const flags = m.read(gpr('R11', 64))
  m.setRflags(m.or(m.and(flags, m.constant(0x3c_7fd7, 64)), m.constant(2, 64)))
  // as if the program's SYSCALL had just been stepped
  m.when(m.bit(flags, flagBit.TF), () => void m.host('debugTrap', m.constant(singleStep, 64)))
  setFlat(m, 'CS', selectorFrom(m, star, 48, to64 ? 16 : 0, 3), (to64 ? flat.code64 : flat.code32) | flat.user)
  setFlat(m, 'SS', selectorFrom(m, star, 48, 8, 3), flat.data | flat.user)
  takeUserShadowStack(m)
  m.set('CPL', m.constant(3, 8))
  m.jump(target)
})

const sysenter = instruction('SYSENTER', sdm('2B', '4.3', 'SYSENTER—Fast System Call'), (m: Machine) => {
  if (m.mode.execution === 'real') return m.fault('GP', m.constant(0, 32))
  const cs = m.truncate(m.get('IA32_SYSENTER_CS'), 16)
  refuseUnless(m, m.not(m.isZero(m.and(cs, m.constant(0xfffc, 16)))))
  const long = m.mode.execution === 'long' || m.mode.execution === 'compatibility'
  const [rip, rsp] = [m.get('IA32_SYSENTER_EIP'), m.get('IA32_SYSENTER_ESP')]
  const wide = (value: Bits<64>) => (long ? value : m.and(value, m.constant(0xffff_ffff, 64)))
  m.setRflags(m.and(m.rflags(), m.constant(~((1n << 9n) | (1n << 17n) | (1n << 16n)) & all64, 64)))
  leaveUserShadowStack(m)
  setFlat(m, 'CS', m.and(cs, m.constant(0xfffc, 16)), long ? flat.code64 : flat.code32)
  setFlat(m, 'SS', m.add(m.and(cs, m.constant(0xfffc, 16)), m.constant(8, 16)), flat.data)
  m.set('CPL', m.constant(0, 8))
  m.write(gpr('RSP', 64), wide(rsp))
  m.jump(wide(rip))
})

const sysexit = instruction('SYSEXIT', sdm('2B', '4.3', 'SYSEXIT—Fast Return from Fast System Call'), (m: Machine) => {
  if (m.mode.execution === 'real') return m.fault('GP', m.constant(0, 32))
  requireCpl0(m)
  const cs = m.truncate(m.get('IA32_SYSENTER_CS'), 16)
  refuseUnless(m, m.not(m.isZero(m.and(cs, m.constant(0xfffc, 16)))))
  const to64 = m.mode.operandSize === 64
  const [rip, rsp] = [m.read(gpr('RDX', 64)), m.read(gpr('RCX', 64))]
  if (to64) refuseUnless(m, m.and(isCanonical(m, rip), isCanonical(m, rsp)))
  const wide = (value: Bits<64>) => (to64 ? value : m.and(value, m.constant(0xffff_ffff, 64)))
  const user = (plus: number) => m.or(m.add(cs, m.constant(plus, 16)), m.constant(3, 16))
  setFlat(m, 'CS', user(to64 ? 32 : 16), (to64 ? flat.code64 : flat.code32) | flat.user)
  setFlat(m, 'SS', user(to64 ? 40 : 24), flat.data | flat.user)
  takeUserShadowStack(m)
  m.set('CPL', m.constant(3, 8))
  m.write(gpr('RSP', 64), wide(rsp))
  m.jump(wide(rip))
})

const swapgs = instruction('SWAPGS', sdm('2B', '4.3', 'SWAPGS—Swap GS Base Register'), (m: Machine) => {
  requireCpl0(m)
  const [base, other] = [m.get('GS.base'), m.get('IA32_KERNEL_GS_BASE')]
  m.set('GS.base', other)
  m.set('IA32_KERNEL_GS_BASE', base)
})

const hypercall = (mnemonic: 'VMCALL' | 'VMMCALL'): Instruction =>
  instruction(mnemonic, sdm('3C', '31.3', `${mnemonic}—Call to VM Monitor`), (m: Machine) => {
    if (mnemonic === 'VMCALL') mayExit(m, exitReason.VMCALL)
    const [patch] = m.host('hypercall', m.constant(mnemonic === 'VMCALL' ? 0 : 1, 8))
    m.when(m.not(m.isZero(patch)), () => overwrite(m, patch))
  })

/** Whoever answers has other bytes in place of this instruction: they are stored at RIP, whatever the base of CS, and run. */
function overwrite(m: Machine, bytes: Bits<32>): void {
  const at = m.thisRip()
  m.checkLinear(at, 3, 'write', 'program')
  m.storeLinear(at, m.truncate(bytes, 16), 'program')
  m.storeLinear(m.add(at, m.constant(2, 64)), m.extract(bytes, 16, 8), 'program')
  m.jump(at)
}

const rsm = instruction('RSM', sdm('2B', '4.3', 'RSM—Resume From System Management Mode'), (m: Machine) => {
  m.host('leaveSmm')
})

export const systemCalls: readonly Instruction[] = [
  syscall,
  sysret,
  sysenter,
  sysexit,
  swapgs,
  hypercall('VMCALL'),
  hypercall('VMMCALL'),
  rsm,
]
