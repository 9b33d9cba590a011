import { expect, test } from 'vitest'
import { fractionBits, ln2, one, pi } from './fixed-point.ts'
import * as sf from './index.ts'

const nearest = sf.sseContext(0x1f80)
const extended = sf.x87Context(0x037f)
const view = new DataView(new ArrayBuffer(8))

/** One format as JavaScript's own numbers have it. */
interface Native {
  readonly format: sf.BinaryFormat
  readonly round: (value: number) => number
  readonly bitsOf: (value: number) => bigint
  readonly numberOf: (bits: bigint) => number
}

const natives: readonly (readonly [string, Native])[] = [
  [
    'float32',
    {
      format: sf.binary32,
      round: Math.fround,
      bitsOf: (value) => {
        view.setFloat32(0, value)
        return BigInt(view.getUint32(0))
      },
      numberOf: (bits) => {
        view.setUint32(0, Number(bits))
        return view.getFloat32(0)
      },
    },
  ],
  [
    'float64',
    {
      format: sf.binary64,
      round: (value) => value,
      bitsOf: (value) => {
        view.setFloat64(0, value)
        return view.getBigUint64(0)
      },
      numberOf: (bits) => {
        view.setBigUint64(0, bits)
        return view.getFloat64(0)
      },
    },
  ],
]

/** The same numbers on every run: a 64-bit linear congruential generator, its high bits. */
function randomBits(seed: bigint): (width: number) => bigint {
  let state = seed
  return (width) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return state >> BigInt(64 - width)
  }
}

/** Pairs of patterns; in half of them the exponents are close, so that sums are interesting. */
function pairs(format: sf.BinaryFormat, count: number): (readonly [bigint, bigint])[] {
  const random = randomBits(BigInt(format.width))
  return Array.from({ length: count }, (_, i) => {
    const a = random(format.width)
    const b = random(format.width)
    if (i % 2 === 0) return [a, b]
    const low = format.precision - 1 + 5
    return [a, ((a >> BigInt(low)) << BigInt(low)) ^ BigInt.asUintN(low, b) ^ ((b & 1n) << BigInt(format.width - 1))]
  })
}

const operations = [
  ['+', sf.sseAdd, (a: number, b: number) => a + b],
  ['-', sf.sseSubtract, (a: number, b: number) => a - b],
  ['*', sf.sseMultiply, (a: number, b: number) => a * b],
  ['/', sf.sseDivide, (a: number, b: number) => a / b],
] as const

for (const [name, { format, round, bitsOf, numberOf }] of natives) {
  test.each(operations)(`${name} %s to nearest is JavaScript's`, (_, ours, theirs) => {
    const wrong = pairs(format, 5000).filter(([a, b]) => {
      const expected = round(theirs(numberOf(a), numberOf(b)))
      const { value } = ours(format, a, b, nearest)
      return Number.isNaN(expected) ? !Number.isNaN(numberOf(value)) : value !== bitsOf(expected)
    })
    expect(wrong).toEqual([])
  })

  test.each(operations)(
    `${name} %s is enclosed by its roundings down and up, which meet where it is exact`,
    (_, ours) => {
      const wrong = pairs(format, 2000).filter(([a, b]) => {
        const { value, flags } = ours(format, a, b, nearest)
        const [down, up] = [0x3f80, 0x5f80].map((mxcsr) => numberOf(ours(format, a, b, sf.sseContext(mxcsr)).value))
        if (Number.isNaN(numberOf(value))) return !Number.isNaN(down) || !Number.isNaN(up)
        const isEnclosed = down! <= numberOf(value) && numberOf(value) <= up!
        return !isEnclosed || (down === up) !== ((flags & sf.PE) === 0)
      })
      expect(wrong).toEqual([])
    },
  )

  test(`${name} square roots to nearest are JavaScript's`, () => {
    const wrong = pairs(format, 5000).filter(([a]) => {
      const positive = a & ~format.signBit
      const expected = round(Math.sqrt(numberOf(positive)))
      return !Number.isNaN(expected) && sf.sseSquareRoot(format, positive, nearest).value !== bitsOf(expected)
    })
    expect(wrong).toEqual([])
  })

  test(`${name} comparisons are JavaScript's`, () => {
    const wrong = pairs(format, 5000).filter(([a, b]) => {
      const [x, y] = [numberOf(a), numberOf(b)]
      const expected = x < y ? 'less' : x > y ? 'greater' : x === y ? 'equal' : 'unordered'
      return sf.sseCompare(format, a, b, 'quiet', nearest).relation !== expected
    })
    expect(wrong).toEqual([])
  })

  test.each([
    ['down', Math.floor],
    ['up', Math.ceil],
    ['zero', Math.trunc],
  ] as const)(`${name} rounded to an integral value %s is JavaScript's`, (rounding, theirs) => {
    const wrong = pairs(format, 5000).filter(([a]) => {
      const expected = theirs(numberOf(a))
      const { value } = sf.sseRoundToIntegral(format, a, rounding, 'report', nearest)
      return !Number.isNaN(expected) && value !== bitsOf(expected)
    })
    expect(wrong).toEqual([])
  })

  test(`${name} through float80 and back is unchanged`, () => {
    const wrong = pairs(format, 2000).filter(([a]) => {
      const loaded = sf.x87Load(format, a, extended)
      return (loaded.flags & sf.IE) === 0 && sf.x87Store(format, loaded.value, extended).value !== a
    })
    expect(wrong).toEqual([])
  })
}

