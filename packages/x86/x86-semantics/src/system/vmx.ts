import { sdm } from '@vmm/source'
import { cr4 } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Memory, type Operand, type Place } from '../operand.ts'
import { type VmxMnemonic, vmxMnemonics } from '../surroundings.ts'
import { exitReason, inNonRoot, mayExit } from './non-root.ts'
import { requireCpl0 } from './privilege.ts'

/** What `vmx` says came of an instruction. */
const outcome = { succeeded: 0, failedInvalid: 1, failedValid: 2 } as const

/** There are none in real and virtual-8086 mode, nor in compatibility mode; `condition` is what else there must be. */
function exists(m: Machine, condition: () => Bits<1>): boolean {
  const { execution } = m.mode
  if (execution === 'long' || execution === 'protected') {
    m.when(m.not(condition()), () => m.fault('UD'))
    return true
  }
  m.fault('UD')
  return false
}

/** In VMX operation, at CPL 0; in non-root operation they leave for L1 instead. False: nothing is left to describe. */
function inRoot(m: Machine, reason: number, told?: Bits<64>): boolean {
  if (!exists(m, () => m.not(m.isZero(m.get('VMX'))))) return false
  mayExit(m, reason, told)
  requireCpl0(m)
  return true
}

function ask(m: Machine, mnemonic: VmxMnemonic, ...values: readonly Bits<64>[]): readonly [Bits<64>, Bits<8>] {
  const [first, second, third] = [0, 1, 2].map((index) => values[index] ?? m.constant(0, 64)) as [
    Bits<64>,
    Bits<64>,
    Bits<64>,
  ]
  return m.host('vmx', m.constant(vmxMnemonics.indexOf(mnemonic), 8), first, second, third)
}

/** VMsucceed, VMfailInvalid and VMfailValid: CF and ZF, and all others clear. Source: SDM 3C §31.2. */
function settle(m: Machine, came: Bits<8>): void {
  const zero = () => m.constant(0, 1)
  const is = (what: keyof typeof outcome) => () => m.equal(came, m.constant(outcome[what], 8))
  m.flags(equations({ CF: is('failedInvalid'), ZF: is('failedValid'), PF: zero, AF: zero, SF: zero, OF: zero }))
}

const described = (
  mnemonic: VmxMnemonic,
  execute: (m: Machine, ...operands: never[]) => void,
  title: string = mnemonic,
): Instruction => instruction(mnemonic, sdm('3C', '31.3', title), execute)

/** VMXON is there with CR4.VMXE, in VMX operation and outside it. */
const vmxon = described(
  'VMXON',
  (m: Machine, region: Memory<64>) => {
    if (!exists(m, () => m.bit(m.get('CR4'), cr4.VMXE.low))) return
    mayExit(m, exitReason.VMXON)
    requireCpl0(m)
    settle(m, ask(m, 'VMXON', m.read(region))[1])
  },
  'VMXON—Enter VMX Operation',
)

/** No operands: VMXOFF, VMLAUNCH, VMRESUME. */
const alone = (mnemonic: 'VMXOFF' | 'VMLAUNCH' | 'VMRESUME', title: string): Instruction =>
  described(
    mnemonic,
    (m: Machine) => {
      if (inRoot(m, exitReason[mnemonic])) settle(m, ask(m, mnemonic)[1])
    },
    title,
  )

/** A physical address in memory: VMCLEAR, VMPTRLD. */
const ofRegion = (mnemonic: 'VMCLEAR' | 'VMPTRLD', title: string): Instruction =>
  described(
    mnemonic,
    (m: Machine, region: Memory<64>) => {
      if (inRoot(m, exitReason[mnemonic])) settle(m, ask(m, mnemonic, m.read(region))[1])
    },
    title,
  )

const vmptrst = described(
  'VMPTRST',
  (m: Machine, to: Memory<64>) => {
    if (!inRoot(m, exitReason.VMPTRST)) return
    const [pointer, came] = ask(m, 'VMPTRST')
    m.write(to, pointer)
    settle(m, came)
  },
  'VMPTRST—Store Pointer to Virtual-Machine Control Structure',
)

/** VMREAD and VMWRITE leave non-root operation for some fields only, where VMCSs are shadowed: whoever is asked is told the field. */
const vmread = described(
  'VMREAD',
  (m: Machine, to: Place<32 | 64>, field: Operand<32 | 64>) => {
    const encoding = m.zeroExtend(m.read(field), 64)
    if (!inRoot(m, exitReason.VMREAD, encoding)) return
    const [value, came] = ask(m, 'VMREAD', encoding)
    m.when(m.isZero(came), () => m.write(to, m.truncate(value, to.width)))
    settle(m, came)
  },
  'VMREAD—Read Field from Virtual-Machine Control Structure',
)

const vmwrite = described(
  'VMWRITE',
  (m: Machine, field: Operand<32 | 64>, from: Operand<32 | 64>) => {
    const encoding = m.zeroExtend(m.read(field), 64)
    if (!inRoot(m, exitReason.VMWRITE, encoding)) return
    const value = m.zeroExtend(m.read(from), 64)
    settle(m, ask(m, 'VMWRITE', encoding, value)[1])
  },
  'VMWRITE—Write Field to Virtual-Machine Control Structure',
)

/** The type is in the register, the descriptor in memory. */
const invalidate = (mnemonic: 'INVEPT' | 'INVVPID', title: string): Instruction =>
  described(
    mnemonic,
    (m: Machine, type: Operand<32 | 64>, descriptor: Memory<128>) => {
      if (!inRoot(m, exitReason[mnemonic])) return
      const at = m.address(descriptor)
      const low = m.load('operand', at, 64)
      const high = m.load('operand', m.add(at, m.constant(8, 64)), 64)
      settle(m, ask(m, mnemonic, m.zeroExtend(m.read(type), 64), low, high)[1])
    },
    title,
  )

/** VMFUNC is non-root operation's: whoever runs the processor says whether it is there. It changes no flags. */
const vmfunc = described(
  'VMFUNC',
  (m: Machine) => {
    m.when(m.not(inNonRoot(m)), () => m.fault('UD'))
    ask(m, 'VMFUNC', m.zeroExtend(m.read(gpr('RAX', 32)), 64), m.zeroExtend(m.read(gpr('RCX', 32)), 64))
  },
  'VMFUNC—Invoke VM function',
)

/** Instructions of VMX but VMCALL. */
export const vmxInstructions: readonly Instruction[] = [
  invalidate('INVEPT', 'INVEPT—Invalidate Translations Derived from EPT'),
  invalidate('INVVPID', 'INVVPID—Invalidate Translations Based on VPID'),
  ofRegion('VMCLEAR', 'VMCLEAR—Clear Virtual-Machine Control Structure'),
  vmfunc,
  alone('VMLAUNCH', 'VMLAUNCH/VMRESUME—Launch/Resume Virtual Machine'),
  alone('VMRESUME', 'VMLAUNCH/VMRESUME—Launch/Resume Virtual Machine'),
  ofRegion('VMPTRLD', 'VMPTRLD—Load Pointer to Virtual-Machine Control Structure'),
  vmptrst,
  vmread,
  vmwrite,
  alone('VMXOFF', 'VMXOFF—Leave VMX Operation'),
  vmxon,
]
