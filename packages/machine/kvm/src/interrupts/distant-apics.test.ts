import { hostNamed } from '@vmm/cpu-models'
import type { InterruptMessage } from '@vmm/device'
import { expect, test } from 'vitest'
import { type Answer, type DistantApic, openKvm } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A VM without vCPUs: two are elsewhere. */
function board() {
  const vm = given(openKvm({ kernel: '6.12', host, memoryBytes: 4096 }).createVm())
  given(vm.createIrqchip())
  const taken: [id: number, vector: number][] = []
  const lines: boolean[] = []
  for (const id of [0, 1]) {
    const apic: DistantApic = {
      ...{ enabled: true, softwareEnabled: true, arbitrationPriority: 0 },
      matches: (destination, mode) => mode === 'physical' && destination === id,
      accept: ({ vector }: InterruptMessage) => taken.push([id, vector]) > 0,
      setLint: (_pin, level) => void lines.push(level),
    }
    vm.interrupts.apics.joinDistant(apic)
  }
  return { vm, taken, lines }
}

test('a message reaches the local APIC that it names, where that is in another thread', () => {
  const { vm, taken } = board()
  const write = { address_lo: 0xfee0_1000, address_hi: 0, data: 0x55 }
  expect(vm.signalMsi(write)).toMatchObject({ kind: 'done', value: 1 })
  expect(vm.signalMsi({ ...write, address_lo: 0xfee0_7000 })).toMatchObject({ kind: 'done', value: 0 })
  expect(taken).toEqual([[1, 0x55]])
})

test("the PIC's output is heard by all that are elsewhere", () => {
  const { vm, lines } = board()
  for (const [port, value] of [
    [0x20, 0x11],
    [0x21, 0x20],
    [0x21, 4],
    [0x21, 1],
    [0x21, 0xfd],
  ] as const)
    vm.buses.io.write(port, 1, value)
  lines.length = 0
  given(vm.irqLine(1, true))
  expect(lines).toEqual([true, true])
  expect(vm.interrupts.controllers?.pic.acknowledge()).toBe(0x21)
})