test('float64 to float32 is Math.fround', () => {
  const [, float64] = natives[1]!
  const [, float32] = natives[0]!
  const random = randomBits(3n)
  const wrong = Array.from({ length: 5000 }, () => {
    const exponent = 1023n - 152n + (random(9) % 282n)
    return (random(1) << 63n) | (exponent << 52n) | random(52)
  }).filter((bits) => {
    const { value } = sf.sseConvert(sf.binary64, sf.binary32, bits, nearest)
    return value !== float32.bitsOf(Math.fround(float64.numberOf(bits)))
  })
  expect(wrong).toEqual([])
})

test('an integer becomes the float64 that Number makes of it', () => {
  const [, float64] = natives[1]!
  const random = randomBits(4n)
  const integers = Array.from({ length: 2000 }, (_, i) => BigInt.asIntN(64, random(64)) >> BigInt(i % 64))
  const wrong = integers.filter(
    (integer) => sf.sseFromInteger(sf.binary64, integer, nearest).value !== float64.bitsOf(Number(integer)),
  )
  expect(wrong).toEqual([])
})

test.each([
  ['RCPSS', sf.sseReciprocal, (x: number) => 1 / x],
  ['RSQRTSS', sf.sseReciprocalSquareRoot, (x: number) => 1 / Math.sqrt(x)],
] as const)('%s keeps within 1.5 × 2^-12 of the truth', (_, estimate, exact) => {
  const [, { numberOf }] = natives[0]!
  const random = randomBits(5n)
  const errors = Array.from({ length: 5000 }, () => {
    const bits = ((1n + (random(8) % 251n)) << 23n) | random(23)
    return Math.abs(numberOf(estimate(bits)) / exact(numberOf(bits)) - 1)
  })
  expect(Math.max(...errors)).toBeLessThan(1.5 * 2 ** -12)
})

test.each([
  ['+0', 0x00000000n, 0x7f800000n],
  ['-0', 0x80000000n, 0xff800000n],
  ['a denormal', 0x807fffffn, 0xff800000n],
  ['+infinity', 0x7f800000n, 0x00000000n],
  ['an operand whose reciprocal is tiny', 0xfe800001n, 0x80000000n],
  ['a signaling NaN', 0x7f800001n, 0x7fc00001n],
])('RCPSS of %s is what the manual says', (_, operand, expected) => {
  expect(sf.sseReciprocal(operand)).toBe(expected)
})

test.each([
  ['-0', 0x80000000n, 0xff800000n],
  ['a negative number', 0xbf800000n, 0xffc00000n],
  ['+infinity', 0x7f800000n, 0x00000000n],
])('RSQRTSS of %s is what the manual says', (_, operand, expected) => {
  expect(sf.sseReciprocalSquareRoot(operand)).toBe(expected)
})

test('an unmasked exception of the operands hides those of the results', () => {
  const masks = sf.allMasked & ~sf.DE
  expect(sf.sseFlags(sf.DE | sf.ZE | sf.PE | sf.OE, masks)).toBe(sf.DE | sf.ZE)
  expect(sf.sseFlags(sf.IE | sf.ZE | sf.PE | sf.OE, masks)).toBe(sf.IE | sf.ZE | sf.PE | sf.OE)
})

test('packed BCD of every length survives FBLD and FBSTP', () => {
  const random = randomBits(6n)
  const wrong = Array.from({ length: 500 }, (_, i) => {
    const digits = (random(63) % 10n ** BigInt(1 + (i % 18))).toString()
    return (random(1) << 79n) | BigInt(`0x${digits}`)
  }).filter((bcd) => sf.x87ToBcd(sf.x87FromBcd(bcd), extended).value !== bcd)
  expect(wrong).toEqual([])
})

test('partial remainders, repeated until C2 clears, end in the remainder of the integers', () => {
  const random = randomBits(7n)
  const float80 = (significand: bigint, exponent: number): sf.Float80 => ({ significand, signExponent: exponent })
  const wrong = Array.from({ length: 200 }, () => {
    const shift = Number(random(9))
    const [a, b] = [random(64) | (1n << 63n), random(64) | (1n << 63n)]
    let step = sf.x87Remainder(float80(a, 0x3fff + shift), float80(b, 0x3fff), extended)
    while ((step.conditionCodes & sf.C2) !== 0) step = sf.x87Remainder(step.value, float80(b, 0x3fff), extended)
    const { significand, signExponent } = step.value
    const expected = (a << BigInt(shift)) % b
    return expected === significand >> BigInt(16_383 - signExponent) ? undefined : [a, b, shift]
  }).filter((failure) => failure !== undefined)
  expect(wrong).toEqual([])
})

/** artanh(1/n) or, with a sign of -1, arctan(1/n), in fixed point. */
function seriesOfInverse(n: bigint, sign: 1n | -1n): bigint {
  const guard = 32n
  let power = (one << guard) / n
  let sum = power
  for (let k = 3n; power !== 0n; k += 2n) {
    power = (sign * power) / (n * n)
    sum += power / k
  }
  return sum >> guard
}

test('π and ln 2 are what Machin and the series of the area tangent make them', () => {
  const machin = 4n * (4n * seriesOfInverse(5n, -1n) - seriesOfInverse(239n, -1n))
  expect(machin - pi < 32n && pi - machin < 32n).toBe(true)
  const logarithm = 2n * seriesOfInverse(3n, 1n)
  expect(logarithm - ln2 < 32n && ln2 - logarithm < 32n).toBe(true)
  expect(pi >> fractionBits).toBe(3n)
})
