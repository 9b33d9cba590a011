import { type Instruction, instructions, nobodyAround, type Surroundings } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { Oracle } from './oracle.ts'

const bytes = 0x1_0000
const code = 0x1000
const refuses = { kind: 'fault', vector: 13, errorCode: 0 } as const

interface Machine {
  readonly oracle: Oracle
  readonly memory: Uint8Array
  readonly said: string[]
}

/** Real-address mode, code at 1000H, the stack below it. */
function machine(program: readonly number[], described?: ReadonlyMap<string, Instruction>): Machine {
  const memory = new Uint8Array(bytes)
  memory.set(program, code)
  const said: string[] = []
  const ports: Surroundings = {
    cpuid: (leaf) => [leaf, 2, 3, 4],
    readMsr: () => refuses,
    writeMsr: () => refuses,
    portIn: (port) => port + 1,
    portOut: (port, size, value) => said.push(`out ${port} ${size} ${value}`) > 0,
    mmioRead: (_address, size) => (1n << BigInt(size * 8)) - 1n,
    mmioWrite: (address, size, value) => void said.push(`mmio ${address} ${size} ${value}`),
    timeStamp: () => 7n,
    random: () => 9n,
    taskPriority: () => 0,
    setTaskPriority: () => {},
    hypercall: () => said.push('hypercall') > 0,
    writeXcr: () => refuses,
  }
  const physical = {
    read: (address: number) => memory[address],
    write: (address: number, byte: number) => {
      memory.fill(byte, address, address + 1)
      return address < bytes
    },
  }
  const options = { memory: physical, ports }
  const oracle = new Oracle(described === undefined ? options : { ...options, instructions: described })
  for (const name of ['CS', 'DS', 'ES', 'SS', 'FS', 'GS'] as const) {
    oracle.state.set(`${name}.limit`, 0xffffn)
    oracle.state.set(`${name}.access`, name === 'CS' ? 0x9bn : 0x93n)
  }
  oracle.state.set('RIP', BigInt(code))
  oracle.state.set('IDTR.limit', 0x3ffn)
  oracle.state.gprs[4] = BigInt(code)
  return { oracle, memory, said }
}

describe('the oracle', () => {
  test('adds, and goes on behind the instruction', () => {
    const { oracle } = machine([0x01, 0xd8])
    oracle.state.gprs[0] = 0xffffn
    oracle.state.gprs[3] = 1n
    expect(oracle.step()).toEqual({ kind: 'done' })
    expect(oracle.state.gprs[0]).toBe(0n)
    expect(oracle.state.get('RIP')).toBe(BigInt(code + 2))
    // CF PF AF ZF
    expect(oracle.state.flags).toBe(0x55n)
    expect(oracle.retired).toBe(1)
  })

  test('comes back with a fault, and everything as it was', () => {
    const { oracle } = machine([0x50])
    oracle.state.set('SS.limit', 0xffn)
    expect(oracle.step()).toEqual({ kind: 'fault', vector: 12, errorCode: 0 })
    expect(oracle.state.gprs[4]).toBe(BigInt(code))
    expect(oracle.state.get('RIP')).toBe(BigInt(code))
    expect(oracle.retired).toBe(0)
  })

  test('takes bytes that are no instruction for #UD, and too many of them for #GP', () => {
    expect(machine([0x0f, 0x0b]).oracle.step()).toEqual({ kind: 'fault', vector: 6, errorCode: undefined })
    expect(machine([0x0f, 0xff]).oracle.step()).toEqual({ kind: 'fault', vector: 6, errorCode: undefined })
    const long = [...Array.from({ length: 15 }, () => 0x66), 0x90]
    expect(machine(long).oracle.step()).toEqual({ kind: 'fault', vector: 13, errorCode: 0 })
  })

  test('counts each element of a repeated string instruction', () => {
    const { oracle, memory } = machine([0xf3, 0xaa])
    oracle.state.gprs[0] = 0x41n
    oracle.state.gprs[1] = 3n
    oracle.state.gprs[7] = 0x4000n
    for (let count = 0; count < 2; count += 1) {
      oracle.step()
      expect(oracle.state.get('RIP')).toBe(BigInt(code))
    }
    oracle.step()
    expect(oracle.state.get('RIP')).toBe(BigInt(code + 2))
    expect([...memory.subarray(0x4000, 0x4004)]).toEqual([0x41, 0x41, 0x41, 0])
    expect(oracle.retired).toBe(3)
  })

  test('asks its ports', () => {
    const { oracle, said } = machine([0xe4, 0x60, 0xe6, 0x80, 0x0f, 0xa2])
    oracle.step()
    expect(oracle.state.gprs[0]).toBe(0x61n)
    oracle.step()
    expect(said).toEqual(['out 128 1 97'])
    oracle.step()
    expect(oracle.state.gprs.slice(0, 4)).toEqual([0x61n, 3n, 4n, 2n])
  })

  test('says that it halts', () => {
    expect(machine([0xf4]).oracle.step()).toEqual({ kind: 'exit', reason: 'hlt' })
  })

  test('delivers an interrupt through the table, and IRET comes back', () => {
    const { oracle, memory } = machine([0xf4])
    memory.set([0x00, 0x20, 0x00, 0x00], 0x20 * 4)
    memory[0x2000] = 0xcf
    expect(oracle.deliver(0x20, 2, undefined, 0x1001n)).toEqual({ kind: 'done' })
    expect(oracle.state.get('RIP')).toBe(0x2000n)
    expect([...memory.subarray(code - 6, code)]).toEqual([0x01, 0x10, 0, 0, 2, 0])
    oracle.step()
    expect(oracle.state.get('RIP')).toBe(0x1001n)
    expect(oracle.state.gprs[4]).toBe(BigInt(code))
  })

  test('runs the descriptions that it is given', () => {
    const add = instructions.get('SUB')!
    const swapped = new Map([...instructions, ['ADD', add]])
    const { oracle } = machine([0x01, 0xd8], swapped)
    oracle.state.gprs[0] = 5n
    oracle.state.gprs[3] = 2n
    oracle.step()
    expect(oracle.state.gprs[0]).toBe(3n)
  })
})

test('an instruction whose port has no answer yet does not happen, and asks again', () => {
  const { oracle } = machine([]) // for its state alone
  let ready = false
  const asking = new Oracle({
    memory: { read: (at) => [0xe4, 0x20][at - code], write: () => false }, // in al, 0x20
    ports: { ...nobodyAround, portIn: () => (ready ? 0x5a : undefined) },
  })
  asking.state.copy(oracle.state)
  expect(asking.step()).toEqual({ kind: 'waiting' })
  expect([asking.state.get('RIP'), asking.retired]).toEqual([BigInt(code), 0])
  ready = true
  expect(asking.step()).toEqual({ kind: 'done' })
  expect(asking.state.gprs[0]! & 0xffn).toBe(0x5an)
})
