import { expect, test } from 'vitest'
import {
  clockPairingBytes,
  nanosecondsOf,
  type PvclockTimeInfo,
  pvclockTimeInfo,
  pvclockWallClock,
  readPvclockTimeInfo,
  systemTimeAt,
  timeScale,
  versionWhenChanged,
  versionWhileChanging,
  wallClockAt,
} from './index.ts'

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const info: PvclockTimeInfo = {
  version: 2,
  tscTimestamp: 0x1122_3344_5566_7788n,
  systemTime: 1_000_000_000n,
  ...timeScale(2_000_000_000),
  flags: 1,
}

test('a time info is 32 bytes in the order of the ABI', () => {
  expect(hex(pvclockTimeInfo(info))).toBe(
    '02000000000000008877665544332211' + '00ca9a3b00000000' + '00000080' + '00' + '01' + '0000',
  )
  expect(readPvclockTimeInfo(pvclockTimeInfo(info))).toEqual(info)
})

test('a right shift is a negative byte', () => {
  expect(timeScale(3_000_000_000)).toEqual({ multiplier: 0xaaaa_aaaa, shift: -1 })
  expect(pvclockTimeInfo({ ...info, shift: -1 })[28]).toBe(0xff)
})

test.each([1, 32_768, 1_000_000, 999_999_999, 1_000_000_000, 2_400_000_000, 2_594_133_000, 5_000_000_000])(
  'a second of a TSC of %d Hz is a second, to a part in a billion',
  (hertz) => {
    const scale = timeScale(hertz)
    expect(scale.multiplier).toBeLessThan(2 ** 32)
    expect(scale.multiplier).toBeGreaterThanOrEqual(2 ** 31)
    expect(Math.abs(Number(nanosecondsOf(BigInt(hertz), scale)) - 1e9)).toBeLessThanOrEqual(1)
  },
)

test('a guest reads the system time at the timestamp, and a second later a second more', () => {
  expect(systemTimeAt(info, info.tscTimestamp)).toBe(1_000_000_000n)
  expect(systemTimeAt(info, info.tscTimestamp + 2_000_000_000n)).toBe(2_000_000_000n)
})

test('a TSC without a frequency is a mistake', () => {
  expect(() => timeScale(0)).toThrow(RangeError)
  expect(() => timeScale(Number.NaN)).toThrow(RangeError)
})

test('the wall clock says when the machine started', () => {
  const clock = wallClockAt(1_700_000_000_123_456_789n, 2)
  expect(clock).toEqual({ version: 2, seconds: 1_700_000_000, nanoseconds: 123_456_789 })
  expect(hex(pvclockWallClock(clock))).toBe('02000000' + '00f15365' + '15cd5b07')
})

test('a clock pairing is 64 bytes: seconds, nanoseconds, TSC', () => {
  const bytes = clockPairingBytes({ seconds: 1n, nanoseconds: 2n, tsc: 3n })
  expect(hex(bytes)).toBe(`010000000000000002000000000000000300000000000000${'00'.repeat(40)}`)
})

test.each([
  [0, 1, 2],
  [1, 3, 4],
  [2, 3, 4],
  [0xffff_fffe, 0xffff_ffff, 0],
])('version %d is %d while the structure changes and %d after', (before, during, after) => {
  expect(versionWhileChanging(before)).toBe(during)
  expect(versionWhenChanged(before)).toBe(after)
})
