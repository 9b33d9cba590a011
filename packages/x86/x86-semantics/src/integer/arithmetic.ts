import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import {
  addition,
  additionWithCarry,
  decrement,
  equations,
  increment,
  signedProduct,
  subtraction,
  subtractionWithBorrow,
  unsignedProduct,
} from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { AH, gpr, type Operand, type Place } from '../operand.ts'

type Sized = 8 | 16 | 32 | 64

const add = instruction('ADD', sdm('2A', '3.3', 'ADD—Add'), (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
  const [a, b] = [m.read(to), m.read(from)]
  m.write(to, m.add(a, b))
  m.flags(addition(a, b))
})

/** CF as a number of the operand's width. */
const carryAs = (m: Machine, width: Sized): Bits<Sized> => m.zeroExtend(m.flag('CF'), width)

const adc = instruction(
  'ADC',
  sdm('2A', '3.3', 'ADC—Add With Carry'),
  (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
    const [a, b, carry] = [m.read(to), m.read(from), carryAs(m, to.width)]
    m.write(to, m.add(m.add(a, b), carry))
    m.flags(additionWithCarry(a, b, carry))
  },
)

const sub = instruction(
  'SUB',
  sdm('2B', '4.3', 'SUB—Subtract'),
  (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
    const [a, b] = [m.read(to), m.read(from)]
    m.write(to, m.sub(a, b))
    m.flags(subtraction(a, b))
  },
)

const sbb = instruction(
  'SBB',
  sdm('2B', '4.3', 'SBB—Integer Subtraction With Borrow'),
  (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
    const [a, b, borrow] = [m.read(to), m.read(from), carryAs(m, to.width)]
    m.write(to, m.sub(m.sub(a, b), borrow))
    m.flags(subtractionWithBorrow(a, b, borrow))
  },
)

const cmp = instruction(
  'CMP',
  sdm('2A', '3.3', 'CMP—Compare Two Operands'),
  (m: Machine, a: Operand<Sized>, b: Operand<Sized>) => {
    m.flags(subtraction(m.read(a), m.read(b)))
  },
)

/** One more or one less; CF stays. */
function byOne(step: 'add' | 'sub', flagsOf: typeof increment) {
  return (m: Machine, to: Place<Sized>) => {
    const result = m[step](m.read(to), m.constant(1, to.width))
    const carry = carryAs(m, to.width)
    m.write(to, result)
    m.flags(flagsOf(result, carry))
  }
}

const inc = instruction('INC', sdm('2A', '3.3', 'INC—Increment by 1'), byOne('add', increment), { keeps: 'CF' })

const dec = instruction('DEC', sdm('2A', '3.3', 'DEC—Decrement by 1'), byOne('sub', decrement), { keeps: 'CF' })

const neg = instruction('NEG', sdm('2B', '4.3', "NEG—Two's Complement Negation"), (m: Machine, to: Place<Sized>) => {
  const [zero, b] = [m.constant(0, to.width), m.read(to)]
  m.write(to, m.sub(zero, b))
  m.flags(subtraction(zero, b))
})

/** Where one-operand multiplication and division keep the two halves of the wide value. */
function halves(width: Sized): { high: Place<Sized>; low: Place<Sized> } {
  if (width === 8) return { high: AH, low: gpr('RAX', 8) }
  return { high: gpr('RDX', width), low: gpr('RAX', width) }
}

const mul = instruction('MUL', sdm('2B', '4.3', 'MUL—Unsigned Multiply'), (m: Machine, from: Operand<Sized>) => {
  const { high, low } = halves(from.width)
  const [a, b] = [m.read(low), m.read(from)]
  const [top, bottom] = [m.mulHighUnsigned(a, b), m.mul(a, b)]
  m.write(low, bottom)
  m.write(high, top)
  m.flags(unsignedProduct(bottom, top))
})

const imul = instruction(
  'IMUL',
  sdm('2A', '3.3', 'IMUL—Signed Multiply'),
  (m: Machine, to: Place<Sized>, ...from: readonly Operand<Sized>[]) => {
    const [first, second] = from
    if (first === undefined) {
      const { high, low } = halves(to.width)
      const [a, b] = [m.read(low), m.read(to)]
      const [top, bottom] = [m.mulHighSigned(a, b), m.mul(a, b)]
      m.write(low, bottom)
      m.write(high, top)
      m.flags(signedProduct(a, b))
      return
    }
    const [a, b] = second === undefined ? [m.read(to), m.read(first)] : [m.read(first), m.read(second)]
    m.write(to, m.mul(a, b))
    m.flags(signedProduct(a, b))
  },
)

/**
 * Adjustments of decimal digits keep their own equations: SDM 2A, AAA, AAS, DAA, DAS.
 */
