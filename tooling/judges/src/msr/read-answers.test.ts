import { expect, test } from 'vitest'
import { readAnswers } from './read-answers.ts'

const recorded = { release: '6.1.0', package: 'here', vendorModule: 'kvm_amd', processor: 'QEMU' }

const printed = [
  'SeaBIOS',
  'begin 6.1.0-1',
  'supported    0x00000000 0x00: eax=0x0000000d ebx=0x68747541 ecx=0x444d4163 edx=0x69746e65',
  'supported    0x00000003 0x00: eax=0x00000000 ebx=0x00000000 ecx=0x00000000 edx=0x00000000',
  'param kvm.enable_pmu N',
  'param kvm.min_timer_period_us 200',
  'param kvm.mitigate auto',
  'short 0 7 1',
  'list 0 174 0 0',
  'list 1 8b 1 1000065',
  'config 0',
  'g 33 0 0',
  's 33 1 0 0 0',
  'g 34 0 0',
  's 34 1 0 0 0',
  'config 1',
  'g 33 0 0',
  'end',
]

test('MSRs that answered alike are told together, for each kind of vCPU', () => {
  const answers = readAnswers(printed.join('\r\n'), recorded)
  expect(answers.answers).toEqual([
    { config: 0, msrs: '33 34', said: 'g 0 0; s 1 0 0 0' },
    { config: 1, msrs: '33', said: 'g 0 0' },
  ])
})

test('lists, calls, and leaves that say something are kept', () => {
  const { saved, features, calls, supported, host } = readAnswers(printed.join('\n'), recorded)
  expect([saved, features, calls]).toEqual([['174'], ['8b 1000065'], ['short 0 7 1']])
  expect(supported).toEqual(['0x00000000 0x00: eax=0x0000000d ebx=0x68747541 ecx=0x444d4163 edx=0x69746e65'])
  expect(host).toEqual([])
})

test('parameters are switches and numbers', () => {
  const { parameters } = readAnswers(printed.join('\n'), recorded)
  expect(parameters).toEqual({ 'kvm.enable_pmu': 0, 'kvm.min_timer_period_us': 200 })
})

test('what was cut off is no recording', () => {
  expect(() => readAnswers(printed.slice(0, -1).join('\n'), recorded)).toThrow(RangeError)
})
