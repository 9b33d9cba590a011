import type { ControlFlow, FlagName } from '@vmm/x86-opcodes'
import { Decoder, FlowControl, type Instruction, RflagsBits } from 'iced-x86'
import { expect, test } from 'vitest'
import { createDecoded, type Decoded, informationOf, rowOf } from '../src/index.ts'
import { decode, options } from './iced.ts'
import { randomStreams } from './random-stream.ts'

const bits: Readonly<Record<FlagName, number>> = {
  ...{ OF: RflagsBits.OF, SF: RflagsBits.SF, ZF: RflagsBits.ZF, AF: RflagsBits.AF, PF: RflagsBits.PF },
  ...{ CF: RflagsBits.CF, IF: RflagsBits.IF, DF: RflagsBits.DF, AC: RflagsBits.AC },
}
const ours = (names: readonly FlagName[]): number => names.reduce((sum, name) => sum | bits[name], 0)
const all = ours(Object.keys(bits) as FlagName[])

const flows: Readonly<Record<number, ControlFlow>> = {
  [FlowControl.Next]: 'next',
  [FlowControl.UnconditionalBranch]: 'jump',
  [FlowControl.IndirectBranch]: 'jump',
  [FlowControl.ConditionalBranch]: 'conditional',
  [FlowControl.Return]: 'return',
  [FlowControl.Call]: 'call',
  [FlowControl.IndirectCall]: 'call',
  [FlowControl.Interrupt]: 'interrupt',
  [FlowControl.Exception]: 'exception',
  [FlowControl.XbeginXabortXend]: 'transaction',
}

/**
 * Where the judge says something else of flags: it knows what a count in the instruction does, and that something combined with itself is zero; it counts AC of
 * PUSHF, POPF and IRET where the operand is wide enough.
 */
function hasAnotherView({ mnemonic, operands, count }: Decoded): boolean {
  if (/^(?:SH[LR]D?|SAR|RC[LR]|RO[LR])$/.test(mnemonic)) return operands[count - 1]!.kind === 'immediate'
  if (/^(?:SUB|SBB|XOR|PUSHF|POPF|IRET|CMP)$/.test(mnemonic)) return true
  return false
}

/** What settles differences of control flow: SKINIT goes on in another program (APM 3), which is no return; XABORT goes to where XBEGIN said (SDM 2C). */
const settledFlows: ReadonlySet<string> = new Set(['SKINIT', 'XABORT'])

/**
 * What settles differences of privilege: IN, OUT, INS, OUTS, CLI and STI ask IOPL, and a bitmap maybe (SDM 1 §19.5); outside SMM, RSM is #UD whatever CPL is;
 * instructions of VMX are #UD outside VMX operation, before they ask for CPL (SDM 3C §31.1).
 */
const settledPrivilege =
  /^(?:INS?B?|OUTS?B?|CLI|STI|RSM|VMREAD|VMWRITE|VMPTRST|VMPTRLD|VMCLEAR|VMXON|VMXOFF|VMLAUNCH|VMRESUME|INVVPID|INVEPT|VMFUNC|VMCALL)$/

/** What F2 and F3 hint. */
function hintOf(instruction: Instruction): Decoded['hint'] {
  if (instruction.hasXacquirePrefix) return 'xacquire'
  if (instruction.hasXreleasePrefix) return 'xrelease'
  const opCode = instruction.opCode
  const takesBnd = opCode.canUseBndPrefix
  opCode.free()
  return takesBnd && instruction.hasRepnePrefix ? 'bnd' : 'none'
}

function differences(instruction: Instruction, decoded: Decoded): string[] {
  const { flags, controlFlow, stackPointerChange, x87, privileged } = informationOf(decoded)
  const found: string[] = []
  const compare = (what: string, left: unknown, right: unknown) => {
    if (left !== right) found.push(`${rowOf(decoded).opcode} ${decoded.mnemonic} ${what}: ${left} / ${right}`)
  }
  compare('hints', decoded.hint, hintOf(instruction))
  if (!hasAnotherView(decoded)) {
    compare('tests', ours(flags.tested), instruction.rflagsRead & all)
    compare('modifies', ours(flags.modified), instruction.rflagsWritten & all)
    compare('clears', ours(flags.cleared), instruction.rflagsCleared & all)
    compare('sets', ours(flags.set), instruction.rflagsSet & all)
    compare('leaves undefined', ours(flags.undefined), instruction.rflagsUndefined & all)
  }
  if (!settledFlows.has(decoded.mnemonic)) compare('goes', controlFlow, flows[instruction.flowControl])
  const moves = x87 === undefined ? 'false 0 false' : `${x87.top !== 'stays'} ${x87.topChange} ${x87.top === 'perhaps'}`
  const { fpuWritesTop, fpuTopIncrement, fpuCondWritesTop } = instruction
  compare("moves x87's stack", moves, `${fpuWritesTop} ${fpuTopIncrement} ${fpuCondWritesTop}`)
  if (!settledPrivilege.test(decoded.mnemonic)) compare('is privileged', privileged, instruction.isPrivileged)
  if (stackPointerChange !== undefined)
    compare('moves the stack', stackPointerChange, instruction.stackPointerIncrement)
  return found
}

test('iced-x86 agrees about flags, control flow, privilege and the two stacks', { timeout: 300_000 }, () => {
  const found = new Set<string>()
  const decoded = createDecoded()
  for (const codeSize of [16, 32, 64] as const)
    for (const streams of randomStreams(codeSize, 20_000)) {
      const decoder = new Decoder(codeSize, streams, options)
      for (let at = 0; at < streams.length; at += 15) {
        if (decode(streams, at, at + 15, codeSize, decoded) !== undefined) continue
        decoder.position = at
        const instruction = decoder.decode()
        if (instruction.code !== 0) for (const text of differences(instruction, decoded)) found.add(text)
        instruction.free()
      }
      decoder.free()
    }
  expect([...found]).toEqual([])
})