const decimal = (mnemonic: 'DAA' | 'DAS'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Decimal Adjust AL`), (m: Machine) => {
    const AL = gpr('RAX', 8)
    const old = m.read(AL)
    const oldCarry = m.flag('CF')
    const lowNibble = m.and(old, m.constant(0xf, 8))
    const lowFix = m.or(m.below(m.constant(9, 8), lowNibble), m.flag('AF'))
    const highFix = m.or(m.below(m.constant(0x99, 8), old), oldCarry)
    const zero = m.constant(0, 8)
    const fix = m.or(m.select(lowFix, m.constant(6, 8), zero), m.select(highFix, m.constant(0x60, 8), zero))
    const result = mnemonic === 'DAA' ? m.add(old, fix) : m.sub(old, fix)
    const borrow = m.and(lowFix, m.below(old, m.constant(6, 8)))
    const carry = mnemonic === 'DAA' ? highFix : m.or(highFix, borrow)
    m.write(AL, result)
    m.flags(
      equations({
        CF: () => carry,
        AF: () => lowFix,
        SF: () => m.bit(result, -1),
        ZF: () => m.isZero(result),
        PF: () => m.evenParity(result),
        OF: () => m.constant(0, 1),
      }),
    )
  })

const ascii = (mnemonic: 'AAA' | 'AAS'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—ASCII Adjust AL`), (m: Machine) => {
    const AX = gpr('RAX', 16)
    const old = m.read(AX)
    const lowNibble = m.and(m.truncate(old, 8), m.constant(0xf, 8))
    const fix = m.or(m.below(m.constant(9, 8), lowNibble), m.flag('AF'))
    const by = m.select(fix, m.constant(0x106, 16), m.constant(0, 16))
    const adjusted = mnemonic === 'AAA' ? m.add(old, by) : m.sub(old, by)
    const result = m.and(adjusted, m.constant(0xff0f, 16))
    m.write(AX, result)
    m.flags(
      equations({
        CF: () => fix,
        AF: () => fix,
        SF: () => m.constant(0, 1),
        ZF: () => m.isZero(m.truncate(result, 8)),
        PF: () => m.evenParity(result),
        OF: () => m.constant(0, 1),
      }),
    )
  })

const resultOnly = (m: Machine, result: Bits<8>) =>
  equations({
    SF: () => m.bit(result, -1),
    ZF: () => m.isZero(result),
    PF: () => m.evenParity(result),
    CF: () => m.constant(0, 1),
    AF: () => m.constant(0, 1),
    OF: () => m.constant(0, 1),
  })

const aam = instruction(
  'AAM',
  sdm('2A', '3.3', 'AAM—ASCII Adjust AX After Multiply'),
  (m: Machine, base: Operand<8>) => {
    const [AL, divisor] = [m.read(gpr('RAX', 8)), m.read(base)]
    m.when(m.isZero(divisor), () => m.fault('DE'))
    const [quotient, remainder] = [m.divUnsigned(AL, divisor), m.remUnsigned(AL, divisor)]
    m.write(gpr('RAX', 8), remainder)
    m.write(AH, quotient)
    m.flags(resultOnly(m, remainder))
  },
)

const aad = instruction(
  'AAD',
  sdm('2A', '3.3', 'AAD—ASCII Adjust AX Before Division'),
  (m: Machine, base: Operand<8>) => {
    const result = m.add(m.mul(m.read(AH), m.read(base)), m.read(gpr('RAX', 8)))
    m.write(gpr('RAX', 16), m.zeroExtend(result, 16))
    m.flags(resultOnly(m, result))
  },
)

/** ADCX and ADOX add with one flag as the carry and touch no other. */
const carryChain = (mnemonic: 'ADCX' | 'ADOX', flag: 'CF' | 'OF'): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Unsigned Integer Addition of Two Operands`),
    (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>) => {
      const [a, b] = [m.read(to), m.read(from)]
      const sum = m.add(m.add(a, b), m.zeroExtend(m.flag(flag), to.width))
      const carry = m.bit(m.or(m.and(a, b), m.and(m.or(a, b), m.not(sum))), -1)
      m.write(to, sum)
      m.flags(equations({ [flag]: () => carry }))
    },
  )

export const arithmetic: readonly Instruction[] = [
  add,
  adc,
  sub,
  sbb,
  cmp,
  inc,
  dec,
  neg,
  mul,
  imul,
  decimal('DAA'),
  decimal('DAS'),
  ascii('AAA'),
  ascii('AAS'),
  aam,
  aad,
  carryChain('ADCX', 'CF'),
  carryChain('ADOX', 'OF'),
]
