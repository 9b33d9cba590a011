import { overlap } from '@vmm/bits'
import { describe, expect, test } from 'vitest'
import { describeQualification, qualificationFormatOf, readQualification } from './exit-qualification.ts'
import { qualificationFormats, qualificationsOf } from './exit-qualifications.rows.ts'
import { exitReasonNumber, exitReasonOf } from './exit-reason.ts'
import { exitReasonBits, exitReasons } from './exit-reasons.rows.ts'
import { instructionFormats, instructionFormatsOf } from './instruction-information.rows.ts'
import { interruptionFormats } from './interruption-information.rows.ts'
import { readInterruption } from './interruption-information.ts'
import { vmInstructionErrorOf } from './vm-instruction-error.ts'
import { vmInstructionErrors } from './vm-instruction-errors.rows.ts'

const bitRows = { ...qualificationFormats, ...interruptionFormats, ...instructionFormats, exitReasonBits }

test.each(Object.entries(bitRows))('no two fields share a bit: %s', (_, rows) => {
  expect(overlap(rows)).toBeUndefined()
})

test.each([
  ['exit reasons', exitReasons],
  ['VM-instruction errors', vmInstructionErrors],
])('%s are in the order of their numbers', (_, rows) => {
  const numbers = Object.values(rows).map(([number]) => number)
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
})

test('formats belong to exit reasons that there are', () => {
  const reasons = new Set(Object.keys(exitReasons))
  expect(
    [...Object.keys(qualificationsOf), ...Object.keys(instructionFormatsOf)].filter((name) => !reasons.has(name)),
  ).toEqual([])
})

describe('an exit reason', () => {
  test('has a name, a number and flags', () => {
    expect(exitReasonOf(0x8000_0021)).toEqual({
      basic: 'INVALID_STATE',
      says: 'entry failed: guest state',
      entryFailure: true,
      flags: ['ENTRY_FAILURE'],
    })
    expect(exitReasonOf(0x0400_000c)).toMatchObject({ basic: 'HLT', entryFailure: false, flags: ['BUS_LOCK'] })
    expect(exitReasonNumber('EPT_VIOLATION')).toBe(48)
  })

  test('that the manual does not have stays a number', () => {
    expect(exitReasonOf(35)).toMatchObject({ basic: 35, says: 'exit reason 35' })
  })
})

describe('an exit qualification', () => {
  test.each([
    ['IO_INSTRUCTION', 0x03f8_0000n, 'size: 1 byte, port: 0x3f8'],
    ['IO_INSTRUCTION', 0x0060_004bn, 'size: 4 bytes, IN, the port is an immediate, port: 0x60'],
    ['CR_ACCESS', 0x0103n, 'control register: 3, access: MOV to CR, general register: 1, source of LMSW: 0x0'],
    [
      'EPT_VIOLATION',
      0x182n,
      'data write, there is a linear address, at the address that it translates to, not at a paging structure',
    ],
    ['INVALID_STATE', 4n, 'what failed: VMCS link pointer'],
    ['APIC_ACCESS', 0xf300n, 'offset in the page: 0x300, access: guest-physical access of an instruction'],
    ['TASK_SWITCH', 0xc000_0028n, 'selector of the new task: 0x28, who switches: task gate'],
    ['CPUID', 0n, ''],
  ] as const)('of %s, %i, is told in words', (reason, qualification, words) => {
    expect(describeQualification(reason, qualification)).toBe(words)
  })

  test('of an exception follows from its vector', () => {
    expect(describeQualification('EXCEPTION_NMI', 0x4001n, 1)).toBe('breakpoint 0, single step, or a branch')
    expect(readQualification('EXCEPTION_NMI', 0x1000n, 14)?.fields).toEqual({ ADDRESS: 0x1000n })
    expect(qualificationFormatOf('EXCEPTION_NMI', 13)).toBeUndefined()
    expect(qualificationFormatOf('EXCEPTION_NMI')).toBeUndefined()
  })
})

describe('interruption information', () => {
  test('names an event', () => {
    expect(readInterruption('ENTRY', 0x8000_0b0d)).toEqual({
      vector: 13,
      type: 'hardware exception',
      hasErrorCode: true,
      nmiUnblocked: false,
    })
  })

  test('tells only of exits that IRET had unblocked NMIs', () => {
    expect(readInterruption('EXIT', 0x8000_130e)?.nmiUnblocked).toBe(true)
    expect(readInterruption('IDT_VECTORING', 0x8000_130e)?.nmiUnblocked).toBe(false)
  })

  test('that is not valid names none', () => {
    expect(readInterruption('EXIT', 0x7fff_ffff)).toBeUndefined()
  })
})

test('a VM-instruction error has a name, where its number is not reserved', () => {
  expect(vmInstructionErrorOf(7)?.name).toBe('ENTRY_INVALID_CONTROL_FIELD')
  expect(vmInstructionErrorOf(14)).toBeUndefined()
})
